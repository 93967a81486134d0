//! How far up a chain of processes says who asked.
//!
//! A chain ends with the process that set its session, service or container going: whatever is
//! above that started the machine and asked for nothing. That process is the last one kept:
//!
//! * the shim or monitor of a container,
//! * the ssh or login daemon of a session,
//! * systemd, as the system's (pid 1) or a user's manager.

use crate::model::Ancestor;

/// `task_struct.comm` of what stands between a container's first process and the runtime; cut to
/// 15 bytes as the kernel does (`containerd-shim-runc-v2`), so these are beginnings.
const CONTAINER_MONITORS: [&str; 2] = ["containerd-shim", "conmon"];

/// Beginnings of the comm of what opens a session: OpenSSH's `sshd`, `sshd-session` and
/// `sshd-auth`, Dropbear, and login(1).
const SESSION_LEADERS: [&str; 3] = ["sshd", "dropbear", "login"];

/// The part of a chain that belongs to one session, service or container, parent first.
pub(crate) fn up_to_boundary(ancestors: &[Ancestor]) -> Vec<Ancestor> {
    let inside = ancestors.iter().position(is_boundary);
    let kept = inside.map_or(ancestors.len(), |last| last + 1);
    ancestors.iter().take(kept).cloned().collect()
}

fn is_boundary(ancestor: &Ancestor) -> bool {
    let comm = ancestor.comm.as_str();
    ancestor.key.pid == 1
        || comm == "systemd"
        || CONTAINER_MONITORS
            .iter()
            .any(|known| comm.starts_with(known))
        || is_session_leader(comm)
}

fn is_session_leader(comm: &str) -> bool {
    SESSION_LEADERS.iter().any(|known| comm.starts_with(known))
}

/// True if a chain came in by ssh.
pub(crate) fn is_below_sshd(ancestors: &[Ancestor]) -> bool {
    ancestors
        .iter()
        .any(|ancestor| ancestor.comm.starts_with("sshd"))
}

#[cfg(test)]
mod tests;
