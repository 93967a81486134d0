//! Starts that are operations of their own: when that is decided, and how they are told.

use super::started::{asks_for, container_of, span};
use super::{Moment, Operations, waiting};
use crate::correlate::chain::Said;
use crate::correlate::daemon;
use crate::correlate::request::Request;
use crate::correlate::starts::{self, Name, Run, Told};
use crate::model::{Loss, LossKind, Operation, OperationId, Report};
use crate::observation::RequestId;

/// ns that a start waits for a request that it is part of. Requests are all but always understood
/// before what they cause.
pub(super) const REQUEST_WAIT: u64 = 500_000_000;

/// ns that it waits where a client may have asked on a connection that was joined late.
const JOINED_WAIT: u64 = waiting::WAIT_FOR_STATES;

impl Operations {
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
        let mut chains = self.chains.about(&name.id);
        let is_asked_for = chains.any(|chain| !chain.is_told() && asks_for(chain, name));
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
    pub(super) fn is_commanded(&self, name: &Name, now: &Moment<'_>) -> bool {
        let untold = self.starts.untold(name);
        untold.iter().all(|run| {
            let mount = run.mount.as_ref().filter(|_| run.is_complete());
            let mounter = mount.and_then(|mount| mount.mounter);
            mounter.is_some_and(|mounter| {
                let process = now.world.process(&mounter);
                let serves = now.world.is_server(mounter);
                !serves && process.is_some_and(starts::has_no_daemon)
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
    pub(super) fn say_own(&mut self, operation: Operation, now: &mut Moment<'_>) -> OperationId {
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

    /// Tells what a daemon asked for on its own: at once, or with other starts of that container.
    pub(super) fn conclude_own(&mut self, root: RequestId, now: &mut Moment<'_>) {
        let reason = self.reason(root, now);
        let attribute = |request: &mut Request| request.attribute(now.world);
        self.chains.change(root, attribute);
        let Some(chain) = self.chains.get_mut(root) else {
            return;
        };
        chain.reason = reason;
        let operation = chain.operation(OperationId(0), now.world);
        let operation = self.complete(root, operation, now);
        let Some(chain) = self.chains.get(root) else {
            return;
        };
        let name = container_of(chain, now);
        let found = name.and_then(|name| self.starts.find(&name));
        let span = span(chain, now.at);
        let told = match &found {
            Some(name) => self.starts.offer(name, operation, now.at.mono),
            None => Some(operation),
        };
        let Some(operation) = told else {
            self.starts.retell(found.as_ref(), span, Told::Gathered);
            self.chains.remove(root);
            return;
        };
        let is_lone = operation.count == 1;
        let id = self.say_own(operation, now);
        if is_lone {
            self.starts.retell(found.as_ref(), span, Told::Own(id));
        }
        if let Some(chain) = self.chains.get_mut(root) {
            chain.said = Said::Ended(id);
        }
        self.say_merged(root, now);
        self.ended.insert(root, id);
        self.keep(root, now.at);
    }

    /// Says what was lost to a bound, and what is told before its time for that reason.
    pub(super) fn tell_lost(&mut self, now: &mut Moment<'_>) {
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
                if self.starts.was_asked_for(&name, &run) {
                    self.starts.tell(&name, run.number, Told::Asked);
                } else {
                    self.tell_own(&name, &run, now);
                }
            }
        }
        for operation in self.starts.take_gathered() {
            self.say_own(operation, now);
        }
    }
}
