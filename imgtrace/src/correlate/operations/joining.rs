//! How requests become part of an operation.

use super::{Moment, Operations};
use crate::correlate::chain::{Chain, Inner};
use crate::correlate::chains::Reach;
use crate::correlate::fit::Fit;
use crate::correlate::owner::{self, Owner};
use crate::correlate::request::Request;
use crate::model::{Confidence, Report};
use crate::observation::RequestId;

impl Operations {
    /// Makes the chain of `root` part of the one that it says it belongs to.
    pub(super) fn find_owner(&mut self, root: RequestId, now: &mut Moment<'_>) {
        let chain = self.chains.get(root);
        if chain.is_some_and(Chain::is_unclaimed)
            && let Some(owner) = owner::certain(&self.chains, root, now.world)
        {
            self.join(root, owner, now);
        }
    }

    /// Takes in what waits and says that it belongs to the chain of a request.
    pub(super) fn adopt(&mut self, request: RequestId, now: &mut Moment<'_>) {
        let mut last = None;
        while let Some(outer) = self.chains.root_of(request)
            && let Some(waiting) = self.chains.next_waiting(outer, Reach::Certain, last)
        {
            last = Some(waiting);
            let Some((outer, inner)) = self.chains.get(outer).zip(self.chains.get(waiting)) else {
                continue;
            };
            let fit = owner::fits(outer, &inner.root, now.world);
            if fit.is_some_and(Fit::is_certain) {
                self.find_owner(waiting, now);
            }
        }
    }

    pub(super) fn join(&mut self, inner: RequestId, owner: Owner, now: &mut Moment<'_>) {
        self.chains.join(inner, owner.root, owner.belongs);
        self.say_merged(owner.root, now);
    }

    /// Says which operations are part of the one of `root`, if that has a number.
    pub(super) fn say_merged(&mut self, root: RequestId, now: &mut Moment<'_>) {
        let at = now.at;
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        if let Some(into) = chain.said.id() {
            let merged = std::mem::take(&mut chain.merged).into_iter();
            let merged = merged.map(|id| Report::Merged { at, id, into });
            now.out.extend(merged);
        }
    }

    /// Takes in what waits and is most probably part of an operation that ends; true if there was
    /// something, which may have led to more.
    pub(super) fn claim(&mut self, root: RequestId, now: &mut Moment<'_>) -> bool {
        let before = self.chains.unclaimed_len();
        let mut about_image = Vec::new();
        let mut last = None;
        while let Some(waiting) = self.chains.next_waiting(root, Reach::Any, last) {
            last = Some(waiting);
            let Some((outer, inner)) = self.chains.get(root).zip(self.chains.get(waiting)) else {
                continue;
            };
            let inner = &inner.root;
            if owner::fits(outer, inner, now.world).is_none() {
                continue;
            }
            let shares = |it: &Request| it.keys.share_image(&inner.keys);
            if outer.requests().any(shares) {
                about_image.push((inner.at.mono, waiting));
            } else if owner::is_only(&self.chains, waiting, root, now.world) {
                self.join(waiting, Owner::probably(root), now);
            }
        }
        about_image.sort_unstable();
        self.claim_images(root, &about_image, now);
        self.chains.unclaimed_len() < before
    }

    /// Takes in what waits for the image of an operation, the first one first; others that are
    /// under way and want the same image are left one each.
    fn claim_images(
        &mut self,
        root: RequestId,
        waiting: &[(u64, RequestId)],
        now: &mut Moment<'_>,
    ) {
        for (taken, (_, inner)) in waiting.iter().enumerate() {
            let Some((chain, request)) = self.chains.get(root).zip(self.chains.get(*inner)) else {
                continue;
            };
            if owner::asks_better(&self.chains, *inner, root, now.world) {
                continue;
            }
            let others = owner::others_that_pull(&self.chains, *inner, root, now.world);
            if !chain.has_hop_like(&request.root) || waiting.len() - taken > others {
                self.join(*inner, Owner::probably(root), now);
            }
        }
    }

    /// Lists what another client had the daemon fetch, if this one waited for it.
    pub(super) fn share(&mut self, root: RequestId, now: &Moment<'_>) {
        for request in owner::shared(&self.chains, root, now.world) {
            let belongs = Confidence::Inferred;
            self.chains.share(root, Inner { request, belongs });
        }
    }
}
