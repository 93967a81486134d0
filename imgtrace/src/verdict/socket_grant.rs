//! Socket grant: a container was created with a runtime's socket mounted in, or with a folder that
//! has one in it. What runs in it can do all that the daemon can.
//!
//! The request's paths are compared with those that the daemons of the same mount namespace have
//! bound: the daemon that creates the container mounts by its own view of the machine. A named
//! volume that leads to a socket is not seen.

use super::placement::short;
use super::situations::Situations;
use super::who::Who;
use super::{Now, Seen, Verdict, words};
use crate::correlate::{World, mention};
use crate::model::{
    Bind, Endpoint, EndpointId, EndpointState, Finding, Op, Outcome, Rule, Severity, Subject,
    canonical,
};

/// The rule.
#[derive(Debug)]
pub(super) struct SocketGrant {
    /// By who asked, what for and which sockets; what changes is how they are mounted.
    said: Situations<(Option<Who>, String, Vec<EndpointId>), Vec<Bind>>,
}

/// A bind that gives a container sockets.
#[derive(Debug)]
struct Grant<'a> {
    bind: &'a Bind,
    sockets: Vec<&'a Endpoint>,
}

impl SocketGrant {
    pub(super) const fn new() -> Self {
        Self {
            said: Situations::new(),
        }
    }
}

impl Verdict for SocketGrant {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let operation = seen.operation;
        if operation.op != Op::Create || operation.outcome != Some(Outcome::Ok) {
            return;
        }
        let Some(endpoint) = operation.endpoint.id else {
            return;
        };
        let subject = &operation.subject;
        let grants = grants(&subject.binds, endpoint, seen.now.world);
        if grants.is_empty() {
            return;
        }
        let sockets = grants.iter().flat_map(|grant| &grant.sockets);
        let who = operation.caller.as_ref().map(Who::of);
        let image = subject.image.clone().or_else(|| subject.digest.clone());
        let key = (
            who,
            image.unwrap_or_default(),
            sockets.map(|socket| socket.id).collect(),
        );
        let binds = grants.iter().map(|grant| grant.bind.clone()).collect();
        self.said.met(key, binds, out, || finding(seen, &grants));
    }

    fn finish(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        self.said.rest(now.at, out);
    }
}

/// The binds that lead to a socket of a daemon in the mount namespace of the one that was asked.
fn grants<'a>(binds: &'a [Bind], asked: EndpointId, world: &'a World) -> Vec<Grant<'a>> {
    let mount_ns = |id| {
        let process = world.process(&world.server(id)?)?;
        Some(process.mount_ns)
    };
    let here = mount_ns(asked);
    let is_here = |it: &&Endpoint| {
        let is_same = here.is_some() && mount_ns(it.id) == here;
        it.state == EndpointState::Watched && (it.id == asked || is_same)
    };
    let near: Vec<_> = world.daemons().filter(is_here).collect();
    let of = |bind: &'a Bind| {
        let leads = |it: &&&Endpoint| leads_to(&bind.source, &it.path);
        let sockets: Vec<_> = near.iter().filter(leads).copied().collect();
        (!sockets.is_empty()).then_some(Grant { bind, sockets })
    };
    binds.iter().filter_map(of).collect()
}

/// True if a path is that of a socket or of a folder around it. `/var/run` is `/run` everywhere.
fn leads_to(source: &str, socket: &str) -> bool {
    let (source, socket) = (canonical(source), canonical(socket));
    let rest = socket.strip_prefix(source.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn finding(seen: &Seen<'_>, grants: &[Grant<'_>]) -> Finding {
    let (operation, world) = (seen.operation, seen.now.world);
    let subject = &operation.subject;
    let who = operation.caller.as_ref().map(words::caller);
    let who = who.unwrap_or_else(|| "somebody".to_owned());
    let given = words::list(grants.iter().map(given));
    let power = power(grants, world);
    let summary = format!(
        "{who} created {} with {given}: it can do {power}",
        container(subject)
    );
    Finding {
        evidence: evidence(grants, world),
        image: subject.image.clone(),
        operations: vec![operation.id],
        stores: operation.store.iter().cloned().collect(),
        remedy: Some(
            "leave the mount out; where it must be, let a proxy pass only some requests, or give it \
             a daemon without root"
                .to_owned(),
        ),
        ..Finding::new(seen.now.at, Rule::SocketGrant, Severity::Warning, summary)
    }
}

/// `container agent (docker.io/library/ci:1)`, with its pod where there is one.
fn container(subject: &Subject) -> String {
    let id = subject.container.as_deref().map(short);
    let name = subject.container_name.as_deref().or(id).unwrap_or("?");
    let pod = subject.pod.as_ref().and_then(|pod| {
        let (namespace, name) = (pod.namespace.as_ref()?, pod.name.as_ref()?);
        Some(format!(" of pod {namespace}/{name}"))
    });
    let image = subject.image.as_ref().map(|image| format!(" ({image})"));
    let (pod, image) = (pod.unwrap_or_default(), image.unwrap_or_default());
    format!("container {name}{pod}{image}")
}

/// `/run (which holds /run/docker.sock) mounted in, read-only, which does not help`.
fn given(grant: &Grant<'_>) -> String {
    let source = &grant.bind.source;
    let is_itself = |socket: &&Endpoint| canonical(&socket.path) == canonical(source);
    let holds = match &grant.sockets[..] {
        [socket] if is_itself(socket) => String::new(),
        sockets => {
            let paths = sockets.iter().map(|socket| canonical(&socket.path));
            format!(" (which holds {})", words::list(paths))
        }
    };
    let mode = if grant.bind.read_only {
        ", read-only, which does not help"
    } else {
        ""
    };
    format!("{source}{holds} mounted in{mode}")
}

/// What the daemons behind the sockets may do.
fn power(grants: &[Grant<'_>], world: &World) -> String {
    let sockets = grants.iter().flat_map(|grant| &grant.sockets);
    let mut daemons: Vec<_> = sockets.clone().map(|it| it.runtime.as_str()).collect();
    daemons.dedup();
    // root of a daemon inside a container is root there, and no more is known.
    let is_machines_root = |socket: &Endpoint| {
        let server = world.server(socket.id).and_then(|key| world.process(&key));
        let around = world.around_server(socket.id);
        server.is_some_and(|it| it.uid == 0) && around.is_some_and(|it| it.is_empty())
    };
    let root = if sockets.into_iter().any(|socket| is_machines_root(socket)) {
        ", and that is to be root on this machine"
    } else {
        ""
    };
    format!("all that {} can{root}", words::list(daemons))
}

fn evidence(grants: &[Grant<'_>], world: &World) -> Vec<String> {
    let mut evidence = Vec::new();
    for Grant { bind, sockets } in grants {
        let mode = if bind.read_only { ", read-only" } else { "" };
        let (source, target) = (&bind.source, &bind.target);
        evidence.push(format!("the request mounts {source} at {target}{mode}"));
        evidence.extend(sockets.iter().map(|socket| {
            let (id, path) = (socket.id, &socket.path);
            match &socket.server {
                Some(server) => {
                    let daemon = mention(world, server.process);
                    format!("{daemon} listens on {path} ({id}) in the same mount namespace")
                }
                None => format!("{path} ({id}) is a daemon's socket there"),
            }
        }));
        if bind.read_only {
            evidence.push(
                "a read-only mount keeps the file from being changed, not the socket from being \
                 talked to"
                    .to_owned(),
            );
        }
    }
    evidence
}

#[cfg(test)]
mod tests;
