//! The table of operations in the making: which request belongs to which, and what waits for when.

mod ties;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::chain::{Chain, Inner};
use super::request::Request;
use crate::model::Confidence;
use crate::observation::RequestId;
pub(super) use ties::Reach;
use ties::Ties;

/// Chains kept that have been told to the end; the oldest is forgotten when there are more.
const MAX_KEPT: usize = 2_048;

/// All operations in the making, each under the request that is its root.
#[derive(Debug, Default)]
pub(super) struct Chains {
    by_root: BTreeMap<RequestId, Chain>,
    /// Hops' requests and the roots that they belong to.
    roots: BTreeMap<RequestId, RequestId>,
    /// Hops' requests of which other chains hold a copy, and the roots of these.
    copies: BTreeSet<(RequestId, RequestId)>,
    /// Roots that may turn out to be part of another.
    unclaimed: BTreeSet<RequestId>,
    /// Roots of chains that have been told to the end, in the order in which they were.
    kept: VecDeque<RequestId>,
    /// When (ns of the monotonic clock) something is due, and for which root.
    due: BTreeSet<(u64, RequestId)>,
    ties: Ties,
}

impl Chains {
    pub(super) const fn new() -> Self {
        Self {
            by_root: BTreeMap::new(),
            roots: BTreeMap::new(),
            copies: BTreeSet::new(),
            unclaimed: BTreeSet::new(),
            kept: VecDeque::new(),
            due: BTreeSet::new(),
            ties: Ties::new(),
        }
    }

    /// How many have not been told to the end.
    pub(super) fn open_len(&self) -> usize {
        self.by_root.len().saturating_sub(self.kept.len())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RequestId, &Chain)> {
        self.by_root.iter().map(|(root, chain)| (*root, chain))
    }

    pub(super) fn get(&self, root: RequestId) -> Option<&Chain> {
        self.by_root.get(&root)
    }

    pub(super) fn get_mut(&mut self, root: RequestId) -> Option<&mut Chain> {
        self.by_root.get_mut(&root)
    }

    /// The root of the chain that a request belongs to; it may be itself.
    pub(super) fn root_of(&self, request: RequestId) -> Option<RequestId> {
        let is_root = self.by_root.contains_key(&request);
        let root = is_root.then_some(request);
        root.or_else(|| self.roots.get(&request).copied())
    }

    /// Has a request learn something; none if it is not known.
    pub(super) fn change<T>(
        &mut self,
        request: RequestId,
        learn: impl FnOnce(&mut Request) -> T,
    ) -> Option<T> {
        let root = self.root_of(request)?;
        let chain = self.by_root.get_mut(&root)?;
        let learned = chain.request_mut(request).map(learn);
        self.ties.set(chain);
        learned
    }

    /// Takes over what a chain has learned by itself.
    pub(super) fn retie(&mut self, root: RequestId) {
        if let Some(chain) = self.by_root.get(&root) {
            self.ties.set(chain);
        }
    }

    /// The chains that a request may be part of, oldest first, and some that it is no part of.
    pub(super) fn outer_of(
        &self,
        inner: &Request,
        reach: Reach,
    ) -> impl Iterator<Item = (RequestId, &Chain)> {
        let roots = self.ties.outer_of(inner, reach).into_iter();
        roots.filter_map(|root| Some((root, self.get(root)?)))
    }

    /// The chains of which a request names a container by this id, and some others.
    pub(super) fn about(&self, container: &str) -> impl Iterator<Item = &Chain> {
        let roots = self.ties.about(container).into_iter();
        roots.filter_map(|root| self.get(root))
    }

    /// The next root after that one, or the first, that waits and may be part of the chain of
    /// `outer`; some are not.
    pub(super) fn next_waiting(
        &self,
        outer: RequestId,
        reach: Reach,
        after: Option<RequestId>,
    ) -> Option<RequestId> {
        self.ties.next_waiting(self.get(outer)?, reach, after)
    }

    /// The roots that may turn out to be part of another, oldest first.
    pub(super) fn unclaimed(&self) -> Vec<RequestId> {
        self.unclaimed.iter().copied().collect()
    }

    pub(super) fn unclaimed_len(&self) -> usize {
        self.unclaimed.len()
    }

    /// The oldest that has not been told to the end.
    pub(super) fn oldest_open(&self) -> Option<RequestId> {
        let open = self.by_root.iter().find(|(_, chain)| !chain.is_told());
        open.map(|(root, _)| *root)
    }

    pub(super) fn insert(&mut self, chain: Chain) {
        let root = chain.root.id;
        if chain.is_unclaimed() {
            self.unclaimed.insert(root);
        }
        for inner in &chain.hops {
            self.roots.insert(inner.request.id, root);
        }
        self.ties.set(&chain);
        self.by_root.insert(root, chain);
    }

    pub(super) fn remove(&mut self, root: RequestId) -> Option<Chain> {
        let chain = self.by_root.remove(&root)?;
        self.ties.remove(root);
        self.unclaimed.remove(&root);
        // It is the first one, unless what it said was taken back.
        let mut kept = self.kept.iter();
        let place = chain.is_told().then(|| kept.position(|kept| *kept == root));
        if let Some(place) = place.flatten() {
            self.kept.remove(place);
        }
        if let Some(due) = chain.due {
            self.due.remove(&(due, root));
        }
        for inner in &chain.hops {
            if self.roots.get(&inner.request.id) == Some(&root) {
                self.roots.remove(&inner.request.id);
            }
            self.copies.remove(&(inner.request.id, root));
        }
        Some(chain)
    }

    /// Notes that a chain has been told to the end, and so is part of no other.
    pub(super) fn keep(&mut self, root: RequestId) {
        self.unclaimed.remove(&root);
        self.retie(root);
        self.kept.push_back(root);
        if self.kept.len() > MAX_KEPT
            && let Some(oldest) = self.kept.front().copied()
        {
            self.remove(oldest);
        }
    }

    /// Takes a request out of all chains that it is a hop of.
    pub(super) fn take_hop(&mut self, request: RequestId) {
        let copies = self
            .copies
            .range((request, RequestId(0))..=(request, RequestId(u64::MAX)));
        let copies: Vec<_> = copies.copied().collect();
        for copy in &copies {
            self.copies.remove(copy);
        }
        let holders = copies.into_iter().map(|(_, root)| root);
        for root in holders.chain(self.roots.remove(&request)) {
            if let Some(chain) = self.by_root.get_mut(&root) {
                chain.hops.retain(|inner| inner.request.id != request);
                self.ties.set(chain);
            }
        }
    }

    /// Lists a request that is a hop of another chain in this one as well.
    pub(super) fn share(&mut self, root: RequestId, hop: Inner) {
        let id = hop.request.id;
        if let Some(chain) = self.by_root.get_mut(&root)
            && chain.add(hop).is_none()
        {
            self.ties.set(chain);
            self.copies.insert((id, root));
        }
    }

    /// Makes one chain, and all that is part of it, part of another.
    pub(super) fn join(&mut self, inner: RequestId, outer: RequestId, belongs: Confidence) {
        let Some(chain) = self.remove(inner) else {
            return;
        };
        let Some(into) = self.by_root.get_mut(&outer) else {
            return;
        };
        into.merged.extend(chain.said.id());
        into.merged.extend(chain.merged);
        let root = Inner {
            request: chain.root,
            belongs,
        };
        for hop in std::iter::once(root).chain(chain.hops) {
            let id = hop.request.id;
            if into.add(hop).is_some() {
                continue;
            }
            if *self.roots.entry(id).or_insert(outer) != outer {
                self.copies.insert((id, outer));
            }
        }
        self.ties.set(into);
    }

    /// Lets [`Self::pop_due`] return a root when that time has come, and not before.
    pub(super) fn wake(&mut self, root: RequestId, mono: u64) {
        if let Some(chain) = self.by_root.get_mut(&root) {
            if let Some(before) = chain.due.replace(mono) {
                self.due.remove(&(before, root));
            }
            self.due.insert((mono, root));
        }
    }

    /// The next root for which something is due by now.
    pub(super) fn pop_due(&mut self, mono: u64) -> Option<RequestId> {
        self.due.first().filter(|(due, _)| *due <= mono)?;
        let (_, root) = self.due.pop_first()?;
        if let Some(chain) = self.by_root.get_mut(&root) {
            chain.due = None;
        }
        Some(root)
    }
}

#[cfg(test)]
mod tests;
