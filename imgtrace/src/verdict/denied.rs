//! Denied: a process was refused at a runtime's socket, why, and what would help.
//!
//! A client that tries three times at once, as the docker CLI does, is refused once. What a
//! permission would mean is said with it: who may talk to such a socket is root. A daemon that waits
//! for another one to start is refused only when it has waited too long.

use super::situations::Situations;
use super::who::Who;
use super::{Now, Seen, Verdict, words};
use crate::correlate::Bounded;
use crate::model::{
    Caller, Denial, Finding, Op, Operation, ProcessKey, Rule, Runtime, Severity, Stamp,
};

/// Processes of which it is remembered that they were refused.
const MAX_TRIED: usize = 1_024;

/// What a member of the group gains, behind every advice to let somebody in.
const POWER: &str = "who is let in can start containers that see all of this machine: that is root";

/// Milliseconds that a daemon may wait for the one below it, as each does when a machine starts:
/// dockerd waits 15 s for its containerd (`startupTimeout` of moby's libcontainerd/supervisor).
const STARTING: f64 = 15_000.0;

/// Daemons that are clients of one below them, and wait for it.
const DAEMONS: [&str; 8] = [
    "dockerd",
    "containerd",
    "kubelet",
    "cri-dockerd",
    "buildkitd",
    "k3s",
    "rke2",
    "k0s",
];

/// What one process tries at one path.
#[derive(Clone, Copy, Debug)]
struct Tried {
    since: Stamp,
    is_said: bool,
}

/// The rule.
#[derive(Debug)]
pub(super) struct Denied {
    /// By who was refused at which path; what changes is the reason.
    said: Situations<(Option<Who>, String), Denial>,
    /// Since when who tries what, and whether that was said or is waited for.
    tried: Bounded<(ProcessKey, String), Tried>,
}

impl Denied {
    pub(super) const fn new() -> Self {
        Self {
            said: Situations::new(),
            tried: Bounded::new(MAX_TRIED),
        }
    }
}

impl Verdict for Denied {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let operation = seen.operation;
        if operation.op != Op::ConnectDenied {
            return;
        }
        let (Some(denial), Some(path)) = (&operation.denial, &operation.endpoint.path) else {
            return;
        };
        let caller = operation.caller.as_ref();
        if let Some(caller) = caller {
            let attempt = (caller.key, path.clone());
            let mut tried = self.tried.get(&attempt).copied().unwrap_or(Tried {
                since: seen.now.at,
                is_said: false,
            });
            let is_early = seen.now.at.millis_since(tried.since) < STARTING;
            let is_said = tried.is_said;
            tried.is_said |= !(is_early && waits(caller, denial));
            let is_due = tried.is_said && !is_said;
            self.tried.insert(attempt, tried);
            if !is_due {
                return;
            }
        }
        let key = (caller.map(Who::of), path.clone());
        self.said
            .met(key, denial.clone(), out, || finding(seen, denial, path));
    }

    fn finish(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        self.said.rest(now.at, out);
    }
}

/// True for a daemon that finds the one below it absent: that one may be starting.
fn waits(caller: &Caller, denial: &Denial) -> bool {
    let is_absent = matches!(denial.errno.as_str(), "ENOENT" | "ECONNREFUSED");
    is_absent && DAEMONS.contains(&caller.name())
}

fn finding(seen: &Seen<'_>, denial: &Denial, path: &str) -> Finding {
    let operation = seen.operation;
    let caller = operation.caller.as_ref();
    let who = caller.map_or_else(|| "somebody".to_owned(), words::caller);
    let why = why(denial, path, operation);
    let mut evidence: Vec<_> = operation.error.iter().cloned().collect();
    evidence.extend(operation.evidence.iter().cloned());
    Finding {
        evidence,
        operations: vec![operation.id],
        remedy: remedy(denial, caller, operation.endpoint.runtime),
        ..Finding::new(
            seen.now.at,
            Rule::Denied,
            Severity::Warning,
            format!("{who} is refused at {why}"),
        )
    }
}

/// `/run/docker.sock (docker): it is root:docker 0660, and group docker (gid 499) would be let in`.
fn why(denial: &Denial, path: &str, operation: &Operation) -> String {
    let place = format!("{path} ({})", operation.endpoint.runtime.as_str());
    let reason = match denial.errno.as_str() {
        "EACCES" => forbidden(denial),
        "ECONNREFUSED" => "nobody listens there".to_owned(),
        "ENOENT" => "it is not there".to_owned(),
        errno => errno.to_owned(),
    };
    format!("{place}: {reason}")
}

fn forbidden(denial: &Denial) -> String {
    let file = denial
        .socket_owner
        .as_ref()
        .zip(denial.socket_group.as_ref());
    let Some(((owner, group), mode)) = file.zip(denial.socket_mode.as_ref()) else {
        return "no permission".to_owned();
    };
    let file = format!("it is {owner}:{group} {mode}");
    match (&denial.needed_group, denial.needed_gid) {
        (Some(name), Some(gid)) if *name != gid.to_string() => {
            format!("{file}, and group {name} (gid {gid}) would be let in")
        }
        (Some(group), _) => format!("{file}, and group {group} would be let in"),
        (None, _) => format!("{file}, which lets no group in"),
    }
}

/// What to do about it. A container has groups of its own: there the number counts.
fn remedy(denial: &Denial, caller: Option<&Caller>, runtime: Runtime) -> Option<String> {
    let is_contained = caller.is_some_and(|caller| caller.container.is_some());
    match (denial.errno.as_str(), &denial.needed_group) {
        ("EACCES", Some(group)) => {
            let gid = denial.needed_gid.map(|gid| gid.to_string());
            let gid = gid.as_deref().unwrap_or(group);
            Some(if is_contained {
                format!(
                    "start the container with --group-add {gid} (in Kubernetes supplementalGroups: \
                     [{gid}]); {POWER}"
                )
            } else {
                joining(group, gid, caller)
            })
        }
        ("EACCES", None) => Some(format!("sudo, or another mode of the socket; {POWER}")),
        ("ECONNREFUSED", _) if is_contained => Some(
            "start the daemon; if it runs, start the container anew: the socket that it has mounted \
             is not the daemon's any more"
                .to_owned(),
        ),
        ("ECONNREFUSED", _) => Some("start the daemon".to_owned()),
        ("ENOENT", _) => Some(format!(
            "start the daemon, or say where it listens ({})",
            address(runtime)
        )),
        _ => None,
    }
}

/// How to get into a group: one that has no name gets one first.
fn joining(group: &str, gid: &str, caller: Option<&Caller>) -> String {
    let user = caller.and_then(|caller| caller.user.as_deref());
    let user = user.unwrap_or("USER");
    let is_nameless = group.parse::<u32>().is_ok();
    let joined = if is_nameless {
        format!("groupadd -g {gid} NAME, usermod -aG NAME {user}")
    } else {
        format!("usermod -aG {group} {user}")
    };
    format!("{joined} and a new login, or sudo; {POWER}")
}

/// How a client is told where its daemon listens.
const fn address(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Docker => "DOCKER_HOST",
        Runtime::Podman => "CONTAINER_HOST",
        Runtime::Containerd => "--address",
        Runtime::BuildKit => "BUILDKIT_HOST",
        Runtime::CriO | Runtime::CriDockerd | Runtime::Dockershim | Runtime::Cri => {
            "--runtime-endpoint"
        }
        Runtime::Buildah | Runtime::Shim => "its configuration",
    }
}

#[cfg(test)]
mod tests;
