//! Why a connection was refused and what the person in front of the screen can do.

use crate::model::{Caller, Denial, Operation};

/// One sentence: the reason, then the remedy.
pub(in crate::show) fn remedy(denial: &Denial, operation: &Operation) -> String {
    let why = match denial.errno.as_str() {
        "EACCES" => no_access(denial, operation.caller.as_ref()),
        "ECONNREFUSED" => {
            "nothing listens on this socket: its daemon is down, or has left the file behind; \
             start the daemon, or remove the file"
                .to_owned()
        }
        "ENOENT" => {
            "there is no such socket: its daemon is down, or listens elsewhere (DOCKER_HOST, \
             --host, --address)"
                .to_owned()
        }
        _ => "the connection was refused".to_owned(),
    };
    let inferred = operation
        .inferred_fields
        .iter()
        .any(|field| field == "errno");
    let inferred = if inferred { " (inferred)" } else { "" };
    format!("{}{inferred}: {why}", denial.errno)
}

/// EACCES: who may connect, and how to become one of them.
fn no_access(denial: &Denial, caller: Option<&Caller>) -> String {
    let file = match &denial.socket_mode {
        Some(mode) => format!("the socket is {mode} {}; ", owner(denial)),
        None => String::new(),
    };
    match &denial.needed_group {
        Some(group) => {
            let user = caller.map_or("USER".to_owned(), user);
            format!(
                "{file}group {group} may connect: usermod -aG {group} {user} and a new login \
                 (that group can become root here), or sudo"
            )
        }
        None => format!("{file}only its owner and root may connect: use sudo"),
    }
}

/// Owner and group as far as they are known: `root:docker`.
fn owner(denial: &Denial) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
    format!(
        "{}:{}",
        part(&denial.socket_owner),
        part(&denial.socket_group)
    )
}

/// The caller's name for `usermod`, else its uid.
fn user(caller: &Caller) -> String {
    caller
        .user
        .clone()
        .unwrap_or_else(|| format!("USER (uid {})", caller.uid))
}
