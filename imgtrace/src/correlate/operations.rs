//! From requests to operations: what is said of which, and when.
//!
//! What a client asks is said at once. What a daemon asks that has clients itself waits for the
//! request that it is part of, and is said as the daemon's own if none comes.

mod alone;
mod joining;
mod started;
mod waiting;

use std::collections::BTreeSet;

use super::World;
use super::appearances::Appearances;
use super::bounded::Bounded;
use super::chain::{Chain, Said};
use super::chains::Chains;
use super::daemon;
use super::denial;
use super::owner;
use super::request::{Begin, End, Request};
use super::retries::Retries;
use super::starts::Starts;
use crate::model::{Operation, OperationId, Report, Stamp, Subject};
use crate::observation::{Observation, RequestId};

/// Operations in the making that are kept; the oldest ends as unknown when there are more.
const MAX_OPEN: usize = 8_192;

/// Operations that have ended and can still be taken back.
const MAX_ENDED: usize = 4_096;

/// Requests to start a container by a name that are looked up again when something is mounted; the
/// oldest is not any more when there are more.
const MAX_BY_NAME: usize = 1_024;

/// What was asked for and is not settled.
#[derive(Debug)]
pub(super) struct Operations {
    chains: Chains,
    appearances: Appearances,
    retries: Retries,
    /// The latest that have ended, for when one is taken back.
    ended: Bounded<RequestId, OperationId>,
    last: u64,
    starts: Starts,
    /// Operations that have ended and wait for what was mounted for them.
    unsettled: BTreeSet<RequestId>,
    /// Requests under way to start a container that they call by a name.
    by_name: BTreeSet<RequestId>,
}

/// Where an observation finds the world, and where what it makes goes to.
struct Moment<'a> {
    at: Stamp,
    world: &'a mut World,
    out: &'a mut Vec<Report>,
}

impl Operations {
    pub(super) const fn new() -> Self {
        Self {
            chains: Chains::new(),
            appearances: Appearances::new(),
            retries: Retries::new(),
            ended: Bounded::new(MAX_ENDED),
            last: 0,
            starts: Starts::new(),
            unsettled: BTreeSet::new(),
            by_name: BTreeSet::new(),
        }
    }

    pub(super) fn observe(
        &mut self,
        at: Stamp,
        what: &Observation,
        world: &mut World,
        out: &mut Vec<Report>,
    ) {
        let now = &mut Moment { at, world, out };
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
                self.begin(&begin, now);
            }
            Observation::RequestProgress { request, subject } => {
                self.progress(*request, subject, now);
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
                self.end(*request, end, subject, now);
            }
            Observation::RequestWithdrawn { request } => self.withdraw(*request, now),
            Observation::Refused { .. } => {
                let id = self.next_id();
                let refused = denial::operation(id, at, what, now.world);
                now.out.extend(refused.map(Report::Ended));
            }
            Observation::ImageAppeared { .. } => {
                let appeared = self.appearances.observe(at, what, now.world, &self.chains);
                self.say_appeared(appeared, now);
            }
            Observation::Store { .. }
            | Observation::Mounted { .. }
            | Observation::Unmounted { .. }
            | Observation::OciRuntime { .. }
            | Observation::ContainerRuns { .. } => self.seen(what, now),
            Observation::End => self.finish(now),
            _ => {}
        }
        self.pass_time(now);
        #[cfg(test)]
        assert!(owner::all_are_found(&self.chains, now.world));
    }

    const fn next_id(&mut self) -> OperationId {
        self.last += 1;
        OperationId(self.last)
    }

    fn begin(&mut self, begin: &Begin<'_>, now: &mut Moment<'_>) {
        let id = begin.id;
        if self.chains.root_of(id).is_some() {
            self.give_up(id, now);
        }
        let request = Request::new(begin, now.world);
        let for_others = daemon::is_for_others(&request, now.world);
        if request.starts() && request.is_by_name() {
            self.by_name.insert(id);
        }
        self.chains.insert(Chain::new(request, for_others));
        self.bound_by_name();
        if for_others {
            self.wait(id, now.at);
            self.find_owner(id, now);
        } else {
            self.say(id, now);
        }
        self.adopt(id, now);
        self.keep_bounds(now);
    }

    fn progress(&mut self, id: RequestId, subject: &Subject, now: &mut Moment<'_>) {
        let tell = |request: &mut Request| request.tell(subject, now.world);
        let Some(is_news) = self.chains.change(id, tell) else {
            return;
        };
        if is_news {
            self.find_owner(id, now);
            self.adopt(id, now);
        }
        let Some(root) = self.chains.root_of(id) else {
            return;
        };
        let chain = self.chains.get_mut(root);
        if let Some(said) = chain.and_then(|chain| chain.progress(now.at, now.world)) {
            now.out.push(Report::Progress(said));
            self.chains.retie(root);
        }
    }

    fn end(&mut self, id: RequestId, end: End, subject: &Subject, now: &mut Moment<'_>) {
        let appearances = &mut self.appearances;
        let ends = |request: &mut Request| {
            let is_first = request.end.is_none();
            if is_first {
                request.end(end, subject, now.world);
                appearances.ended(now.at, request);
            }
            is_first
        };
        if self.chains.change(id, ends) != Some(true) {
            return;
        }
        self.find_owner(id, now);
        self.adopt(id, now);
        match self.chains.get(id).map(|chain| chain.for_others) {
            Some(true) => self.wait(id, now.at),
            Some(false) if self.awaits_mount(id, now) => {}
            Some(false) => self.conclude(id, now),
            None => {}
        }
    }

    /// Says that an operation has begun.
    fn say(&mut self, root: RequestId, now: &mut Moment<'_>) {
        let id = self.next_id();
        let reason = self.reason(root, now);
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        chain.said = Said::Began(id);
        chain.retry_of = self.retries.first_of(&chain.root);
        chain.reason = reason;
        let end = chain.root.end.take();
        now.out.push(Report::Began(chain.operation(id, now.world)));
        chain.root.end = end;
        self.say_merged(root, now);
    }

    /// Why a daemon's request is an operation of its own; none for a client's.
    fn reason(&self, root: RequestId, now: &Moment<'_>) -> Option<String> {
        let chain = self.chains.get(root).filter(|chain| chain.for_others)?;
        let possible = owner::possible(&self.chains, root, now.world);
        Some(daemon::reason(&chain.root, possible, now.world))
    }

    /// Says how an operation ended, with what is part of it, and keeps it for what comes late.
    fn conclude(&mut self, root: RequestId, now: &mut Moment<'_>) {
        if self.chains.get(root).is_none_or(Chain::is_told) {
            return;
        }
        while self.claim(root, now) {}
        self.share(root, now);
        let unsaid = self.chains.get(root);
        if let Some(chain) = unsaid.filter(|chain| chain.said == Said::Nothing) {
            let is_a_step = || owner::is_of_some_build(&self.chains, root, now.world);
            if daemon::is_silent(&chain.root, now.world, is_a_step) || self.is_of_sandbox(root, now)
            {
                self.take_starts(root, now);
                self.chains.remove(root);
                return;
            }
            if chain.for_others && daemon::is_brief(&chain.root, now.world) {
                self.conclude_own(root, now);
                return;
            }
            self.say(root, now);
        }
        let attribute = |request: &mut Request| request.attribute(now.world);
        self.chains.change(root, attribute);
        let Some(chain) = self.chains.get(root) else {
            return;
        };
        let Said::Began(id) = chain.said else {
            return;
        };
        let operation = chain.operation(id, now.world);
        let operation = self.complete(root, operation, now);
        now.out.push(Report::Ended(operation));
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        chain.said = Said::Ended(id);
        self.retries.note(&chain.root, id, chain.retry_of);
        self.ended.insert(root, id);
        self.keep(root, now.at);
    }

    /// Says what nobody was seen to ask for.
    fn say_appeared(&mut self, appeared: Option<Operation>, now: &mut Moment<'_>) {
        if let Some(appeared) = appeared {
            let id = self.next_id();
            now.out.push(Report::Ended(Operation { id, ..appeared }));
        }
    }

    /// Takes back what was said of a request; what was part of it is looked at again.
    fn withdraw(&mut self, id: RequestId, now: &mut Moment<'_>) {
        let at = now.at;
        let known = self.ended.remove(&id);
        if let Some(known) = known {
            self.retries.forget(known);
        }
        self.chains.take_hop(id);
        let Some(chain) = self.chains.remove(id) else {
            now.out.extend(known.map(|id| Report::Withdrawn { at, id }));
            return;
        };
        self.release_starts(&chain, now);
        let said = chain.said.id();
        now.out.extend(said.map(|id| Report::Withdrawn { at, id }));
        for inner in chain.hops {
            let id = inner.request.id;
            if self.chains.root_of(id).is_none() {
                self.chains.insert(Chain::new(inner.request, true));
                self.wait(id, at);
                self.find_owner(id, now);
            }
        }
    }
}

#[cfg(test)]
mod tests;
