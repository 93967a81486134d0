//! Why a container was started that no client's request was seen for.

use super::life::Life;
use crate::correlate::World;
use crate::model::{Cause, Process, ProcessKey, RootfsIdentity, Runtime, Stamp};

/// ns after its begin in which a daemon brings back what ran before.
const RECOVERS_WITHIN: u64 = 30_000_000_000;

/// Words of Podman's command line behind which its real subcommand stands.
const GROUPS: [&str; 5] = ["container", "image", "buildx", "farm", "pod"];

/// What is known of a start when its cause is asked for.
pub(super) struct Case<'a> {
    pub(super) runtime: Runtime,
    pub(super) identity: Option<&'a RootfsIdentity>,
    pub(super) life: &'a Life,
    /// The how many-th start it is since imgtrace looks on.
    pub(super) number: u64,
    pub(super) at: Stamp,
    /// Who did it.
    pub(super) culprit: Option<ProcessKey>,
    /// How often a container of that name was started in its pod before.
    pub(super) in_pod_before: u64,
    /// True if a client caused it, as the daemon says itself.
    pub(super) by_client: bool,
    /// True if the daemon says so of what clients cause, and did not of this.
    pub(super) unmarked: bool,
}

impl Case<'_> {
    /// The cause, and what it rests on.
    pub(super) fn cause(&self, world: &World) -> (Cause, Option<String>) {
        if self.by_client {
            return (Cause::Unseen, None);
        }
        let process = self.culprit.and_then(|key| world.process(&key));
        match self.runtime {
            Runtime::Podman | Runtime::Buildah => (commanded(process), None),
            Runtime::Docker => self.dockers(world),
            _ => self.others(),
        }
    }

    fn dockers(&self, world: &World) -> (Cause, Option<String>) {
        let identity = self.identity;
        if let Some(service) = identity.and_then(|it| it.swarm_service.as_ref()) {
            return (
                Cause::Swarm,
                Some(format!("it is a task of the swarm service {service}")),
            );
        }
        let policy = identity.and_then(|it| it.restart_policy.as_deref());
        if let Some(times) = identity.and_then(|it| it.restarts) {
            let policy = policy.unwrap_or("unknown");
            let said = format!(
                "its restart policy ({policy}) has brought it back {times} times, as dockerd's own books say"
            );
            return (Cause::RestartPolicy, Some(said));
        }
        let recovered = self.recovered(world);
        if let Some(said) = recovered.filter(|_| policy.is_some() || identity.is_none()) {
            return (Cause::Recovery, Some(said.to_owned()));
        }
        match policy {
            Some(policy) if self.ran_before() => (
                Cause::RestartPolicy,
                Some(format!("its restart policy is {policy}, and it ran before")),
            ),
            Some(policy) if self.unmarked => (
                Cause::RestartPolicy,
                Some(format!(
                    "its restart policy is {policy}, and the daemon marks what clients cause"
                )),
            ),
            None if identity.is_none() && self.ran_before() => {
                (Cause::RestartPolicy, Some("it ran before".to_owned()))
            }
            _ => (Cause::Unseen, None),
        }
    }

    fn others(&self) -> (Cause, Option<String>) {
        if self.in_pod_before > 0 {
            let said = "a container of that name was started in its pod before".to_owned();
            return (Cause::CrashLoop, Some(said));
        }
        let policy = self.identity.and_then(|it| it.restart_policy.as_ref());
        match policy {
            Some(policy) if self.ran_before() => (
                Cause::RestartPolicy,
                Some(format!("its restart policy is {policy}, and it ran before")),
            ),
            _ => (Cause::Unseen, None),
        }
    }

    fn ran_before(&self) -> bool {
        self.number > 1 || self.life.ran_before
    }

    /// What says that this is the first start by a daemon that has come up after the container had
    /// run, or a moment ago; none if it is not.
    fn recovered(&self, world: &World) -> Option<&'static str> {
        let daemon = self.culprit?;
        let before = self.life.daemon;
        if before == Some(daemon) {
            return None;
        }
        let age = world.age(daemon, self.at);
        if age.is_some_and(|age| age <= RECOVERS_WITHIN) {
            return Some("the daemon has only just come up");
        }
        before.map(|_| "another run of the daemon had started it last")
    }
}

/// What a program without a daemon was called for. Podman's service is one, and its exit command
/// does what a restart policy says (podman `pkg/specgenutil`, `CreateExitCommandArgs`).
fn commanded(process: Option<&Process>) -> Cause {
    match process.and_then(subcommand) {
        Some("system" | "service") => Cause::Unseen,
        Some("cleanup") => Cause::RestartPolicy,
        _ => Cause::CommandLine,
    }
}

/// True if a program starts containers by itself, for whoever called it.
pub(in crate::correlate) fn has_no_daemon(process: &Process) -> bool {
    let daemonless = ["podman", "buildah"];
    daemonless.contains(&process.program()) && commanded(Some(process)) == Cause::CommandLine
}

/// True if a program was called to build an image.
pub(super) fn builds(process: &Process) -> bool {
    let builds = ["build", "bud", "build-using-dockerfile"];
    subcommand(process).is_some_and(|word| builds.contains(&word))
}

/// The subcommand of podman or buildah: the first word that is one, behind options and their values.
pub(super) fn subcommand(process: &Process) -> Option<&str> {
    const KNOWN: [&str; 19] = [
        "build",
        "bud",
        "build-using-dockerfile",
        "cleanup",
        "commit",
        "create",
        "from",
        "kube",
        "play",
        "quadlet",
        "restart",
        "restore",
        "run",
        "service",
        "start",
        "system",
        "unshare",
        "auto-update",
        "exec",
    ];
    let args = process.args.as_deref()?;
    let mut words = args.iter().skip(1).map(String::as_str);
    words.find(|word| KNOWN.contains(word) && !GROUPS.contains(word))
}

#[cfg(test)]
mod tests;
