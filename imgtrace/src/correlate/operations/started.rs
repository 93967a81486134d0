//! Starts that were seen on the machine itself, joined with the requests that they are part of.
//!
//! A start is told once. It is part of an operation if a request was for that container at that
//! time; where none is in sight it is an operation of its own.

use super::{Moment, Operations};
use crate::correlate::chain::{Chain, Said};
use crate::correlate::daemon;
use crate::correlate::request::Request;
use crate::correlate::starts::{self, Daemon, Name, Run, Span, Told};
use crate::model::{Api, Loss, LossKind, Op, Operation, OperationId, Report, Runtime, Stamp};
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
        for request in self.by_name.clone() {
            let root = self.chains.root_of(request);
            let chain = root.and_then(|root| self.chains.get(root));
            if chain.is_none_or(Chain::is_told) {
                self.by_name.remove(&request);
                continue;
            }
            let look = |request: &mut Request| request.look_again(now.world);
            if self.chains.change(request, look) == Some(true) {
                self.find_owner(request, now);
                self.adopt(request, now);
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
            if chain.root.is_start_that_worked() {
                self.starts.note_wait(runtime, false);
            }
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
        let known = || {
            let span = span(chain, now.at);
            container_of(chain, now).is_some_and(|name| self.starts.knows_mount(&name, span))
        };
        chain.root.is_start_that_worked() && !known()
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
        let chain = self.chains.get(root).filter(|_| operation.rootfs.is_some());
        let misbeliefs = chain.map(|chain| chain.root.misbeliefs(&operation.subject));
        operation.evidence.extend(misbeliefs.into_iter().flatten());
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
        names.extend(container_of(chain, now).filter(|_| chain.root.starts()));
        names.sort_unstable();
        names.dedup();
        let mut taken = Vec::new();
        for name in names {
            let Some((run, before)) = self.starts.take(&name, span) else {
                continue;
            };
            if let Some(id) = before {
                self.withdraw_own(id, now);
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
    fn is_commanded(&self, name: &Name, now: &Moment<'_>) -> bool {
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

    /// True if nobody asked for what a chain starts, and that is a pod's sandbox: its own request
    /// says so, whoever made it.
    pub(super) fn is_of_sandbox(&self, root: RequestId, now: &Moment<'_>) -> bool {
        let chain = self.chains.get(root);
        let chain = chain.filter(|chain| chain.for_others && chain.root.op == Op::Start);
        let name = chain.and_then(|chain| container_of(chain, now));
        name.is_some_and(|name| self.starts.is_sandbox(&name))
    }

    /// Lets the starts that a chain had taken wait again for the request that they are part of.
    pub(super) fn release_starts(&mut self, chain: &Chain, now: &Moment<'_>) {
        let span = span(chain, now.at);
        let main = container_of(chain, now).filter(|_| chain.root.starts());
        for name in chain.requests().flat_map(started_by).chain(main) {
            if let Some(name) = self.starts.find(&name) {
                self.starts.retell(Some(&name), span, Told::Not);
                let due = now.at.mono.saturating_add(REQUEST_WAIT);
                self.starts.wake(&name, due);
            }
        }
    }

    /// Takes back a start that was told as one of its own: it is part of what is told now.
    fn withdraw_own(&mut self, id: OperationId, now: &mut Moment<'_>) {
        now.out.push(Report::Withdrawn { at: now.at, id });
        let is_it = |(_, ended): &(&RequestId, &OperationId)| **ended == id;
        let root = self.ended.iter().find(is_it).map(|(root, _)| *root);
        if let Some(root) = root {
            self.ended.remove(&root);
            self.chains.remove(root);
        }
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

/// When a chain's client asked, and was answered; until now if it was not.
fn span(chain: &Chain, now: Stamp) -> Span {
    let end = chain.root.end.as_ref().and_then(|end| end.at);
    // What is part of it may have begun before, and end after it.
    let from = chain.requests().map(|request| request.at);
    Span {
        from: from.min_by_key(|at| at.mono).unwrap_or(chain.root.at),
        to: end.unwrap_or(now),
    }
}

/// The containers that a request starts, by their ids.
fn started_by(request: &Request) -> impl Iterator<Item = Name> + use<> {
    let namespace = request.keys.namespace.clone();
    let ids = request.starts().then(|| request.keys.ids.clone());
    let ids = ids.into_iter().flatten();
    ids.map(move |id| Name::new(&id, namespace.as_deref()))
}

/// True if a request of a chain may have started a container.
fn asks_for(chain: &Chain, name: &Name) -> bool {
    let starts = chain.requests().flat_map(started_by);
    let mut alike = starts.filter(|other| other.id == name.id);
    alike.any(|other| other.namespace.is_none() || other.namespace == name.namespace)
}

/// The container, or the sandbox, that an operation is about: as its request names it; else, where
/// that is by a name that is not known, as the requests that it caused name it.
fn container_of(chain: &Chain, now: &Moment<'_>) -> Option<Name> {
    let root = &chain.root;
    let (subject, _) = root.completed(now.world);
    let given = match root.op {
        Op::RunSandbox => subject.sandbox?,
        Op::Start | Op::Restart | Op::Create => subject.container?,
        _ => return None,
    };
    let namespace = root.keys.namespace.as_deref();
    if root.keys.ids.contains(&given) {
        return Some(Name::new(&given, namespace));
    }
    let mut named = chain.hops.iter().flat_map(|hop| started_by(&hop.request));
    let first = named.next()?;
    named.all(|other| other.id == first.id).then_some(first)
}

/// The daemon that asked for a start on its own; none for a client's request, and where that is an
/// ordinary client of another daemon.
fn daemon_of(chain: &Chain, now: &Moment<'_>) -> Option<Daemon> {
    let root = &chain.root;
    chain.reason.as_ref()?;
    let of_dockerd = daemon::is_of_dockerd(root, now.world);
    let by_client = root.correlation.by_client;
    let marks = |client| now.world.connections.marks_clients(client);
    (of_dockerd || root.api == Api::Shim).then(|| Daemon {
        process: root.client,
        runtime: of_dockerd.then_some(Runtime::Docker),
        by_client,
        unmarked: of_dockerd && !by_client && root.client.is_some_and(marks),
    })
}
