//! Kernel events in, observations out: joins `capture`, `decode` and `host`.
//!
//! It knows which listener is whose, which connection is decoded how far, and who is behind a pid.
//! It draws no conclusion: who caused what is `correlate`'s.

mod attempts;
mod connections;
mod endpoints;
mod processes;

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use imgtrace_common::{
    Accepted, ConnectAttempt, Data, JOINED, ListenerKey, SocketRow, Watch, action, role,
};

use crate::{
    capture::{Capture, Error, Event, Record, monotonic},
    host::{
        Clock,
        notices::{self, Note},
        refused::{Attempt, Known, Refusal, Sockets},
        runtimes,
    },
    model::{EndpointId, Listener, LossKind, ProcessKey, Stamp},
    observation::{ConnectionId, Observation, Observed},
};

use attempts::{Attempts, Waiting};
use connections::{Connections, Heard};
pub use endpoints::Declared;
use endpoints::{Endpoints, Found};
use processes::Processes;

/// The least time between two looks at all open files.
const SCAN_INTERVAL: Duration = Duration::from_secs(2);
/// A look may take this part of the time at most: on a node with a million open files it takes
/// long, and comes less often.
const SCAN_SHARE: u32 = 100;
/// How often time passes in the log of observations while something is going on.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub struct Observer {
    clock: Clock,
    endpoints: Endpoints,
    connections: Connections,
    processes: Processes,
    attempts: Attempts,
    out: Vec<Observed>,
    /// The listeners of the last look at all open files, a runtime's or not.
    listening: Vec<Listener>,
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
            out: Vec::new(),
            listening: Vec::new(),
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
        let rows = capture.sockets()?;
        self.listeners(capture, &rows);
        capture.attach()?;
        self.scan(capture)?;
        let at = self.clock.now();
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
        std::mem::take(&mut self.out)
    }

    /// Takes in what the kernel side says.
    pub fn observe(&mut self, capture: &mut Capture, event: Event) {
        let at = self.clock.stamp(event.at);
        match event.record {
            Record::Process(process) => self.processes.learn(&process),
            Record::Accepted(accepted) => self.accepted(capture, &accepted, at),
            Record::Data(data, payload) => self.data(&data, payload, at),
            Record::ConnectAttempt(attempt) => self.attempted(&attempt, at),
        }
    }

    fn accepted(&mut self, capture: &mut Capture, accepted: &Accepted, at: Stamp) {
        let server = processes::key(accepted.server, accepted.server_start);
        self.attempts.accepted(accepted.client, accepted.header.at);
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

    /// Notes who serves an endpoint, and what of it cannot be seen.
    fn served(&mut self, endpoint: EndpointId, server: ProcessKey, at: Stamp) {
        self.processes.complete(server);
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
        self.lost(LossKind::Connection, connection, 1, data.offset, at);
        true
    }

    fn attempted(&mut self, attempt: &ConnectAttempt, at: Stamp) {
        let process = processes::key(attempt.pid, attempt.start);
        let path = processes::text(&attempt.path);
        let Some(caller) = self.processes.get(process) else {
            return;
        };
        let rights = self.processes.credentials(process);
        if let Some(attempt) = Attempt::new(caller, path.as_bytes(), at, rights) {
            self.attempts.tried(Waiting {
                at,
                process,
                path,
                attempt,
            });
        }
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

    /// Does what is due: called a few times a second, after all records from before `handed_over`
    /// (ns of `CLOCK_MONOTONIC`) were taken in.
    ///
    /// # Errors
    ///
    /// If the open files cannot be listed any more.
    pub fn pass_time(&mut self, capture: &mut Capture, handed_over: u64) -> Result<(), Error> {
        self.clock.refresh();
        let at = self.clock.now();
        let losses = capture.take_losses();
        for (what, records) in [
            (LossKind::Buffer, losses.buffer),
            (LossKind::Table, losses.table),
        ] {
            if records > 0 {
                self.lost(what, None, records, 0, at);
            }
        }
        self.refuse(capture, at.mono)?;
        self.connections
            .close_missing(handed_over, at, &mut self.out);
        if self.scanned.elapsed() >= SCAN_INTERVAL.max(self.scan_cost * SCAN_SHARE) {
            self.scan(capture)?;
        }
        let lively = self.lively || !self.out.is_empty() || self.connections.busy();
        if lively && self.ticked.elapsed() >= TICK_INTERVAL {
            self.ticked = Instant::now();
            self.out.push(Observed {
                at,
                what: Observation::Tick,
            });
            self.lively = false;
        }
        Ok(())
    }

    /// Judges the attempts to connect that no accept(2) has contradicted by `now` (ns).
    fn refuse(&mut self, capture: &mut Capture, now: u64) -> Result<(), Error> {
        let ripe = self.attempts.ripe(now);
        if ripe.is_empty() {
            return Ok(());
        }
        let rows = capture.sockets()?;
        let listening = self
            .listening
            .iter()
            .copied()
            .chain(
                of_role(&rows, role::LISTENER)
                    .map(Found::of_row)
                    .map(|found| found.place()),
            )
            .collect();
        let known = self.known();
        for Waiting {
            at,
            process,
            path,
            attempt,
        } in ripe
        {
            let sockets = Sockets {
                listening: &listening,
                known: &known,
            };
            let Some(refusal) = attempt.judge(sockets, self.processes.users()) else {
                continue;
            };
            self.processes.say(process, at, &mut self.out);
            let Refusal {
                endpoint,
                runtime,
                denial,
            } = refusal;
            let what = Observation::Refused {
                process,
                path,
                endpoint,
                runtime,
                denial,
                seen: false,
            };
            self.out.push(Observed { at, what });
        }
        Ok(())
    }

    /// The endpoints, as far as a refusal may be about one.
    fn known(&self) -> Vec<Known> {
        let mount_ns = |server: ProcessKey| {
            self.processes
                .get(server)
                .map_or(0, |process| process.mount_ns)
        };
        self.endpoints
            .all()
            .map(|endpoint| {
                let server = endpoint.server.as_ref().map(|server| server.process);
                Known {
                    id: endpoint.id,
                    runtime: endpoint.runtime,
                    path: endpoint.path.clone(),
                    listener: endpoint.listener,
                    mount_ns: server.map_or(0, mount_ns),
                    server: server.map(|server| server.pid),
                }
            })
            .collect()
    }

    /// The end of the run.
    ///
    /// # Errors
    ///
    /// If the open files cannot be listed any more.
    pub fn end(&mut self, capture: &mut Capture) -> Result<(), Error> {
        let refused = self.refuse(capture, u64::MAX);
        self.out.push(Observed {
            at: self.clock.now(),
            what: Observation::End,
        });
        refused
    }

    /// Looks at the open files of all processes: what listens, what is connected, what is gone.
    fn scan(&mut self, capture: &mut Capture) -> Result<(), Error> {
        let (began, before) = (Instant::now(), monotonic());
        let rows = capture.sockets()?;
        self.listeners(capture, &rows);
        let listening: Vec<Found> = of_role(&rows, role::LISTENER).map(Found::of_row).collect();
        self.listening = listening.iter().map(Found::place).collect();
        for gone in self.endpoints.retain(&listening) {
            capture.unwatch(gone);
        }
        let at = self.clock.now();
        let joined = self.join(&rows);
        self.endpoints.say(at, &mut self.out);
        for (kernel, endpoint, pid, client) in joined {
            self.connected(kernel, endpoint, pid, client, at, true);
        }
        let open: BTreeSet<u64> = rows
            .iter()
            .map(|row| row.connection)
            .filter(|number| *number != 0)
            .collect();
        self.connections.missing(&open, before);
        capture.sweep(&open, before);
        (self.scanned, self.scan_cost) = (Instant::now(), began.elapsed());
        Ok(())
    }

    /// Finds endpoints among the listeners and notes who serves those that nobody was seen to.
    fn listeners(&mut self, capture: &mut Capture, rows: &[SocketRow]) {
        let at = self.clock.now();
        let mut holders: HashMap<EndpointId, Vec<ProcessKey>> = HashMap::new();
        let mut order = Vec::new();
        for found in of_role(rows, role::LISTENER).map(Found::of_row) {
            self.processes.complete(found.server);
            let program = self.program(found.server);
            let Some(endpoint) = self
                .endpoints
                .find(&found, &program, self.processes.users())
            else {
                continue;
            };
            if let Some((listener, watch)) = self.endpoints.watch(endpoint)
                && let Err(error) = capture.watch(listener, watch)
            {
                tracing::warn!(%error, path = found.name, "a listener cannot be watched");
            }
            holders.entry(endpoint).or_default().push(found.server);
            order.push(endpoint);
        }
        for endpoint in order {
            if self.endpoints.is_served(endpoint) {
                continue;
            }
            // Under socket activation pid 1 holds the listener too; the daemon's program tells.
            let held = holders.remove(&endpoint).unwrap_or_default();
            let server = held
                .iter()
                .find(|process| runtimes::of_program(&self.program(**process)).is_some())
                .or_else(|| held.iter().find(|process| process.pid != 1));
            if let Some(server) = server.copied() {
                self.served(endpoint, server, at);
            }
        }
    }

    /// Connections that the last look entered into the kernel's table: number, endpoint, pid and
    /// key of the process that connected.
    fn join(&mut self, rows: &[SocketRow]) -> Vec<(u64, EndpointId, u32, Option<ProcessKey>)> {
        let mut joined = Vec::new();
        let mut seen = BTreeSet::new();
        for row in rows.iter().filter(|row| row.connection & JOINED == JOINED) {
            if self.connections.contains(row.connection) || !seen.insert(row.connection) {
                continue;
            }
            let holder = of_role(rows, role::CLIENT)
                .find(|other| other.connection == row.connection && other.pid == row.client);
            let client = holder
                .map(|holder| processes::key(holder.pid, holder.pid_start))
                .or_else(|| self.processes.latest(row.client));
            let endpoint = EndpointId(row.endpoint);
            self.endpoints.joined(endpoint);
            joined.push((row.connection, endpoint, row.client, client));
        }
        joined
    }
}

fn of_role(rows: &[SocketRow], role: u32) -> impl Iterator<Item = &SocketRow> {
    rows.iter().filter(move |row| row.role == role)
}
