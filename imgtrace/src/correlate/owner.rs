//! Which request another one was made for, of all that are known.

use super::World;
use super::chain::{Chain, Inner};
use super::chains::{Chains, Reach};
use super::fit::{Fit, fit, has_its_container, may_tell_id};
use super::request::Request;
use crate::model::{Confidence, Op};
use crate::observation::RequestId;

/// A chain that a request may belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) root: RequestId,
    pub(super) belongs: Confidence,
}

impl Owner {
    /// This chain, as far as names and times tell.
    pub(super) const fn probably(root: RequestId) -> Self {
        Self {
            root,
            belongs: Confidence::Inferred,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Candidate<'a> {
    chain: &'a Chain,
    fit: Fit,
    /// Its request that fits best.
    by: &'a Request,
}

impl Candidate<'_> {
    /// This chain, by what the requests themselves say.
    const fn certainly(&self) -> Owner {
        Owner {
            root: self.chain.root.id,
            belongs: Confidence::Observed,
        }
    }
}

/// How well a request fits into a chain.
pub(super) fn fits(chain: &Chain, inner: &Request, world: &World) -> Option<Fit> {
    candidate(chain, inner, world).map(|candidate| candidate.fit)
}

fn candidate<'a>(chain: &'a Chain, inner: &Request, world: &World) -> Option<Candidate<'a>> {
    let fitting = chain.requests().filter_map(|by| {
        let fit = fit(by, chain.root.op, inner, world)?;
        // A request that is itself on behalf of another cannot skip the daemons between.
        let skips = fit == Fit::Far && chain.is_unclaimed();
        let is_taken = fit == Fit::Possible && has_its_container(by, &chain.hops, inner);
        (!skips && !is_taken).then_some(Candidate { chain, fit, by })
    });
    fitting.max_by_key(|candidate| candidate.fit)
}

fn candidates<'a>(
    chains: &'a Chains,
    inner: &'a Request,
    reach: Reach,
    world: &'a World,
) -> impl Iterator<Item = Candidate<'a>> {
    among(chains.outer_of(inner, reach), inner, reach, world)
}

fn among<'a>(
    all: impl Iterator<Item = (RequestId, &'a Chain)>,
    inner: &'a Request,
    reach: Reach,
    world: &'a World,
) -> impl Iterator<Item = Candidate<'a>> {
    let others = all.filter(|(other, _)| *other != inner.id);
    others
        .filter_map(|(_, chain)| candidate(chain, inner, world))
        .filter(move |it| match reach {
            Reach::Any => true,
            Reach::Certain => it.fit.is_certain(),
            Reach::Image => it.by.keys.share_image(&inner.keys),
        })
}

/// The chain that the chain of `root` is part of, by what the requests themselves say.
pub(super) fn certain(chains: &Chains, root: RequestId, world: &World) -> Option<Owner> {
    let inner = &chains.get(root)?.root;
    let all: Vec<_> = candidates(chains, inner, Reach::Certain, world).collect();
    let best = all.iter().map(|it| it.fit).max()?;
    let best: Vec<_> = all.into_iter().filter(|it| it.fit == best).collect();
    if best.len() > 1 && best.first().is_some_and(|it| it.fit == Fit::Trace) {
        // All requests of one client may bear one trace id.
        return None;
    }
    let (live, told): (Vec<_>, Vec<_>) = best.into_iter().partition(|it| !it.chain.is_told());
    match live.as_slice() {
        // Of those that have ended, it goes with the last.
        [] => told
            .iter()
            .max_by_key(|it| (it.by.at.mono, it.by.id))
            .map(Candidate::certainly),
        [only] => Some(only.certainly()),
        // Several clients may ask for the same of one container; each has its turn.
        several => several
            .iter()
            .min_by_key(|it| {
                let asks_other = it.by.op != inner.op;
                (
                    it.chain.has_hop_like(inner),
                    asks_other,
                    it.by.at.mono,
                    it.by.id,
                )
            })
            .map(|it| Owner::probably(it.chain.root.id)),
    }
}

/// The chain that the chain of `root` is most probably part of.
pub(super) fn probable(chains: &Chains, root: RequestId, world: &World) -> Option<Owner> {
    if let Some(owner) = certain(chains, root, world) {
        return Some(owner);
    }
    let inner = &chains.get(root)?.root;
    let owner = |it: &Candidate<'_>| Owner::probably(it.chain.root.id);
    // Whoever has no such hop yet, asked for the same, and asked first.
    let about_image = candidates(chains, inner, Reach::Image, world);
    let first = about_image.min_by_key(|it| {
        let has_one = it.chain.has_hop_like(inner);
        let asks_other = it.by.op != inner.op;
        let told = it.chain.is_told();
        (has_one, asks_other, told, it.by.at.mono, it.by.id)
    });
    if first.is_some() {
        return first.as_ref().map(owner);
    }
    let all: Vec<_> = candidates(chains, inner, Reach::Any, world).collect();
    match all.as_slice() {
        [only] => Some(owner(only)),
        traced if traced.iter().all(|it| it.fit == Fit::Trace) => {
            let first = traced.iter().min_by_key(|it| it.by.at.mono);
            first.map(owner)
        }
        _ => None,
    }
}

/// True if a request that it may be part of has not told yet what it makes.
pub(super) fn may_be_told(chains: &Chains, root: RequestId, world: &World) -> bool {
    let Some(inner) = chains.get(root).map(|chain| &chain.root) else {
        return false;
    };
    !inner.keys.ids.is_empty()
        && candidates(chains, inner, Reach::Any, world).any(|it| may_tell_id(it.by))
}

/// True if there is no other chain than `owner` that the chain of `root` may be part of.
pub(super) fn is_only(chains: &Chains, root: RequestId, owner: RequestId, world: &World) -> bool {
    let inner = chains.get(root).map(|chain| &chain.root);
    inner.is_some_and(|inner| {
        candidates(chains, inner, Reach::Any, world).all(|it| it.chain.root.id == owner)
    })
}

/// True if all chains that the chain of `root` may be part of, and there are some, are builds.
pub(super) fn is_of_some_build(chains: &Chains, root: RequestId, world: &World) -> bool {
    let inner = chains.get(root).map(|chain| &chain.root);
    inner.is_some_and(|inner| {
        let mut all = candidates(chains, inner, Reach::Any, world).peekable();
        all.peek().is_some() && all.all(|it| it.by.op == Op::Build)
    })
}

/// How many chains the chain of `root` may be part of.
pub(super) fn possible(chains: &Chains, root: RequestId, world: &World) -> usize {
    let inner = chains.get(root).map(|chain| &chain.root);
    inner.map_or(0, |inner| {
        candidates(chains, inner, Reach::Any, world).count()
    })
}

/// Other operations under way that want the image that the chain of `root` is about.
pub(super) fn others_that_pull(
    chains: &Chains,
    root: RequestId,
    owner: RequestId,
    world: &World,
) -> usize {
    let Some(inner) = chains.get(root).map(|chain| &chain.root) else {
        return 0;
    };
    candidates(chains, inner, Reach::Image, world)
        .filter(|it| it.chain.root.id != owner && !it.chain.is_told())
        .count()
}

/// True if another operation under way asked for just what the chain of `root` is about, where
/// `owner` asked for something else, and has no such hop yet.
pub(super) fn asks_better(
    chains: &Chains,
    root: RequestId,
    owner: RequestId,
    world: &World,
) -> bool {
    let Some((inner, owner)) = chains.get(root).zip(chains.get(owner)) else {
        return false;
    };
    let inner = &inner.root;
    owner.requests().all(|by| by.op != inner.op)
        && candidates(chains, inner, Reach::Image, world)
            .filter(|it| it.by.op == inner.op)
            .any(|it| !it.chain.is_told() && !it.chain.has_hop_like(inner))
}

/// Requests for the image that the chain of `root` pulls, made while it waited and part of another
/// operation: two clients that want one image have it fetched once.
pub(super) fn shared(chains: &Chains, root: RequestId, world: &World) -> Vec<Request> {
    let Some(own) = chains.get(root).filter(|own| own.root.op == Op::Pull) else {
        return Vec::new();
    };
    if own.hops.iter().any(|hop| hop.request.op == Op::Pull) {
        return Vec::new();
    }
    let fetched = |hop: &Inner| {
        own.root.leads_to(&hop.request)
            && fit(&own.root, Op::Pull, &hop.request, world) == Some(Fit::Image)
    };
    let others = chains.outer_of(&own.root, Reach::Image);
    let others = others.filter(|(other, _)| *other != root);
    let other = others
        .map(|(_, chain)| chain)
        .find(|other| other.hops.iter().any(fetched));
    let hops = other.into_iter().flat_map(|other| &other.hops);
    let pulls = hops.filter(|hop| hop.request.op == Op::Pull);
    pulls.map(|hop| hop.request.clone()).collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::all_are_found;
