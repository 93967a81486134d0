//! Who somebody is beyond one process: a docker CLI lives a tenth of a second, and the next one is
//! the same client.

use super::words;
use crate::model::{Caller, ProcessKey};

/// A program of a user at a place. Two processes of it are one client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    program: String,
    uid: u32,
    /// The pod, the container or the unit; none on a bare host.
    place: Option<String>,
}

impl Who {
    /// Who a caller is. What a plug-in of the docker CLI asks (`docker-compose`) the CLI asks.
    pub(super) fn of(caller: &Caller) -> Self {
        let program = caller.name();
        let program = match program.split_once('-') {
            Some(("docker", _)) => "docker",
            _ => program,
        };
        Self {
            program: program.to_owned(),
            uid: caller.uid,
            place: words::place(caller),
        }
    }
}

/// A caller, as sentences name it, and who it is.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) who: Who,
    /// `docker (go) in container agent`.
    pub(super) said: String,
    pub(super) process: ProcessKey,
}

impl Named {
    pub(super) fn of(caller: &Caller) -> Self {
        Self {
            who: Who::of(caller),
            said: words::caller(caller),
            process: caller.key,
        }
    }
}
