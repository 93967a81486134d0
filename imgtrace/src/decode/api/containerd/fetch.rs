//! Content that a client writes, until an image is made of it.
//!
//! Calls belong together that bear the same lease (containerd `pkg/leases`), or none and come over
//! the same connection.

use std::collections::{BTreeMap, BTreeSet};

use super::message::{Label, WriteContentRequest};
use crate::decode::api::rpc::Head;
use crate::model::{Basis, Op, Stamp};

/// Fetches of one connection that are followed, as dockerd has one for all its clients; the one that
/// has rested longest gives way.
const MAX_FETCHES: usize = 256;
/// Digests of one fetch that are remembered; an image has two for each platform, and its layers.
const MAX_DIGESTS: usize = 256;
/// Bytes of a digest: that of SHA-512 (OCI image-spec `descriptor.md`, Registered Algorithms).
const MAX_DIGEST: usize = "sha512:".len() + 128;
/// A fetch that rests so long is given up, in nanoseconds: no image was made of it. Between the
/// last write and that lies only unpacking.
const MAX_REST: u64 = 600 * 1_000_000_000;

/// Beginning of the label that names where content was pulled from (containerd
/// `core/remotes/docker/handler.go`).
const SOURCE_LABEL: &str = "containerd.io/distribution.source.";
/// Beginnings of a write's reference that only a fetch from a registry has (containerd
/// `core/remotes/handlers.go`, `MakeRefKey`; imports have `manifest-` too).
const REGISTRY_REFS: [&str; 2] = ["layer-", "config-"];
/// Beginning of a write's reference that only an import has (`core/images/archive/importer.go`).
const STREAM_REF: &str = "tar-";

/// What it is concluded from that a name is given to what was fetched, where the call's own headers do not say so.
const BY_DIGEST: &str =
    "its manifest was written before a part of the connection that was not seen";
/// What an import is concluded from.
const NO_SOURCE: &str = "nothing says that the content came from a registry";

/// Which calls belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    namespace: Option<String>,
    lease: Option<String>,
}

impl Key {
    /// That of a call.
    pub(super) fn of(head: &Head) -> Self {
        Self {
            namespace: head.namespace.clone(),
            lease: head.correlation.lease.clone(),
        }
    }

    /// True if the call's headers were not seen for what they are: containerd refuses a call without a namespace.
    fn is_unknown(&self) -> bool {
        self.namespace.is_none()
    }

    /// That of the calls under a lease.
    pub(super) fn of_lease(head: &Head, lease: String) -> Self {
        Self {
            namespace: head.namespace.clone(),
            lease: Some(lease),
        }
    }
}

/// The fetches of a connection.
#[derive(Debug, Default)]
pub(super) struct Fetches {
    fetches: BTreeMap<Key, Fetch>,
}

/// Content that was written.
#[derive(Debug)]
pub(super) struct Fetch {
    /// When the first write was called.
    pub(super) at: Stamp,
    /// In which namespace, if that was seen.
    pub(super) namespace: Option<String>,
    /// Bytes that were written; what was there already is not. Null where some were not seen.
    pub(super) written: Option<u64>,
    /// How it is known that anything was written.
    basis: Basis,
    last: Stamp,
    writes: u32,
    from_registry: bool,
    from_stream: bool,
    digests: BTreeSet<String>,
}

impl Fetches {
    /// A write has begun: its first message. True if another fetch had to give way, which is then
    /// known by nothing.
    pub(super) fn write(
        &mut self,
        key: Key,
        head: &Head,
        asked: &WriteContentRequest,
        at: Stamp,
    ) -> bool {
        self.give_up(at);
        let is_full = self.fetches.len() >= MAX_FETCHES && !self.fetches.contains_key(&key);
        if is_full {
            self.drop_longest_rested();
        }
        let fetch = self.fetches.entry(key).or_insert_with(|| Fetch::new(head));
        fetch.writes += 1;
        fetch.last = at;
        let begins = |prefix: &&str| asked.reference.starts_with(*prefix);
        fetch.from_registry |= REGISTRY_REFS.iter().any(begins);
        fetch.from_stream |= asked.reference.starts_with(STREAM_REF);
        if is_digest(&asked.expected) && fetch.digests.len() < MAX_DIGESTS {
            fetch.digests.insert(asked.expected.clone());
        }
        is_full
    }

    /// More was written.
    pub(super) fn wrote(&mut self, key: &Key, bytes: u64, at: Stamp) {
        if let Some(fetch) = self.fetches.get_mut(key) {
            fetch.written = fetch.written.map(|all| all.saturating_add(bytes));
            fetch.last = at;
        }
    }

    /// A write had these labels, or these were seen on content that this fetch has written.
    pub(super) fn labelled(&mut self, key: &Key, digest: Option<&str>, labels: &[Label]) {
        if let Some(fetch) = self.fetches.get_mut(key) {
            let is_own = digest.is_none_or(|digest| fetch.digests.contains(digest));
            let has_source = labels
                .iter()
                .any(|label| label.key.starts_with(SOURCE_LABEL));
            fetch.from_registry |= is_own && has_source;
        }
    }

    /// A write was none.
    pub(super) fn unwrite(&mut self, key: &Key, bytes: u64) {
        if let Some(fetch) = self.fetches.get_mut(key) {
            fetch.writes -= 1;
            fetch.written = fetch.written.map(|all| all.saturating_sub(bytes));
            if fetch.writes == 0 {
                self.fetches.remove(key);
            }
        }
    }

    /// An image with this target is made of what was written.
    pub(super) fn made_into(
        &mut self,
        key: &Key,
        target: Option<&str>,
        at: Stamp,
    ) -> Option<Fetch> {
        if !key.is_unknown() {
            return self.take(key, at);
        }
        // Behind a gap, headers name entries that were not seen.
        self.give_up(at);
        let has_written =
            |fetch: &Fetch| target.is_some_and(|digest| fetch.digests.contains(digest));
        let mut fetches = self.fetches.iter();
        let found = fetches.find(|(key, fetch)| !key.is_unknown() && has_written(fetch));
        let found = found.map(|(key, _)| key.clone());
        let Some(mut fetch) = found.and_then(|key| self.fetches.remove(&key)) else {
            return self.take(key, at);
        };
        fetch.written = None;
        fetch.basis = Basis::inferred(vec![BY_DIGEST.to_owned()]);
        Some(fetch)
    }

    /// An image is made of what was written, or nothing ever will.
    pub(super) fn take(&mut self, key: &Key, at: Stamp) -> Option<Fetch> {
        self.give_up(at);
        self.fetches.remove(key)
    }

    fn give_up(&mut self, at: Stamp) {
        self.fetches
            .retain(|_, fetch| at.mono.saturating_sub(fetch.last.mono) < MAX_REST);
    }

    fn drop_longest_rested(&mut self) {
        let rested = self.fetches.iter().min_by_key(|(_, fetch)| fetch.last.mono);
        if let Some(key) = rested.map(|(key, _)| key.clone()) {
            self.fetches.remove(&key);
        }
    }
}

/// True for `algorithm:digits`; a client may send anything.
fn is_digest(text: &str) -> bool {
    let is_hex = |(_, hex): (&str, &str)| hex.bytes().all(|b| b.is_ascii_hexdigit());
    text.len() <= MAX_DIGEST && text.split_once(':').is_some_and(is_hex)
}

impl Fetch {
    fn new(head: &Head) -> Self {
        Self {
            at: head.at,
            namespace: head.namespace.clone(),
            written: Some(0),
            basis: head.basis.clone(),
            last: head.at,
            writes: 0,
            from_registry: false,
            from_stream: false,
            digests: BTreeSet::new(),
        }
    }

    /// What it is once an image is made of it, and how that is known. An import is known by its
    /// archive; where nothing says that content came from a registry either, it is concluded.
    pub(super) fn made(&self) -> (Op, Basis) {
        if self.from_registry && !self.from_stream {
            (Op::Pull, self.basis.clone())
        } else if self.from_stream || !self.basis.is_observed() {
            (Op::Import, self.basis.clone())
        } else {
            (Op::Import, Basis::inferred(vec![NO_SOURCE.to_owned()]))
        }
    }
}
