//! One hook per file, named after it.

mod connect_unix;
mod consume_skb;
mod kfree_skb;
mod sched_process_exec;
mod task_file;
mod vfs_create_mount;
