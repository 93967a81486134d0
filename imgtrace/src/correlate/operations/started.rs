//! Starts that were seen on the machine itself, joined with the requests that they are part of.
//!
//! A start is told once. It is part of an operation if a request was for that container at that
//! time; where none is in sight it is an operation of its own.

use super::alone::REQUEST_WAIT;
use super::{MAX_BY_NAME, Moment, Operations};
use crate::correlate::chain::Chain;
use crate::correlate::daemon;
use crate::correlate::request::Request;
use crate::correlate::starts::{Daemon, Name, Run, Span, Told};
use crate::model::{Api, Op, Operation, OperationId, Outcome, Report, Runtime, Stamp};
use crate::observation::{Observation, RequestId};

impl Operations {
    /// Takes in what was seen of containers on the machine itself.
    pub(super) fn seen(&mut self, what: &Observation, now: &mut Moment<'_>) {
        let Some(name) = self.starts.observe(now.at, what) else {
            return;
        };
        self.tell_lost(now);
        if let Observation::Mounted {
            rootfs, already, ..
        } = what
        {
            self.name_again(now);
            if !already {
                self.starts.note_wait(rootfs.identity.runtime, false);
            }
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
        self.forget_told_names();
        for request in self.by_name.clone() {
            let look = |request: &mut Request| request.look_again(now.world);
            if self.chains.change(request, look) == Some(true) {
                self.find_owner(request, now);
                self.adopt(request, now);
            }
        }
    }

    /// Forgets requests by a name whose operation has been told.
    fn forget_told_names(&mut self) {
        let chains = &self.chains;
        self.by_name.retain(|request| {
            let root = chains.root_of(*request);
            let chain = root.and_then(|root| chains.get(root));
            chain.is_some_and(|chain| !chain.is_told())
        });
    }

    /// Keeps the requests by a name within their bound, also where nothing is ever seen mounted.
    pub(super) fn bound_by_name(&mut self) {
        if self.by_name.len() > MAX_BY_NAME {
            self.forget_told_names();
        }
        if self.by_name.len() > MAX_BY_NAME {
            self.by_name.pop_first();
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
        let Some(patience) = self.starts.patience(runtime) else {
            return false;
        };
        self.unsettled.insert(root);
        self.chains.wake(root, now.at.mono.saturating_add(patience));
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
    pub(super) fn withdraw_own(&mut self, id: OperationId, now: &mut Moment<'_>) {
        now.out.push(Report::Withdrawn { at: now.at, id });
        let is_it = |(_, ended): &(&RequestId, &OperationId)| **ended == id;
        let root = self.ended.iter().find(is_it).map(|(root, _)| *root);
        if let Some(root) = root {
            self.ended.remove(&root);
            self.chains.remove(root);
        }
    }
}

/// When a chain's client asked, and was answered; until now if it was not.
pub(super) fn span(chain: &Chain, now: Stamp) -> Span {
    let end = chain.root.end.as_ref();
    let failed = end.is_some_and(|end| end.outcome == Outcome::Error);
    let end = end.and_then(|end| end.at);
    // What is part of it may have begun before, and end after it.
    let from = chain.requests().map(|request| request.at);
    Span {
        from: from.min_by_key(|at| at.mono).unwrap_or(chain.root.at),
        to: end.unwrap_or(now),
        failed,
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
pub(super) fn asks_for(chain: &Chain, name: &Name) -> bool {
    let starts = chain.requests().flat_map(started_by);
    let mut alike = starts.filter(|other| other.id == name.id);
    alike.any(|other| other.namespace.is_none() || other.namespace == name.namespace)
}

/// The container, or the sandbox, that an operation is about: as its request names it; else, where
/// that is by a name that is not known, as the requests that it caused name it.
pub(super) fn container_of(chain: &Chain, now: &Moment<'_>) -> Option<Name> {
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
