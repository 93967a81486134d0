//! Starts that are part of what somebody asked for, and what their operations take from them.

use super::cause::Case;
use super::culprit;
use super::life::{Life, Mount, Run, Told, since};
use super::own::{Seen, dress};
use super::{InPod, Name, SLACK, Starts};
use crate::correlate::World;
use crate::correlate::caller::Attribution;
use crate::model::{
    Cause, Op, Operation, OperationId, Outcome, Pod, ProcessKey, Role, Runtime, Stamp,
};

/// Programs that are kubelet, or have it in them: what they start again had ended.
const KUBELETS: [&str; 7] = [
    "kubelet",
    "k3s",
    "k3s-server",
    "k3s-agent",
    "k0s",
    "rke2",
    "kubelite",
];

/// When a request was made and answered.
#[derive(Clone, Copy, Debug)]
pub(in crate::correlate) struct Span {
    pub(in crate::correlate) from: Stamp,
    pub(in crate::correlate) to: Stamp,
    /// True if it failed: what it started nevertheless began within it, and no later start is its.
    pub(in crate::correlate) failed: bool,
}

impl Span {
    /// True if a moment lies within it, or so near that clocks and delays do not tell.
    fn holds(self, at: Stamp) -> bool {
        let within = self.from.mono <= at.mono && at.mono <= self.to.mono;
        let is_near = || since(self.from, at).min(since(self.to, at)) <= SLACK;
        within || (!self.failed && is_near())
    }
}

/// The daemon that started a container with no client's request in sight.
#[derive(Clone, Copy, Debug)]
pub(in crate::correlate) struct Daemon {
    /// Who asked for the start.
    pub(in crate::correlate) process: Option<ProcessKey>,
    /// Whose containers it starts, where that is known.
    pub(in crate::correlate) runtime: Option<Runtime>,
    /// True if it says that a client caused it.
    pub(in crate::correlate) by_client: bool,
    /// True if it says so of what clients cause, and did not of this.
    pub(in crate::correlate) unmarked: bool,
}

impl Starts {
    /// True if what was mounted for a container is known, as far as it will be for a request of that
    /// time.
    pub(in crate::correlate) fn knows_mount(&self, name: &Name, span: Span) -> bool {
        let Some(life) = self.find(name).and_then(|name| self.lives.get(&name)) else {
            return false;
        };
        let own = life.runs.iter().filter(|run| span.holds(run.at));
        let has_own = own.clone().any(|run| run.mount.is_some());
        let fresh = || life.fresh_mount().is_some();
        let same = || name.is_unique() && life.mount().is_some();
        has_own || fresh() || same()
    }

    /// How long (ns) an answer can wait for what was mounted; none if that does not come.
    pub(in crate::correlate) fn patience(&self, runtime: Runtime) -> Option<u64> {
        let patience = match self.in_vain.get(&runtime) {
            Some(0) => super::USUAL_PATIENCE,
            Some(&(super::MAX_IN_VAIN..)) => return None,
            _ => super::PATIENCE,
        };
        self.watching.then_some(patience)
    }

    /// Notes whether what was mounted by a runtime is known.
    pub(in crate::correlate) fn note_wait(&mut self, runtime: Runtime, in_vain: bool) {
        let count = self.in_vain.entry(runtime).or_default();
        *count = if in_vain { count.saturating_add(1) } else { 0 };
    }

    /// Makes the start of a container part of what was asked for in that time. Returns it, and the
    /// operation of its own that it was told as before.
    pub(in crate::correlate) fn take(
        &mut self,
        name: &Name,
        span: Span,
    ) -> Option<(Run, Option<OperationId>)> {
        if !self.watching {
            return None;
        }
        let name = self.enter(&name.id, name.namespace.as_deref())?;
        let life = self.lives.get_mut(&name)?;
        let fitting = life.runs.iter_mut().filter(|run| span.holds(run.at));
        let untold = |run: &&mut Run| run.told != Told::Asked;
        let rank = |run: &&mut Run| (run.told != Told::Not, run.number);
        let Some(run) = fitting.filter(untold).min_by_key(rank) else {
            let is_there = life.ran_before || life.runs.iter().any(Run::is_running);
            life.unmatched = (!is_there && !span.failed).then_some(span.to);
            return None;
        };
        let before = std::mem::replace(&mut run.told, Told::Asked);
        let run = run.clone();
        match before {
            Told::Own(id) => Some((run, Some(id))),
            Told::Gathered => {
                life.repeated.give_back();
                Some((run, None))
            }
            Told::Not | Told::Asked | Told::Never => Some((run, None)),
        }
    }

    /// Notes what is to be said of the starts that were part of what was asked for in that time.
    pub(in crate::correlate) fn retell(&mut self, name: Option<&Name>, span: Span, told: Told) {
        let life = name.and_then(|name| self.lives.get_mut(name));
        let runs = life.into_iter().flat_map(|life| life.runs.iter_mut());
        let taken = runs.filter(|run| run.told == Told::Asked && span.holds(run.at));
        if let Some(run) = taken.max_by_key(|run| run.number) {
            run.told = told;
        }
    }

    /// True if a start is that of an operation which was told shortly before it was seen.
    pub(in crate::correlate) fn was_asked_for(&mut self, name: &Name, run: &Run) -> bool {
        let Some(life) = self.lives.get_mut(name) else {
            return false;
        };
        let asked = life.unmatched.filter(|end| since(*end, run.at) <= SLACK);
        if asked.is_some() {
            life.unmatched = None;
        }
        asked.is_some()
    }

    /// Completes the operation of a request with what was seen of its container. `daemon` is the one
    /// that asked where no client's request was seen.
    pub(in crate::correlate) fn complete(
        &mut self,
        operation: &mut Operation,
        name: &Name,
        run: Option<&Run>,
        daemon: Option<Daemon>,
        world: &World,
    ) {
        let Some(found) = self.find(name) else {
            return;
        };
        let is_start = matches!(operation.op, Op::Start | Op::Restart);
        let before = if is_start && operation.outcome == Some(Outcome::Ok) {
            self.count_in_pod(operation)
        } else {
            0
        };
        let Some(life) = self.lives.get_mut(&found) else {
            return;
        };
        let mount = match run {
            Some(run) => life.mount_of(run, found.is_unique()),
            None => life.mount().cloned(),
        };
        if is_start {
            operation.restarts = run.map(|run| run.number.saturating_sub(1));
        }
        if let Some(mount) = &mount {
            dress(operation, mount, world);
        }
        match daemon {
            Some(daemon) if is_start => {
                let case = Asking {
                    life,
                    run,
                    mount: mount.as_ref(),
                    before,
                };
                case.explain(operation, daemon, world);
                life.daemon = daemon.process;
            }
            Some(_) => {}
            None => {
                crash_loop(operation, before);
                life.daemon = operation.endpoint.id.and_then(|id| world.server(id));
            }
        }
    }

    /// What a start is for which no request was seen; none if it makes no operation.
    pub(in crate::correlate) fn own(
        &mut self,
        name: &Name,
        run: &Run,
        world: &World,
    ) -> Option<Operation> {
        let life = self.lives.get(name)?;
        let mount = life.mount_of(run, name.is_unique());
        let mount = mount.or_else(|| self.working_mount(run, world));
        let identity = mount.as_ref().map(|mount| &mount.rootfs.identity);
        let in_pod = identity.and_then(|it| in_pod(it.pod.as_ref(), it.container_name.as_deref()));
        let counted = in_pod.as_ref().and_then(|it| self.in_pods.get(it)).copied();
        let seen = Seen {
            id: &name.id,
            namespace: name.namespace.as_deref(),
            life,
            run,
            mount: mount.as_ref(),
            in_pod_before: counted.unwrap_or(0),
        };
        let mut operation = seen.operation(world)?;
        let culprit = operation.caller.as_ref().map(|caller| caller.key);
        if operation.cause == Some(Cause::CrashLoop) {
            operation.restarts = counted;
        }
        self.count_in_pod(&operation);
        if let Some(life) = self.lives.get_mut(name) {
            life.daemon = culprit;
        }
        Some(operation)
    }

    /// The working container of Buildah that an OCI runtime was called for: the one that was mounted
    /// by a process above it, or by a child of that, which mounts what has many layers.
    fn working_mount(&self, run: &Run, world: &World) -> Option<Mount> {
        let call = world.process(&run.call?)?;
        let above = || call.ancestors.iter().map(|above| above.key);
        let by_itself = above().find_map(|key| self.working.get(&key));
        let by_child = || {
            let programs = culprit::programs(Runtime::Buildah);
            let mut working = self.working.iter();
            let is_above = |key| above().any(|above| above == key);
            let by_it = working.find(|(mounter, _)| {
                culprit::nearest(**mounter, programs, world).is_some_and(is_above)
            });
            by_it.map(|(_, name)| name)
        };
        let name = by_itself.or_else(by_child)?;
        self.lives.get(name)?.mount().cloned()
    }

    /// True if a container is known to be a pod's sandbox.
    pub(in crate::correlate) fn is_sandbox(&self, name: &Name) -> bool {
        let life = self.find(name).and_then(|name| self.lives.get(&name));
        let mount = life.and_then(Life::mount);
        mount.is_some_and(|mount| mount.rootfs.identity.role == Role::Sandbox)
    }

    /// Takes in an operation of its own; returns what is to be told now.
    pub(in crate::correlate) fn offer(
        &mut self,
        name: &Name,
        operation: Operation,
        mono: u64,
    ) -> Option<Operation> {
        let Some(life) = self.lives.get_mut(name) else {
            return Some(operation);
        };
        let told = life.repeated.offer(operation, mono);
        let due = life.repeated.due();
        if let Some(due) = due {
            self.wake(name, due);
        }
        told
    }

    /// What has gathered of a container, if it is time to tell it.
    pub(in crate::correlate) fn pop_gathered(
        &mut self,
        name: &Name,
        mono: u64,
    ) -> Option<Operation> {
        let life = self.lives.get_mut(name)?;
        let told = life.repeated.pop_due(mono);
        if let Some(due) = life.repeated.due() {
            self.wake(name, due);
        }
        told
    }

    /// All that has gathered, by container; for the end of a run.
    pub(in crate::correlate) fn take_gathered(&mut self) -> Vec<Operation> {
        let names: Vec<_> = self.lives.iter().map(|(name, _)| name.clone()).collect();
        let gathered = names
            .iter()
            .filter_map(|name| self.lives.get_mut(name)?.repeated.take());
        gathered.collect()
    }

    /// The containers of which a start is not told.
    pub(in crate::correlate) fn with_untold(&self) -> Vec<Name> {
        let is_untold = |run: &Run| run.told == Told::Not;
        let lives = self.lives.iter();
        let untold = lives.filter(|(_, life)| life.runs.iter().any(is_untold));
        untold.map(|(name, _)| name.clone()).collect()
    }

    /// Counts a start of a pod's container; returns how many there were before.
    fn count_in_pod(&mut self, operation: &Operation) -> u64 {
        let subject = &operation.subject;
        let name = subject.container_name.as_deref();
        let Some(place) = in_pod(subject.pod.as_ref(), name) else {
            return 0;
        };
        let before = self.in_pods.get(&place).copied().unwrap_or(0);
        self.in_pods.insert(place, before.saturating_add(1));
        before
    }
}

/// What is known of a start that a daemon asked for.
struct Asking<'a> {
    life: &'a Life,
    run: Option<&'a Run>,
    mount: Option<&'a Mount>,
    before: u64,
}

impl Asking<'_> {
    /// Says why, and who it was where the mount knows better than the request.
    fn explain(&self, operation: &mut Operation, daemon: Daemon, world: &World) {
        let identity = self.mount.map(|mount| &mount.rootfs.identity);
        let by_layout = identity.map(|identity| identity.runtime);
        let Some(runtime) = by_layout.or(daemon.runtime) else {
            operation.cause = Some(Cause::Unseen);
            return;
        };
        let by_mount = self.run.and_then(|run| culprit::of(run, runtime, world));
        let culprit = match by_mount.filter(|key| Some(*key) != daemon.process) {
            Some(key) if daemon.runtime.is_none() => {
                let attribution = Attribution::seen(world, key);
                operation.caller = attribution.caller.or_else(|| operation.caller.take());
                Some(key)
            }
            _ => daemon.process,
        };
        let known = Case {
            runtime,
            identity,
            life: self.life,
            number: self.run.map_or(1, |run| run.number),
            at: operation.at,
            culprit,
            in_pod_before: self.before,
            by_client: daemon.by_client,
            unmarked: daemon.unmarked,
        };
        let (cause, why) = known.cause(world);
        operation.cause = Some(cause);
        operation.evidence.extend(why);
    }
}

/// kubelet starts a container of a pod again because it had ended.
fn crash_loop(operation: &mut Operation, before: u64) {
    let by_kubelet = operation.caller.as_ref().is_some_and(|caller| {
        KUBELETS.contains(&caller.comm.as_str()) || KUBELETS.contains(&caller.name())
    });
    let is_again = before > 0 && operation.op == Op::Start;
    if is_again && by_kubelet && operation.subject.pod.is_some() {
        operation.cause = Some(Cause::CrashLoop);
        operation.restarts = Some(before);
        let said = format!("a container of that name was started {before} times in its pod before");
        operation.evidence.push(said);
    }
}

fn in_pod(pod: Option<&Pod>, name: Option<&str>) -> Option<InPod> {
    let pod = pod?;
    let names = || {
        Some(format!(
            "{}/{}",
            pod.namespace.as_deref()?,
            pod.name.as_deref()?
        ))
    };
    let pod = pod.uid.clone().or_else(names)?;
    Some((pod, name?.to_owned()))
}
