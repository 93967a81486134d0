//! Kernel events in, observations out: joins `capture`, `decode` and `host`.
//!
//! It knows which listener is whose, which connection is decoded how far, and who is behind a pid.
//! It draws no conclusion: who caused what is `correlate`'s.

mod attempts;
mod beat;
mod connections;
mod containers;
mod endpoints;
mod index;
mod inventory;
mod mounts;
mod oci;
mod processes;
mod scan;
mod search;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use imgtrace_common::{Accepted, Data, ListenerKey, Watch, action, origin};

use crate::{
    capture::{Capture, Error, Event, Record},
    host::{
        Clock,
        notices::{self, Note},
        process, runtimes,
    },
    model::{EndpointId, Listener, LossKind, ProcessKey, Stamp},
    observation::{ConnectionId, Observation, Observed},
};

use attempts::Attempts;
use connections::{Connections, Heard};
use containers::Running;
pub use endpoints::Declared;
use endpoints::{Endpoints, Found};
pub use inventory::Progress;
use inventory::Stores;
use mounts::RootFileSystems;
use oci::Calls;
use processes::Processes;
use search::Search;

/// See the module.
pub struct Observer {
    clock: Clock,
    endpoints: Endpoints,
    connections: Connections,
    processes: Processes,
    attempts: Attempts,
    calls: Calls,
    running: Running,
    mounts: RootFileSystems,
    stores: Stores,
    /// What searches containers for sockets, and whether it has been told of none yet.
    search: Option<(Search, bool)>,
    out: Vec<Observed>,
    /// Processes that were described as they read, and not observed since.
    read: Vec<ProcessKey>,
    /// The listeners of the last look at all open files, a runtime's or not.
    listening: HashSet<Listener>,
    scanned: Instant,
    scan_cost: Duration,
    ticked: Instant,
    /// Observations since the last tick.
    lively: bool,
}

impl Observer {
    /// An observer that watches runtimes' sockets and those that the user declared.
    pub fn new(declared: Vec<Declared>) -> Self {
        let now = Instant::now();
        Self {
            clock: Clock::new(),
            endpoints: Endpoints::new(declared),
            connections: Connections::default(),
            processes: Processes::new(),
            attempts: Attempts::default(),
            calls: Calls::default(),
            running: Running::new(),
            mounts: RootFileSystems::default(),
            stores: Stores::default(),
            search: None,
            out: Vec::new(),
            read: Vec::new(),
            listening: HashSet::new(),
            scanned: now,
            scan_cost: Duration::ZERO,
            ticked: now,
            lively: false,
        }
    }

    /// File names under which the kernel side captures a listener that nobody announced.
    pub fn basenames(&self) -> Vec<String> {
        let declared = self.endpoints.declared_names().map(ToOwned::to_owned);
        runtimes::basenames()
            .map(ToOwned::to_owned)
            .chain(declared)
            .collect()
    }

    /// Finds the endpoints, attaches the programs, and joins the connections that exist.
    ///
    /// # Errors
    ///
    /// If the kernel refuses a program.
    pub fn begin(&mut self, capture: &mut Capture) -> Result<(), Error> {
        let before = capture.sockets()?;
        self.listeners(capture, &before.rows);
        capture.attach()?;
        self.scan(capture)?;
        let at = self.clock.now();
        // The beginning of the run, for all that counts from it.
        self.out.push(Observed {
            at,
            what: Observation::Tick,
        });
        self.look_around(capture, at);
        self.begin_inventory(self.mounts.guide(), at);
        self.begin_search();
        if self.endpoints.all().next().is_none() {
            let what = Observation::Notice {
                about: "no-endpoint".to_owned(),
                text:
                    "no container runtime listens on this machine yet; one that comes is watched \
                       from its first client on"
                        .to_owned(),
                endpoint: None,
            };
            self.out.push(Observed { at, what });
        }
        for declared in self.endpoints.missing() {
            let what = Observation::Notice {
                about: "nobody-listens".to_owned(),
                text: format!(
                    "nobody listens on {} yet; it is watched as soon as somebody does",
                    declared.path
                ),
                endpoint: None,
            };
            self.out.push(Observed { at, what });
        }
        Ok(())
    }

    /// Takes what was observed since the last call.
    pub fn take(&mut self) -> Vec<Observed> {
        self.lively |= !self.out.is_empty();
        self.search_observed();
        std::mem::take(&mut self.out)
    }

    /// Takes in what the kernel side says.
    pub fn observe(&mut self, capture: &mut Capture, event: Event) {
        let at = self.clock.stamp(event.at);
        match event.record {
            Record::Process(process) => {
                self.processes.learn(&process);
                let key = processes::key(process.pid, process.start);
                match process.origin {
                    origin::READ => self.read.push(key),
                    origin::EXEC => self.executed(key, at),
                    _ => {}
                }
            }
            Record::Accepted(accepted) => self.accepted(capture, &accepted, at),
            Record::Data(data, payload) => self.data(&data, payload, at),
            Record::ConnectAttempt(attempt) => self.attempted(&attempt, at),
            Record::Mounting(made) => self.made_mount(&made),
        }
    }

    /// A process has executed a program.
    fn executed(&mut self, process: ProcessKey, at: Stamp) {
        self.watch_what_it_uses(process);
        self.called(process, at);
        self.ran(process, at);
    }

    fn accepted(&mut self, capture: &mut Capture, accepted: &Accepted, at: Stamp) {
        let server = processes::key(accepted.server, accepted.server_start);
        let found = Found {
            listener: ListenerKey {
                inode: accepted.inode,
                device: accepted.device,
                reserved: 0,
            },
            address: accepted.address,
            name: processes::text(&accepted.name),
            server,
        };
        let Some(endpoint) = self.endpoint(capture, &found) else {
            return;
        };
        self.attempts
            .accepted(accepted.client, endpoint, accepted.header.at);
        self.served(endpoint, server, at);
        self.endpoints.say(at, &mut self.out);
        if !self.endpoints.is_watched(endpoint) {
            return;
        }
        let client = if accepted.client_start == 0 {
            // It was gone already when the daemon accepted.
            self.processes.latest(accepted.client)
        } else {
            Some(processes::key(accepted.client, accepted.client_start))
        };
        self.connected(
            accepted.connection,
            endpoint,
            accepted.client,
            client,
            at,
            false,
        );
    }

    fn connected(
        &mut self,
        kernel: u64,
        endpoint: EndpointId,
        pid: u32,
        client: Option<ProcessKey>,
        at: Stamp,
        joined: bool,
    ) {
        if self.connections.is_full() {
            self.lost(LossKind::Table, None, 1, 0, at);
            return;
        }
        let Some(connection) = self
            .connections
            .begin(kernel, endpoint, pid, joined, at.mono)
        else {
            return;
        };
        if let Some(client) = client {
            self.processes.say(client, at, &mut self.out);
        }
        let what = Observation::Connected {
            connection,
            endpoint,
            client,
            joined,
        };
        self.out.push(Observed { at, what });
    }

    /// The endpoint that a listener is, watched from now on; none if it is no runtime's.
    fn endpoint(&mut self, capture: &mut Capture, found: &Found) -> Option<EndpointId> {
        self.processes.complete(found.server);
        let program = self.program(found.server);
        let endpoint = self.endpoints.find(found, &program, self.processes.users());
        let watch = endpoint.and_then(|id| self.endpoints.watch(id)).unwrap_or((
            found.listener,
            Watch {
                address: found.address,
                endpoint: 0,
                action: action::IGNORE,
            },
        ));
        if let Err(error) = capture.watch(watch.0, watch.1) {
            tracing::warn!(%error, path = found.name, "a listener cannot be watched");
        }
        endpoint
    }

    /// File name of a process' program, else its short name.
    fn program(&self, process: ProcessKey) -> String {
        self.processes
            .get(process)
            .map_or_else(String::new, |process| {
                let exe = process
                    .exe
                    .as_deref()
                    .and_then(|exe| exe.rsplit('/').next());
                exe.unwrap_or(&process.comm).to_owned()
            })
    }

    /// Notes who was seen to serve an endpoint.
    fn served(&mut self, endpoint: EndpointId, server: ProcessKey, at: Stamp) {
        // Of several workers on one listener the first that was seen stands for all while it lives.
        let seen = self
            .endpoints
            .seen_serving(endpoint)
            .filter(|seen| *seen != server);
        if seen.is_some_and(process::is_alive) {
            return;
        }
        self.held(endpoint, server, at);
        self.endpoints.saw_serving(endpoint, server);
    }

    /// Notes who serves an endpoint as far as is known, and what of that cannot be seen.
    fn held(&mut self, endpoint: EndpointId, server: ProcessKey, at: Stamp) {
        self.processes.complete(server);
        self.watch_namespace_of(server.pid);
        let exe = self
            .processes
            .get(server)
            .and_then(|process| process.exe.clone());
        if !self.endpoints.served(endpoint, server, exe) {
            return;
        }
        self.processes.say(server, at, &mut self.out);
        let notes = self
            .endpoints
            .get(endpoint)
            .zip(self.processes.get(server))
            .map_or_else(Vec::new, |(endpoint, server)| {
                notices::of_server(server, endpoint)
            });
        for Note { about, text } in notes {
            let about = about.to_owned();
            let what = Observation::Notice {
                about,
                text,
                endpoint: Some(endpoint),
            };
            self.out.push(Observed { at, what });
        }
    }

    fn data(&mut self, data: &Data, payload: bytes::Bytes, at: Stamp) {
        if !self.connections.contains(data.connection) && !self.found_late(data, at) {
            return;
        }
        // The kernel side describes whoever begins to read, just before what is read.
        for process in std::mem::take(&mut self.read) {
            self.processes.say(process, at, &mut self.out);
        }
        match self.connections.hear(data) {
            Heard::Speaker(process) => {
                let Some((connection, _)) = self.connections.get(data.connection) else {
                    return;
                };
                self.processes.say(process, at, &mut self.out);
                self.out.push(Observed {
                    at,
                    what: Observation::Speaker {
                        connection,
                        process,
                    },
                });
            }
            Heard::Server(endpoint, server) => {
                self.served(endpoint, server, at);
                self.endpoints.say(at, &mut self.out);
            }
            Heard::Nothing => {}
        }
        self.connections.push(data, payload, at, &mut self.out);
    }

    /// A buffer of a connection whose beginning was lost. False if it is no endpoint's.
    fn found_late(&mut self, data: &Data, at: Stamp) -> bool {
        let endpoint = EndpointId(data.endpoint);
        if self.endpoints.get(endpoint).is_none() {
            return false;
        }
        let client = self.processes.latest(data.client);
        self.connected(data.connection, endpoint, data.client, client, at, true);
        let connection = self.connections.get(data.connection).map(|(id, _)| id);
        self.lost(LossKind::Connection, connection, 1, 0, at);
        true
    }

    fn lost(
        &mut self,
        what: LossKind,
        connection: Option<ConnectionId>,
        records: u64,
        bytes: u64,
        at: Stamp,
    ) {
        let what = Observation::Lost {
            what,
            connection,
            records,
            bytes,
        };
        self.out.push(Observed { at, what });
    }
}
