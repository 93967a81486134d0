//! `-o json`: one object, documented in `docs/json.md`.
//!
//! The objects here are views: the order of their fields is the order of the output.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::jsonl;
use crate::model::{
    Answer, AnswerValue, Client, Confidence, Daemon, EndpointId, EndpointState, Holder, KnownStore,
    Runtime, Socket, StoreId, StoreKind, StoreUser, Topology,
};
use crate::show::json::{CallerView, ContainerView, PodView};
use crate::show::rfc3339_utc;

/// Appends the object and a line feed.
pub fn render(topology: &Topology, out: &mut Vec<u8>) {
    let written = jsonl::append(&View::new(topology), out);
    debug_assert!(
        written.is_ok(),
        "views have string keys and derived `Serialize` only"
    );
}

#[derive(Serialize)]
struct View<'a> {
    kind: &'static str,
    at: String,
    from: String,
    sockets: Vec<SocketView<'a>>,
    shims: u64,
    servers: Vec<DaemonView<'a>>,
    stores: Vec<StoreView<'a>>,
    answers: Vec<AnswerView<'a>>,
    missing: &'a [String],
}

impl<'a> View<'a> {
    fn new(topology: &'a Topology) -> Self {
        Self {
            kind: "topology",
            at: rfc3339_utc(topology.at.wall),
            from: rfc3339_utc(topology.from.wall),
            sockets: topology.sockets.iter().map(SocketView::new).collect(),
            shims: topology.shims,
            servers: topology.servers.iter().map(DaemonView::new).collect(),
            stores: topology.stores.iter().map(StoreView::new).collect(),
            answers: topology.answers.iter().map(AnswerView::new).collect(),
            missing: &topology.missing,
        }
    }
}

#[derive(Serialize)]
struct SocketView<'a> {
    id: EndpointId,
    runtime: Runtime,
    path: &'a str,
    inode: String,
    state: EndpointState,
    mode: Option<String>,
    owner: Option<String>,
    group: Option<String>,
    server: Option<u32>,
    holders: Vec<HolderView<'a>>,
    clients: Vec<ClientView<'a>>,
    through: &'a [EndpointId],
    stores: &'a [StoreId],
    confidence: Confidence,
    evidence: &'a [String],
}

impl<'a> SocketView<'a> {
    fn new(socket: &'a Socket) -> Self {
        let endpoint = &socket.endpoint;
        let file = endpoint.file.as_ref();
        let name = |name: &Option<String>, id: u32| name.clone().unwrap_or_else(|| id.to_string());
        Self {
            id: endpoint.id,
            runtime: endpoint.runtime,
            path: &endpoint.path,
            inode: endpoint.listener.to_string(),
            state: endpoint.state,
            mode: file.map(|file| format!("{:04o}", file.mode)),
            owner: file.map(|file| name(&file.owner, file.uid)),
            group: file.map(|file| name(&file.group, file.gid)),
            server: endpoint.server.as_ref().map(|server| server.process.pid),
            holders: socket.holders.iter().map(HolderView::new).collect(),
            clients: socket.clients.iter().map(ClientView::new).collect(),
            through: &socket.leads.through,
            stores: &socket.leads.stores,
            confidence: socket.leads.confidence,
            evidence: &socket.leads.evidence,
        }
    }
}

#[derive(Serialize)]
struct HolderView<'a> {
    container: ContainerView<'a>,
    pod: Option<PodView<'a>>,
    path: &'a str,
    read_only: bool,
    ended: bool,
}

impl<'a> HolderView<'a> {
    fn new(holder: &'a Holder) -> Self {
        Self {
            container: ContainerView::new(&holder.container),
            pod: holder.pod.as_ref().map(PodView::new),
            path: &holder.path,
            read_only: holder.read_only,
            ended: holder.ended,
        }
    }
}

#[derive(Serialize)]
struct ClientView<'a> {
    process: Option<CallerView<'a>>,
    pids: &'a [u32],
    connections: u64,
    connections_seen: u64,
    asked: BTreeMap<&'static str, u64>,
}

impl<'a> ClientView<'a> {
    fn new(client: &'a Client) -> Self {
        let asked = client.asked.iter();
        Self {
            process: client.process.as_ref().map(CallerView::new),
            pids: &client.pids,
            connections: client.open,
            connections_seen: client.seen,
            asked: asked.map(|(op, number)| (op.as_str(), *number)).collect(),
        }
    }
}

#[derive(Serialize)]
struct DaemonView<'a> {
    pid: u32,
    version: Option<&'a str>,
    process: Option<CallerView<'a>>,
    args_cut: bool,
    sockets: &'a [EndpointId],
    stores: &'a [StoreId],
}

impl<'a> DaemonView<'a> {
    fn new(daemon: &'a Daemon) -> Self {
        Self {
            pid: daemon.key.pid,
            version: daemon.version.as_deref(),
            process: daemon.process.as_ref().map(CallerView::new),
            args_cut: daemon.args_cut,
            sockets: &daemon.sockets,
            stores: &daemon.stores,
        }
    }
}

#[derive(Serialize)]
struct StoreView<'a> {
    id: StoreId,
    kind: StoreKind,
    root: &'a str,
    driver: &'a str,
    namespace: Option<&'a str>,
    device: u64,
    inode: u64,
    state: &'static str,
    users: Vec<UserView<'a>>,
    images: Option<u64>,
    containers: Option<u64>,
    unpacked_bytes: Option<u64>,
    packed_bytes: Option<u64>,
    written_at: Option<String>,
    problems: &'a [String],
}

impl<'a> StoreView<'a> {
    fn new(known: &'a KnownStore) -> Self {
        let (store, listing) = (&known.store, known.listing.as_ref());
        let written = listing.and_then(|listing| listing.written);
        let micros =
            written.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1_000_000));
        Self {
            id: known.id,
            kind: store.kind,
            root: &store.root,
            driver: &store.driver,
            namespace: store.namespace.as_deref(),
            device: store.device,
            inode: store.inode,
            state: known.state.as_str(),
            users: known.users.iter().map(UserView::new).collect(),
            images: listing.map(|listing| listing.images),
            containers: listing.and_then(|listing| listing.containers),
            unpacked_bytes: listing.map(|listing| listing.unpacked),
            packed_bytes: listing.map(|listing| listing.packed),
            written_at: micros.map(rfc3339_utc),
            problems: listing.map_or(&[], |listing| &listing.problems),
        }
    }
}

#[derive(Serialize)]
struct UserView<'a> {
    pid: u32,
    evidence: &'a str,
}

impl<'a> UserView<'a> {
    fn new(user: &'a StoreUser) -> Self {
        Self {
            pid: user.process.pid,
            evidence: &user.evidence,
        }
    }
}

#[derive(Serialize)]
struct AnswerView<'a> {
    question: &'static str,
    value: Option<ValueView<'a>>,
    text: &'a str,
    evidence: &'a [String],
}

impl<'a> AnswerView<'a> {
    fn new(answer: &'a Answer) -> Self {
        Self {
            question: answer.question.as_str(),
            value: answer.value.as_ref().map(ValueView::new),
            text: &answer.text,
            evidence: &answer.evidence,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueView<'a> {
    Flag(bool),
    Endpoint(EndpointId),
    Stores(&'a [StoreId]),
    Shared(Vec<SharedView<'a>>),
    Count(u64),
}

#[derive(Serialize)]
struct SharedView<'a> {
    store: StoreId,
    sockets: &'a [EndpointId],
}

impl<'a> ValueView<'a> {
    fn new(value: &'a AnswerValue) -> Self {
        let shared = |(store, sockets): &'a (StoreId, Vec<EndpointId>)| SharedView {
            store: *store,
            sockets,
        };
        match value {
            AnswerValue::Flag(is) => Self::Flag(*is),
            AnswerValue::Endpoint(id) => Self::Endpoint(*id),
            AnswerValue::Stores(ids) => Self::Stores(ids),
            AnswerValue::Shared(groups) => Self::Shared(groups.iter().map(shared).collect()),
            AnswerValue::Count(number) => Self::Count(*number),
        }
    }
}
