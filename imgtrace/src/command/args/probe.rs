//! `--probe NAME=KIND`.

use std::str::FromStr;

use crate::capture::mounts::Way;

/// The one capability whose way can be chosen.
const MOUNTS: &str = "mounts";

/// The way in which a capability is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum ProbeArg {
    /// How mounts are seen.
    Mounts(Way),
}

/// Why a choice cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum ProbeError {
    #[error("a probe is NAME=KIND, such as mounts=fanotify")]
    NoKind,
    #[error("'{0}' cannot be chosen: there is mounts")]
    UnknownName(String),
    #[error("'{0}' is no way to see mounts; the ways are {ways}", ways = ways())]
    UnknownKind(String),
}

impl FromStr for ProbeArg {
    type Err = ProbeError;

    fn from_str(text: &str) -> Result<Self, ProbeError> {
        let (name, kind) = text.split_once('=').ok_or(ProbeError::NoKind)?;
        if name != MOUNTS {
            return Err(ProbeError::UnknownName(name.to_owned()));
        }
        let way = Way::ALL.iter().find(|way| way.name() == kind);
        way.map(|way| Self::Mounts(*way))
            .ok_or_else(|| ProbeError::UnknownKind(kind.to_owned()))
    }
}

fn ways() -> String {
    let names: Vec<_> = Way::ALL.iter().map(|way| way.name()).collect();
    names.join(", ")
}
