//! Starts that were seen on the machine itself, joined with the requests that they are part of.
//!
//! A start is told once. It is part of an operation if a request was for that container at that
//! time; where none is in sight it is an operation of its own.

use super::{Moment, Operations};
use crate::correlate::chain::{Chain, Said};
use crate::correlate::daemon;
use crate::correlate::request::Request;
use crate::correlate::starts::{Daemon, Name, Run, Span, Told};
use crate::model::{
    Api, LossKind, Loss, Op, Operation, Outcome, Report, Runtime, Stamp,
};
use crate::observation::{Observation, RequestId};

/// ns that an answered request waits for what was mounted: its files are read while the daemon
/// answers. It waits only where that usually comes, and no longer than until it does.
const FACTS_WAIT: u64 = 400_000_000;

/// ns that a start waits for a request that it is part of. Requests are all but always understood
/// before what they cause.
const REQUEST_WAIT: u64 = 500_000_000;

/// ns that it waits where a client may have asked on a connection that was joined late, as
/// `WAIT_FOR_STATES` in `waiting.rs`.
const JOINED_WAIT: u64 = super::waiting::WAIT_FOR_STATES;

impl Operations {
    /// Takes in what was seen of containers on the machine itself.
    pub(super) fn seen(&mut self, what: &Observation, now: &mut Moment<'_>) {
        let Some(name) = self.starts.observe(now.at, what) else {
            return;
        };
        self.tell_lost(now);
        if matches!(what, Observation::Mounted { .. }) {
            self.name_again(now);
        }
        for root in self.unsettled.clone() {
            if !self.lacks_mount(root, now) {
                self.settled(root, false, now);
            }
        }
        if self.starts.untold(&name).is_empty() {
            return;
        }
        if self.is_commanded(&name, now) {
            self.starts_due(&name, now);
        }
        if !self.starts.untold(&name).is_empty() && !self.starts.is_woken(&name) {
            let due = now.at.mono.saturating_add(REQUEST_WAIT);
            self.starts.wake(&name, due);
        }
    }

    /// Looks up again what the requests under way call by a name: it may be known only now, or be
    /// another container's than was believed.
    fn name_again(&mut self, now: &mut Moment<'_>) {
        let open = self.chains.iter().filter(|(_, chain)| {
            !chain.is_told() && makes_start(chain.root.op) && chain.root.is_by_name()
        });
        let open: Vec<_> = open.map(|(root, _)| root).collect();
        for root in open {
            let Some(request) = self.chains.request_mut(root) else {
                continue;
            };
            if request.look_again(now.world) {
                self.find_owner(root, now);
                self.adopt(root, now);
            }
        }
    }

    /// Lets an operation that has ended wait for what was mounted for it; false if it need not.
    pub(super) fn awaits_mount(&mut self, root: RequestId, now: &Moment<'_>) -> bool {
        let Some(chain) = self.chains.get(root) else {
            return false;
        };
        let runtime = chain.root.endpoint.runtime;
        if !self.lacks_mount(root, now) {
            return false;
        }
        if !self.starts.is_worth_waiting(runtime) {
            return false;
        }
        self.unsettled.insert(root);
        let due = now.at.mono.saturating_add(FACTS_WAIT);
        self.chains.wake(root, due);
        true
    }

    /// True if an operation has worked that starts a container, and what was mounted for that is not
    /// known.
    fn lacks_mount(&self, root: RequestId, now: &Moment<'_>) -> bool {
        let Some(chain) = self.chains.get(root) else {
            return false;
        };
        let end = chain.root.end.as_ref();
        let worked = end.is_some_and(|end| end.outcome == Outcome::Ok);
        let mounts = matches!(chain.root.op, Op::Start | Op::Restart | Op::RunSandbox);
        let known = || {
            let span = span(chain, now.at);
            container_of(chain, now).is_some_and(|name| self.starts.knows_mount(&name, span))
        };
        worked && mounts && !known()
    }

    /// Tells an operation that has waited for what was mounted; `in_vain` if that has not come.
    pub(super) fn settled(&mut self, root: RequestId, in_vain: bool, now: &mut Moment<'_>) {
        self.unsettled.remove(&root);
        if let Some(chain) = self.chains.get(root) {
            self.starts.note_wait(chain.root.endpoint.runtime, in_vain);
        }
        self.conclude(root, now);
    }

    /// Completes an operation with what was seen of its container, and makes the starts that it
    /// asked for its own.
    pub(super) fn complete(
        &mut self,
        root: RequestId,
        mut operation: Operation,
        now: &mut Moment<'_>,
    ) -> Operation {
        let Some(chain) = self.chains.get(root) else {
            return operation;
        };
        let main = container_of(chain, now);
        let daemon = daemon_of(chain, now);
        operation.evidence.extend(chain.root.misbelief());
        let mut run = None;
        for (name, taken) in self.take_starts(root, now) {
            if Some(&name) == main.as_ref() {
                run = Some(taken);
            }
        }
        if let Some(name) = main {
            let world = &*now.world;
            let starts = &mut self.starts;
            starts.complete(&mut operation, &name, run.as_ref(), daemon, world);
        }
        operation
    }

    /// Makes the starts that the requests of a chain asked for part of it.
    pub(super) fn take_starts(
        &mut self,
        root: RequestId,
        now: &mut Moment<'_>,
    ) -> Vec<(Name, Run)> {
        let Some(chain) = self.chains.get(root) else {
            return Vec::new();
        };
        let span = span(chain, now.at);
        let mut names: Vec<_> = chain.requests().flat_map(started_by).collect();
        names.extend(container_of(chain, now).filter(|_| makes_start(chain.root.op)));
        names.sort_unstable();
        names.dedup();
        let mut taken = Vec::new();
        for name in names {
            let Some((run, before)) = self.starts.take(&name, span) else {
                continue;
            };
            if let Some(id) = before {
                now.out.push(Report::Withdrawn { at: now.at, id });
            }
            taken.push((name, run));
        }
        taken
    }

    /// Decides about the starts of a container that have waited for a request, and tells what has
    /// gathered of it.
    pub(super) fn starts_due(&mut self, name: &Name, now: &mut Moment<'_>) {
        let mut later = None;
        for run in self.starts.untold(name) {
            if self.starts.was_asked_for(name, &run) {
                self.starts.tell(name, run.number, Told::Asked);
            } else if let Some(due) = self.waits_until(name, &run, now) {
                later = Some(later.map_or(due, |later: u64| later.min(due)));
            } else {
                self.tell_own(name, &run, now);
            }
        }
        let gathered = self.starts.pop_gathered(name, now.at.mono);
        if let Some(operation) = gathered {
            self.say_own(operation, now);
        }
        if let Some(due) = later {
            self.starts.wake(name, due);
        }
    }

    /// When a start is to be looked at again: a request that it may be part of is under way, or may
    /// only be understood later.
    fn waits_until(&self, name: &Name, run: &Run, now: &Moment<'_>) -> Option<u64> {
        let soon = now.at.mono.saturating_add(REQUEST_WAIT);
        let mut chains = self.chains.iter();
        let is_asked_for = chains.any(|(_, chain)| {
            !chain.is_told() && asks_for(chain, name, now) && chain.root.at.mono <= soon
        });
        if is_asked_for {
            return Some(soon);
        }
        let identity = run.mount.as_ref().map(|mount| &mount.rootfs.identity);
        let joined = identity.is_some_and(|it| {
            let namespace = it.namespace.as_deref();
            let of_cri = namespace.is_none_or(|namespace| namespace == daemon::CRI_NAMESPACE);
            of_cri && now.world.has_joined_cri(it.runtime)
        });
        let until = run.at.mono.saturating_add(JOINED_WAIT);
        (joined && now.at.mono < until).then_some(until)
    }

    /// True if all starts of a container that are not told were made by a program without a daemon,
    /// which no request can have asked, and nothing more is to be seen of them.
    fn is_commanded(&self, name: &Name, now: &Moment<'_>) -> bool {
        let untold = self.starts.untold(name);
        untold.iter().all(|run| {
            let mount = run.mount.as_ref().filter(|_| run.is_complete());
            let mounter = mount.and_then(|mount| mount.mounter);
            mounter.is_some_and(|mounter| {
                let process = now.world.process(&mounter);
                let serves = now.world.serves(mounter);
                !serves && process.is_some_and(crate::correlate::starts::has_no_daemon)
            })
        })
    }

    /// Tells a start as an operation of its own, or gathers it.
    fn tell_own(&mut self, name: &Name, run: &Run, now: &mut Moment<'_>) {
        let Some(operation) = self.starts.own(name, run, now.world) else {
            self.starts.tell(name, run.number, Told::Never);
            return;
        };
        match self.starts.offer(name, operation, now.at.mono) {
            Some(operation) => {
                let is_lone = operation.count == 1;
                let id = self.say_own(operation, now);
                let told = if is_lone { Told::Own(id) } else { Told::Never };
                self.starts.tell(name, run.number, told);
            }
            None => self.starts.tell(name, run.number, Told::Gathered),
        }
    }

    /// Says that there was an operation of its own.
    pub(super) fn say_own(
        &mut self,
        operation: Operation,
        now: &mut Moment<'_>,
    ) -> crate::model::OperationId {
        let id = self.next_id();
        let operation = Operation { id, ..operation };
        now.out.push(Report::Began(Operation {
            ended_at: None,
            outcome: None,
            error: None,
            ..operation.clone()
        }));
        now.out.push(Report::Ended(operation));
        id
    }

    /// Tells what a daemon asked for on its own: at once, or with others of that container. True if
    /// it was gathered.
    pub(super) fn gathers(
        &mut self,
        root: RequestId,
        operation: &Operation,
        now: &mut Moment<'_>,
    ) -> Option<Operation> {
        let chain = self.chains.get(root)?;
        let name = container_of(chain, now)?;
        let name = self.starts.find(&name).unwrap_or(name);
        self.starts.offer(&name, operation.clone(), now.at.mono)
    }

    /// Says what was lost to a bound, and what is told before its time for that reason.
    fn tell_lost(&mut self, now: &mut Moment<'_>) {
        let (lost, told) = self.starts.take_lost();
        for operation in told {
            self.say_own(operation, now);
        }
        if lost > 0 {
            now.out.push(Report::Loss(Loss {
                at: now.at,
                what: LossKind::Table,
                endpoint: None,
                connection: None,
                records: lost,
                bytes: 0,
            }));
        }
    }

    /// Tells all starts that are not told: no more will be seen.
    pub(super) fn finish_starts(&mut self, now: &mut Moment<'_>) {
        for name in self.starts.with_untold() {
            for run in self.starts.untold(&name) {
                self.tell_own(&name, &run, now);
            }
        }
        for operation in self.starts.take_gathered() {
            self.say_own(operation, now);
        }
    }
}
