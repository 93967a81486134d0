//! What cannot be seen at an endpoint, told from its server and its clients, each once.
//!
//! A daemon that listens on TCP too, one that runs containerd inside itself, a proxy in front or
//! behind, a client that speaks for somebody on another machine. Listeners on vsock are not found:
//! they are in no file of `/proc`.

use super::root::Root;
use crate::model::{Endpoint, Process, Runtime};

mod config;
mod tcp;

/// Something that cannot be seen and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// A stable word for machines.
    pub about: &'static str,
    /// One sentence for people, with the remedy where there is one.
    pub text: String,
}

/// Programs that serve the API themselves; systemd listens in a daemon's stead until it starts.
const SERVERS: &[&str] = &[
    "dockerd",
    "docker",
    "podman",
    "balena-engine",
    "systemd",
    "init",
];

/// Programs that pass requests on to a daemon for clients of their own.
const PROXIES: &[&str] = &[
    "haproxy",
    "socat",
    "nginx",
    "envoy",
    "caddy",
    "docker-socket-proxy",
    "socket-proxy",
];

/// What cannot be seen of what `server` does, at its endpoint or beside it.
pub fn of_server(server: &Process, endpoint: &Endpoint) -> Vec<Note> {
    if !matches!(endpoint.runtime, Runtime::Docker | Runtime::Podman) {
        return Vec::new();
    }
    if !is_server(program(server)) {
        return vec![behind(server, endpoint)];
    }
    let args = server.args.as_deref().unwrap_or_default();
    let config =
        Root::of(server.key.pid).map_or_else(Default::default, |root| config::read(&root, args));
    let listeners = tcp::listeners(server.key.pid)
        .into_iter()
        .filter(|address| !config.is_no_api(*address));
    let listeners: Vec<_> = listeners.map(|address| address.to_string()).collect();
    let mut notes = Vec::new();
    if !listeners.is_empty() {
        notes.push(also_on_tcp(server, endpoint, &listeners, config.tls));
    }
    if config.embedded_containerd {
        notes.push(embedded(server));
    }
    notes
}

/// What cannot be seen behind `client`, which connects to `endpoint`.
pub fn of_client(client: &Process, endpoint: &Endpoint) -> Option<Note> {
    let (name, pid) = (program(client), client.key.pid);
    let args = client.args.as_deref().unwrap_or_default();
    if args.iter().any(|arg| arg == "dial-stdio") {
        return Some(Note {
            about: "ssh-dial-stdio",
            text: format!(
                "{name} (pid {pid}) carries what came over SSH: who asks is on another machine; \
                 sshd's log says which"
            ),
        });
    }
    PROXIES.contains(&name).then(|| Note {
        about: "socket-proxy",
        text: format!(
            "{name} (pid {pid}) passes on to {} what its own clients ask, so they all look like \
             {name}; if it listens on a unix socket, watch that too: --endpoint docker=PATH",
            endpoint.path
        ),
    })
}

fn also_on_tcp(server: &Process, endpoint: &Endpoint, listeners: &[String], tls: bool) -> Note {
    let tls = if tls { " with TLS" } else { "" };
    Note {
        about: "tcp-listener",
        text: format!(
            "{} (pid {}) also listens on TCP{tls} ({}): what comes that way is not seen; clients \
             of this machine can be pointed at unix://{}",
            program(server),
            server.key.pid,
            listeners.join(", "),
            endpoint.path
        ),
    }
}

fn embedded(server: &Process) -> Note {
    Note {
        about: "embedded-containerd",
        text: format!(
            "{} (pid {}) runs containerd inside itself: what the two say to each other passes \
             over no socket and is not seen; what clients ask is",
            program(server),
            server.key.pid
        ),
    }
}

fn behind(server: &Process, endpoint: &Endpoint) -> Note {
    let name = program(server);
    Note {
        about: "socket-proxy",
        text: format!(
            "{} is served by {name} (pid {}) and not by a daemon: what its clients ask is seen, \
             what the daemon behind it does is not if it runs in a virtual machine, and if it is \
             watched too its caller looks like {name}",
            endpoint.path, server.key.pid
        ),
    }
}

fn is_server(name: &str) -> bool {
    SERVERS.iter().any(|known| {
        // `dockerd-29`, `balena-engine-daemon`.
        name.strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    })
}

/// The last component of a process' program, else its `comm`.
fn program(process: &Process) -> &str {
    process
        .exe
        .as_deref()
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or(&process.comm)
}

#[cfg(test)]
mod tests;
