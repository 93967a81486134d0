//! What is mounted in another namespace than the machine's, in the machine's paths.

use crate::capture::mounts::Mount;
use crate::host::mount_tree::MountTree;
use crate::host::process;
use crate::model::Store;

/// The process whose namespace is the machine's.
const FIRST_PROCESS: u32 = 1;

/// Where a mount is on the machine, where that is another path than `viewer`, a process in its
/// namespace, sees; its store's root is put so, too. What the machine does not have stays.
pub(super) fn on_machine(viewer: u32, mount: &Mount, store: Option<&mut Store>) -> Option<String> {
    if mount.namespace == process::mount_namespace(FIRST_PROCESS) {
        return None;
    }
    let (seen, machine) = (MountTree::of(viewer)?, MountTree::of_machine()?);
    if let Some(store) = store
        && let Some(root) = seen.path_in(&store.root, &machine)
    {
        store.root = root;
    }
    let path = seen.mount_point_in(&mount.target, &machine);
    path.filter(|path| *path != mount.target)
}

#[cfg(test)]
mod tests;
