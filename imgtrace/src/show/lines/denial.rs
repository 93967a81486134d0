//! What the person in front of the screen can do about a refused connection. Why it was refused
//! stands in the operation's error.

use crate::model::{Caller, Denial};

/// The remedy, where there is one.
pub(in crate::show) fn remedy(denial: &Denial, caller: Option<&Caller>) -> Option<String> {
    match (denial.errno.as_str(), &denial.needed_group) {
        ("EACCES", Some(group)) => {
            let user = caller
                .and_then(|caller| caller.user.as_deref())
                .unwrap_or("USER");
            Some(format!(
                "usermod -aG {group} {user} and a new login (who is in that group can become \
                 root here), or sudo"
            ))
        }
        ("EACCES", None) => Some("sudo, or another mode of the socket".to_owned()),
        ("ECONNREFUSED", _) => Some("start the daemon".to_owned()),
        ("ENOENT", _) => Some(
            "start the daemon, or say where it listens (DOCKER_HOST, --host, --address)".to_owned(),
        ),
        _ => None,
    }
}
