//! From requests to operations: which is one, which is part of one, and when that is said.
//!
//! What a client asks is said at once. What a daemon asks that has clients itself waits for the
//! request that it is part of, and is said as the daemon's own if none comes.

use super::World;
use super::bounded::Bounded;
use super::chain::{Chain, Inner, Said};
use super::chains::Chains;
use super::daemon;
use super::denial;
use super::fit::Fit;
use super::owner::{self, Owner};
use super::request::{Begin, End, Request};
use super::retries::Retries;
use crate::model::{Confidence, OperationId, Report, Stamp, Subject};
use crate::observation::{Observation, RequestId};

/// Operations in the making that are kept; the oldest ends as unknown when there are more.
const MAX_OPEN: usize = 8_192;

/// Those of them that may turn out to be part of another; the oldest is decided when there are more.
const MAX_UNCLAIMED: usize = 1_024;

/// Operations that were guessed and have ended, kept for when the guess is taken back.
const MAX_GUESSED: usize = 4_096;

/// ns that a daemon's request waits for the one that it is part of: from its begin until it is said
/// to have begun, and from its end until it is said to have ended. A request that is part of
/// another is all but always understood after it; what comes late are outer requests whose method
/// is concluded from their answer, and their answer is the next thing that happens.
const WAIT: u64 = 500_000_000;

/// ns that it waits at most where a request is under way that will tell the id that decides: a
/// sandbox' id stands in the answer alone.
const WAIT_FOR_ID: u64 = 10_000_000_000;

/// ns that an operation is kept after its end, for what is part of it and is understood later.
const KEEP: u64 = 1_000_000_000;

/// What was asked for and is not settled.
#[derive(Debug)]
pub(super) struct Operations {
    chains: Chains,
    retries: Retries,
    guessed: Bounded<RequestId, OperationId>,
    last: u64,
}

impl Operations {
    pub(super) const fn new() -> Self {
        Self {
            chains: Chains::new(),
            retries: Retries::new(),
            guessed: Bounded::new(MAX_GUESSED),
            last: 0,
        }
    }

    pub(super) fn observe(
        &mut self,
        at: Stamp,
        what: &Observation,
        world: &mut World,
        out: &mut Vec<Report>,
    ) {
        match what {
            Observation::RequestBegan {
                request,
                connection,
                api,
                op,
                subject,
                began,
                basis,
                correlation,
            } => {
                let begin = Begin {
                    id: *request,
                    at: began.unwrap_or(at),
                    connection: *connection,
                    api: *api,
                    op: *op,
                    subject,
                    basis,
                    correlation,
                };
                self.begin(at, begin, world, out);
            }
            Observation::RequestProgress { request, subject } => {
                self.progress(at, *request, subject, world, out);
            }
            Observation::RequestEnded {
                request,
                outcome,
                error,
                subject,
            } => {
                let end = End {
                    at: Some(at),
                    outcome: *outcome,
                    error: error.clone(),
                };
                self.end(at, *request, end, subject, world, out);
            }
            Observation::RequestWithdrawn { request } => {
                self.withdraw(at, *request, world, out);
            }
            Observation::Refused { .. } => {
                let id = self.next_id();
                out.extend(denial::operation(id, at, what, world).map(Report::Ended));
            }
            Observation::End => self.finish(at, world, out),
            _ => {}
        }
        self.pass_time(at, world, out);
    }

    const fn next_id(&mut self) -> OperationId {
        self.last += 1;
        OperationId(self.last)
    }

    fn begin(&mut self, at: Stamp, begin: Begin<'_>, world: &mut World, out: &mut Vec<Report>) {
        if self.chains.root_of(begin.id).is_some() {
            self.give_up(at, begin.id, world, out);
        }
        let request = Request::new(begin, world);
        let id = request.id;
        let for_others = daemon::is_for_others(&request, world);
        self.chains.insert(Chain::new(request, for_others));
        if for_others {
            self.chains.wake(id, at.mono + WAIT);
            self.find_owner(at, id, world, out);
        } else {
            self.say(at, id, world, out);
        }
        self.adopt(at, id, world, out);
        self.keep_bounds(at, world, out);
    }

    fn progress(
        &mut self,
        at: Stamp,
        id: RequestId,
        subject: &Subject,
        world: &mut World,
        out: &mut Vec<Report>,
    ) {
        let Some(request) = self.chains.request_mut(id) else {
            return;
        };
        if request.tell(subject, world) {
            self.find_owner(at, id, world, out);
            self.adopt(at, id, world, out);
        }
        let root = self.chains.root_of(id);
        let chain = root.and_then(|root| self.chains.get_mut(root));
        let said = chain.and_then(|chain| chain.progress(at, world));
        out.extend(said.map(Report::Progress));
    }

    fn end(
        &mut self,
        at: Stamp,
        id: RequestId,
        end: End,
        subject: &Subject,
        world: &mut World,
        out: &mut Vec<Report>,
    ) {
        let Some(request) = self.chains.request_mut(id) else {
            return;
        };
        if request.end.is_some() {
            return;
        }
        request.end(end, subject, world);
        self.find_owner(at, id, world, out);
        self.adopt(at, id, world, out);
        let Some(chain) = self.chains.get(id) else {
            return;
        };
        if chain.for_others {
            self.chains.wake(id, at.mono + WAIT);
        } else {
            self.conclude(at, id, world, out);
        }
    }

    /// Makes the chain of `root` part of the one that it says it belongs to.
    fn find_owner(&mut self, at: Stamp, root: RequestId, world: &World, out: &mut Vec<Report>) {
        let chain = self.chains.get(root);
        if chain.is_some_and(Chain::is_unclaimed)
            && let Some(owner) = owner::certain(&self.chains, root, world)
        {
            self.join(at, root, owner, out);
        }
    }

    /// Takes in what waits and says that it belongs to the chain of a request.
    fn adopt(&mut self, at: Stamp, request: RequestId, world: &World, out: &mut Vec<Report>) {
        for waiting in self.chains.unclaimed() {
            let outer = self.chains.root_of(request);
            let fits = |outer| owner::fits(outer, &self.chains.get(waiting)?.root, world);
            let outer = outer.filter(|outer| *outer != waiting);
            let fit = outer.and_then(|outer| fits(self.chains.get(outer)?));
            if fit.is_some_and(Fit::is_certain) {
                self.find_owner(at, waiting, world, out);
            }
        }
    }

    fn join(&mut self, at: Stamp, inner: RequestId, owner: Owner, out: &mut Vec<Report>) {
        self.chains.join(inner, owner.root, owner.belongs);
        self.say_merged(at, owner.root, out);
    }

    /// Says which operations are part of the one of `root`, if that has a number.
    fn say_merged(&mut self, at: Stamp, root: RequestId, out: &mut Vec<Report>) {
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        if let Some(into) = chain.said.id() {
            let merged = std::mem::take(&mut chain.merged).into_iter();
            out.extend(merged.map(|id| Report::Merged { at, id, into }));
        }
    }

    /// Says that an operation has begun.
    fn say(&mut self, at: Stamp, root: RequestId, world: &World, out: &mut Vec<Report>) {
        let id = self.next_id();
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        chain.said = Said::Began(id);
        chain.retry_of = self.retries.first_of(&chain.root);
        if chain.for_others {
            chain.reason = Some(daemon::reason(&chain.root, world));
        }
        let end = chain.root.end.take();
        out.push(Report::Began(chain.operation(id, world)));
        chain.root.end = end;
        self.say_merged(at, root, out);
    }

    /// Says how an operation ended, with what is part of it, and keeps it for what comes late.
    fn conclude(&mut self, at: Stamp, root: RequestId, world: &World, out: &mut Vec<Report>) {
        let before = |chain: &Chain| matches!(chain.said, Said::Ended(_));
        if self.chains.get(root).is_none_or(before) {
            return;
        }
        while self.claim(at, root, world, out) {}
        self.share(root, world);
        let Some(chain) = self.chains.get(root) else {
            return;
        };
        if chain.said == Said::Nothing {
            if daemon::is_silent(&chain.root, world) {
                self.chains.remove(root);
                return;
            }
            self.say(at, root, world, out);
        }
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        let Said::Began(id) = chain.said else {
            return;
        };
        chain.root.attribute(world);
        out.push(Report::Ended(chain.operation(id, world)));
        chain.said = Said::Ended(id);
        self.retries.note(&chain.root, id, chain.retry_of);
        if chain.root.basis.confidence != Confidence::Observed {
            self.guessed.insert(root, id);
        }
        self.chains.settle(root);
        self.chains.wake(root, at.mono + KEEP);
    }

    /// Takes in what waits and is most probably part of an operation that ends; true if there was
    /// something, which may have led to more.
    fn claim(&mut self, at: Stamp, root: RequestId, world: &World, out: &mut Vec<Report>) -> bool {
        let before = self.chains.unclaimed_len();
        let mut about_image = Vec::new();
        for waiting in self.chains.unclaimed() {
            let (Some(outer), Some(inner)) = (self.chains.get(root), self.chains.get(waiting))
            else {
                continue;
            };
            let inner = &inner.root;
            if waiting == root || owner::fits(outer, inner, world).is_none() {
                continue;
            }
            let shares = |it: &Request| it.keys.share_image(&inner.keys);
            if outer.requests().any(shares) {
                about_image.push((inner.at.mono, waiting));
            } else if owner::rivals(&self.chains, waiting, root, Fit::Possible, world) == 0 {
                self.join(at, waiting, Owner::probably(root), out);
            }
        }
        about_image.sort_unstable();
        let mut left = about_image.len();
        for (_, waiting) in about_image {
            // Others that want the same image are left one each.
            let rivals = owner::rivals(&self.chains, waiting, root, Fit::Image, world);
            let has_one = match (self.chains.get(root), self.chains.get(waiting)) {
                (Some(outer), Some(inner)) => outer.has_image_hop(&inner.root),
                _ => continue,
            };
            if !has_one || left > rivals {
                self.join(at, waiting, Owner::probably(root), out);
            }
            left -= 1;
        }
        self.chains.unclaimed_len() < before
    }

    /// A pull without one of its own was waiting for what another client had the daemon fetch.
    fn share(&mut self, root: RequestId, world: &World) {
        let shared = owner::shared(&self.chains, root, world);
        if let Some(chain) = self.chains.get_mut(root) {
            for request in shared {
                chain.add(Inner {
                    request,
                    belongs: Confidence::Inferred,
                });
            }
        }
    }

    /// Takes back what was said of a request; what was part of it is looked at again.
    fn withdraw(&mut self, at: Stamp, id: RequestId, world: &World, out: &mut Vec<Report>) {
        let known = self.guessed.remove(&id);
        let Some(chain) = self.chains.remove(id) else {
            self.chains.take_hop(id);
            out.extend(known.map(|id| Report::Withdrawn { at, id }));
            return;
        };
        let said = chain.said.id();
        out.extend(said.map(|id| Report::Withdrawn { at, id }));
        for inner in chain.hops {
            let id = inner.request.id;
            if self.chains.root_of(id).is_some() {
                continue;
            }
            self.chains.insert(Chain::new(inner.request, true));
            self.chains.wake(id, at.mono + WAIT);
            self.find_owner(at, id, world, out);
        }
    }

    /// Decides what has waited for long enough, and forgets what was kept for long enough.
    fn pass_time(&mut self, at: Stamp, world: &World, out: &mut Vec<Report>) {
        while let Some((due, root)) = self.chains.pop_due(at.mono) {
            let Some(chain) = self.chains.get(root) else {
                continue;
            };
            match chain.said {
                Said::Ended(_) => {
                    self.chains.remove(root);
                }
                Said::Nothing | Said::Began(_) => self.decide(at, due, root, world, out),
            }
        }
    }

    /// Decides about a daemon's request that has waited for its owner.
    fn decide(
        &mut self,
        at: Stamp,
        due: u64,
        root: RequestId,
        world: &World,
        out: &mut Vec<Report>,
    ) {
        let Some(chain) = self.chains.get(root) else {
            return;
        };
        let since = chain.root.end.as_ref().and_then(|end| end.at);
        let since = since.unwrap_or(chain.root.at);
        if at.mono < since.mono + WAIT_FOR_ID && owner::may_be_told(&self.chains, root, world) {
            self.chains.wake(root, due.max(at.mono) + WAIT);
            return;
        }
        if let Some(owner) = owner::probable(&self.chains, root, world) {
            self.join(at, root, owner, out);
        } else if chain.is_over() {
            self.conclude(at, root, world, out);
        } else if chain.said == Said::Nothing && !daemon::is_brief(&chain.root, world) {
            self.say(at, root, world, out);
        }
    }

    /// Ends an operation whose end will not be seen.
    fn give_up(&mut self, at: Stamp, id: RequestId, world: &World, out: &mut Vec<Report>) {
        if let Some(chain) = self.chains.get_mut(id) {
            if !chain.is_over() {
                chain.root.end = Some(End::UNSEEN);
            }
            self.conclude(at, id, world, out);
        }
        self.chains.remove(id);
        self.chains.take_hop(id);
    }

    fn keep_bounds(&mut self, at: Stamp, world: &World, out: &mut Vec<Report>) {
        if self.chains.unclaimed_len() > MAX_UNCLAIMED
            && let Some(oldest) = self.chains.unclaimed().first()
        {
            self.give_up(at, *oldest, world, out);
        }
        if self.chains.len() > MAX_OPEN
            && let Some(oldest) = self.chains.first()
        {
            self.give_up(at, oldest, world, out);
        }
    }

    /// Ends whatever is not settled: no more will be seen of it. Clients' operations come first,
    /// because what daemons asked may be part of them.
    fn finish(&mut self, at: Stamp, world: &World, out: &mut Vec<Report>) {
        let all = || self.chains.iter();
        let of_clients = all().filter(|(_, chain)| !chain.for_others);
        let of_clients: Vec<_> = of_clients.map(|(root, _)| root).collect();
        for root in of_clients {
            self.give_up(at, root, world, out);
        }
        for root in self.chains.unclaimed() {
            if let Some(owner) = owner::probable(&self.chains, root, world) {
                self.join(at, root, owner, out);
            }
        }
        for root in self.chains.unclaimed() {
            self.give_up(at, root, world, out);
        }
    }
}

#[cfg(test)]
mod tests;
