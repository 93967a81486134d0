//! Where to look for the chains that a request may be part of, and for those that may be part of it:
//! by what two requests have in common if one was made for the other.
//!
//! It leads to all that fit and to some that do not; whether they do is `fit`'s to say.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::ops::Bound;

use crate::correlate::chain::Chain;
use crate::correlate::pod::bare;
use crate::correlate::request::Request;
use crate::model::{Calling, ProcessKey};
use crate::observation::RequestId;

/// How well what is looked for has to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::correlate) enum Reach {
    /// In any way.
    Any,
    /// By what the requests themselves say, see `Fit::is_certain`.
    Certain,
    /// By an image that both name, among other things.
    Image,
}

/// What the outer request offers and the inner one wants.
#[derive(Hash)]
enum Tie<'a> {
    /// The daemon that was asked is the one that asks.
    Daemon(ProcessKey),
    /// The same, where a container is called by what may be the beginning of an id.
    ShortId(ProcessKey),
    /// A container, or the sandbox that it is in.
    Container(&'a str),
    Exec(&'a str),
    Trace(&'a str),
    PodByUid(String),
    PodByName(Option<&'a str>, Option<&'a str>),
    Image(&'a str),
}

impl Tie<'_> {
    const fn is_within(&self, reach: Reach) -> bool {
        match reach {
            Reach::Any => matches!(self, Self::Daemon(_) | Self::Container(_)),
            Reach::Certain => !matches!(self, Self::Daemon(_) | Self::Image(_)),
            Reach::Image => matches!(self, Self::Image(_)),
        }
    }

    /// It in 64 bits. Two that share them by accident only make a look in vain.
    fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// What a request has in common with one that is made for it.
fn offers(outer: &Request) -> impl Iterator<Item = Tie<'_>> {
    let keys = &outer.keys;
    let by_short_id = outer.api.calling() == Calling::ByShortId && keys.unresolved.is_some();
    let pod = keys.pod.as_ref().map(|pod| match &pod.uid {
        Some(uid) => Tie::PodByUid(bare(uid)),
        None => Tie::PodByName(pod.namespace.as_deref(), pod.name.as_deref()),
    });
    let trace = outer.correlation.trace.as_deref();
    let short = outer.server.filter(|_| by_short_id);
    let ids = keys.ids.iter().map(String::as_str);
    let images = keys.images.iter().map(String::as_str);
    (outer.server.map(Tie::Daemon).into_iter())
        .chain(short.map(Tie::ShortId))
        .chain(ids.map(Tie::Container))
        .chain(keys.exec.as_deref().map(Tie::Exec))
        .chain(trace.map(Tie::Trace))
        .chain(pod)
        .chain(images.map(Tie::Image))
}

/// What a request has in common with the one that it is made for.
fn wants(inner: &Request) -> impl Iterator<Item = Tie<'_>> {
    let keys = &inner.keys;
    let pod = keys.kubernetes.as_ref().map(|named| &named.pod);
    let uid = pod.and_then(|pod| pod.uid.as_deref()).map(bare);
    let name = pod.map(|pod| Tie::PodByName(pod.namespace.as_deref(), pod.name.as_deref()));
    let trace = inner.correlation.trace.as_deref();
    let ids = keys.ids.iter().chain(&keys.sandbox).map(String::as_str);
    let images = keys.images.iter().map(String::as_str);
    (inner.client.map(Tie::Daemon).into_iter())
        .chain(inner.client.map(Tie::ShortId))
        .chain(ids.map(Tie::Container))
        .chain(keys.exec.as_deref().map(Tie::Exec))
        .chain(trace.map(Tie::Trace))
        .chain(uid.map(Tie::PodByUid))
        .chain(name)
        .chain(images.map(Tie::Image))
}

/// Chains by what they have in common with others. It is as large as the chains that it is told of.
#[derive(Debug, Default)]
pub(super) struct Ties {
    offered: BTreeSet<(u64, RequestId)>,
    /// Of the roots that wait for the one that they are part of.
    wanted: BTreeSet<(u64, RequestId)>,
    /// What stands above of each chain.
    of: BTreeMap<RequestId, Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    offered: BTreeSet<u64>,
    wanted: BTreeSet<u64>,
}

impl Ties {
    pub(super) const fn new() -> Self {
        Self {
            offered: BTreeSet::new(),
            wanted: BTreeSet::new(),
            of: BTreeMap::new(),
        }
    }

    /// Takes over what a chain has by now.
    pub(super) fn set(&mut self, chain: &Chain) {
        let root = chain.root.id;
        let wanted = chain.is_unclaimed().then(|| wants(&chain.root));
        let new = Numbers {
            offered: chain
                .requests()
                .flat_map(offers)
                .map(|it| it.number())
                .collect(),
            wanted: wanted.into_iter().flatten().map(|it| it.number()).collect(),
        };
        let old = self.of.entry(root).or_default();
        renew(&mut self.offered, root, &old.offered, &new.offered);
        renew(&mut self.wanted, root, &old.wanted, &new.wanted);
        *old = new;
    }

    pub(super) fn remove(&mut self, root: RequestId) {
        let old = self.of.remove(&root).unwrap_or_default();
        let none = BTreeSet::new();
        renew(&mut self.offered, root, &old.offered, &none);
        renew(&mut self.wanted, root, &old.wanted, &none);
    }

    /// The chains that a request may be part of, oldest first.
    pub(super) fn outer_of(&self, inner: &Request, reach: Reach) -> Vec<RequestId> {
        let ties = wants(inner).filter(|tie| tie.is_within(reach));
        let mut found: Vec<_> = ties
            .flat_map(|tie| {
                let number = tie.number();
                let all = (number, RequestId(0))..=(number, RequestId(u64::MAX));
                self.offered.range(all).map(|(_, root)| *root)
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// The chains that offer a container.
    pub(super) fn about(&self, container: &str) -> Vec<RequestId> {
        let number = Tie::Container(container).number();
        let all = (number, RequestId(0))..=(number, RequestId(u64::MAX));
        self.offered.range(all).map(|(_, root)| *root).collect()
    }

    /// The next chain after that one, or the first, that waits and may be part of another.
    pub(super) fn next_waiting(
        &self,
        outer: &Chain,
        reach: Reach,
        after: Option<RequestId>,
    ) -> Option<RequestId> {
        let ties = outer.requests().flat_map(offers);
        let ties = ties.filter(|tie| tie.is_within(reach));
        let next = ties.filter_map(|tie| {
            let number = tie.number();
            let from = match after {
                Some(after) => Bound::Excluded((number, after)),
                None => Bound::Included((number, RequestId(0))),
            };
            let to = Bound::Included((number, RequestId(u64::MAX)));
            let mut rest = self.wanted.range((from, to)).map(|(_, root)| *root);
            rest.find(|root| *root != outer.root.id)
        });
        next.min()
    }
}

/// Makes the numbers of a chain the new ones.
fn renew(
    all: &mut BTreeSet<(u64, RequestId)>,
    root: RequestId,
    old: &BTreeSet<u64>,
    new: &BTreeSet<u64>,
) {
    for gone in old.difference(new) {
        all.remove(&(*gone, root));
    }
    for added in new.difference(old) {
        all.insert((*added, root));
    }
}
