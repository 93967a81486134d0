//! The sockets: where they are, who may and who does connect, who else has them, where they lead.

use super::super::program;
use super::count;
use super::page::Page;
use crate::model::{
    Client, Confidence, EndpointState, Holder, Pod, Socket, SocketFile, StoreId, Topology,
};
use crate::show::Settings;
use crate::show::palette::{DIM, PLACE, UNSURE};

/// Where the runtime of a socket stands, and its path.
const RUNTIME: usize = 6;
const PATH: usize = 19;

pub(super) fn render(page: &mut Page<'_>, settings: &Settings, topology: &Topology) {
    let shims = match topology.shims {
        0 => String::new(),
        number => format!("and {number} of shims, one for each pod or container"),
    };
    page.heading("sockets", &shims);
    if topology.sockets.is_empty() {
        page.labelled("none", "no container runtime listens on this machine");
    }
    for socket in &topology.sockets {
        render_one(page, settings, topology, socket);
    }
}

fn render_one(page: &mut Page<'_>, settings: &Settings, topology: &Topology, socket: &Socket) {
    let endpoint = &socket.endpoint;
    let mut line = page.line();
    line.plain("  ").push(DIM, &endpoint.id.to_string());
    line.pad_to(RUNTIME).plain(endpoint.runtime.as_str());
    line.pad_to(PATH).plain(&endpoint.path);
    if endpoint.state == EndpointState::Gone {
        line.push(UNSURE, "  gone: nobody listens any more");
        page.finish(line);
        return;
    }
    line.push(PLACE, &leads(socket));
    page.finish(line);
    if settings.evidence {
        for sentence in &socket.leads.evidence {
            page.evidence(sentence);
        }
    }
    let file = endpoint.file.as_ref().map(file).unwrap_or_default();
    page.labelled("file", &format!("{file}inode {}", endpoint.listener));
    page.labelled("server", &server(topology, socket));
    for holder in &socket.holders {
        page.labelled("also in", &held(holder));
    }
    for client in &socket.clients {
        page.labelled("client", &describe(client));
    }
}

/// ` → s1`, ` → e1 → s1`, ` → s2, s3`; empty if it is not known.
fn leads(socket: &Socket) -> String {
    let leads = &socket.leads;
    let through = leads.through.iter().map(ToString::to_string);
    let stores: Vec<String> = leads.stores.iter().map(StoreId::to_string).collect();
    let stores = (!stores.is_empty()).then(|| stores.join(", "));
    let steps: Vec<String> = through.chain(stores).collect();
    if steps.is_empty() {
        return String::new();
    }
    let way = format!(" → {}", steps.join(" → "));
    match leads.confidence {
        Confidence::Observed => way,
        _ => format!("{way} (inferred)"),
    }
}

/// `root:docker 0660, `.
fn file(file: &SocketFile) -> String {
    let name = |name: &Option<String>, id: u32| name.clone().unwrap_or_else(|| id.to_string());
    let (owner, group) = (name(&file.owner, file.uid), name(&file.group, file.gid));
    format!("{owner}:{group} {:04o}, ", file.mode)
}

/// `dockerd 28.5.2 (pid 812)`; the daemons are described further down.
fn server(topology: &Topology, socket: &Socket) -> String {
    let Some(server) = &socket.endpoint.server else {
        return "not known: nobody was seen to accept on it".to_owned();
    };
    let daemon = topology.servers.iter().find(|it| it.key == server.process);
    let program = daemon.and_then(program).unwrap_or("a process");
    let version = daemon.and_then(|daemon| daemon.version.as_deref());
    let version = version.map(|version| format!(" {version}"));
    let pid = server.process.pid;
    format!("{program}{} (pid {pid})", version.unwrap_or_default())
}

/// `pod ci/runner-0, container agent 3f9c2a71d5e1, at /var/run/docker.sock`.
fn held(holder: &Holder) -> String {
    let container = &holder.container;
    let id: String = container.id.chars().take(12).collect();
    let container = match &container.name {
        Some(name) => format!("container {name} {id}"),
        None => format!("container {id}"),
    };
    let pod = match &holder.pod {
        Some(Pod {
            namespace: Some(namespace),
            name: Some(name),
            ..
        }) => format!("pod {namespace}/{name}, "),
        _ => String::new(),
    };
    let read_only = if holder.read_only {
        ", read-only, which hinders no client"
    } else {
        ""
    };
    let ended = if holder.ended { ", until it ended" } else { "" };
    format!("{pod}{container}, at {}{read_only}{ended}", holder.path)
}

/// `kubelet (pid 88) in kubelet.service: 3 connections; 12 pull, 4 create`.
fn describe(client: &Client) -> String {
    let name = client.process.as_ref().map_or("not known", |it| it.name());
    let place = client
        .process
        .as_ref()
        .and_then(crate::model::Caller::place);
    let place = place.map(|place| format!(" in {place}"));
    let pids: Vec<String> = client.pids.iter().map(u32::to_string).collect();
    let pids = match (pids.as_slice(), &client.process) {
        ([], Some(process)) => format!(" (last pid {})", process.key.pid),
        ([], None) => String::new(),
        ([pid], _) => format!(" (pid {pid})"),
        (pids, _) => format!(" (pids {})", pids.join(", ")),
    };
    let open = match (client.open, client.seen) {
        (0, seen) => format!("{}, all closed", count(seen, "connection")),
        (open, seen) if open == seen => count(open, "connection"),
        (open, seen) => format!("{}, {seen} in all", count(open, "connection")),
    };
    let asked = client.asked.iter();
    let asked: Vec<String> = asked
        .map(|(op, n)| format!("{n} {}", op.as_str()))
        .collect();
    let asked = match asked.as_slice() {
        [] => String::new(),
        asked => format!("; {}", asked.join(", ")),
    };
    format!("{name}{pids}{}: {open}{asked}", place.unwrap_or_default())
}
