//! What a store holds in all, and who keeps images there.

use serde::{Deserialize, Serialize};

use super::ProcessKey;

/// A daemon that keeps its images in a store. A store that nobody uses is a leftover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreUser {
    /// The daemon.
    pub process: ProcessKey,
    /// How that is known, a sentence: `its command line says --root /var/lib/…`.
    pub evidence: String,
}

/// A store's books at one moment, without the images themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Images that it holds.
    pub images: u64,
    /// Containers that it has root file systems for, running or not; null where that was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<u64>,
    /// Bytes that its images' layers take unpacked, each layer once.
    pub unpacked: u64,
    /// Bytes of the archives that its images came as and that are kept, each once.
    pub packed: u64,
    /// When something was last written in it, as far as its books tell: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<u64>,
    /// What could not be read or was left out, a sentence each. Empty if this is all there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Listing {
    /// What is wrong with a store that is gone, behind what it was.
    const IS_GONE: &str = " is not there any more";

    /// That of a store which was removed: `what` is its path, or its part of a root that stays.
    pub fn of_gone(what: &str) -> Self {
        Self {
            problems: vec![format!("{what}{}", Self::IS_GONE)],
            ..Self::default()
        }
    }

    /// True if there is nothing in the store, as far as all of it could be read.
    pub fn is_empty(&self) -> bool {
        let nothing = self.images == 0 && self.containers.unwrap_or(0) == 0;
        nothing && self.unpacked == 0 && self.packed == 0 && self.problems.is_empty()
    }

    /// True if the store was removed.
    pub fn is_of_gone(&self) -> bool {
        let is_gone = |problem: &String| problem.ends_with(Self::IS_GONE);
        self.images == 0 && self.problems.iter().any(is_gone)
    }
}
