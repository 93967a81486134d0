//! Who is connected to which socket, and who came and went: connections of one program in one place
//! are counted together.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::World;
use crate::correlate::bounded::Bounded;
use crate::correlate::caller::Attribution;
use crate::model::{Caller, Client, EndpointId, Op, Operation, ProcessKey, Runtime};
use crate::observation::{ConnectionId, Observation};

/// Programs told apart over all sockets; the one that was seen longest ago is forgotten when there
/// are more.
const MAX_GROUPS: usize = 4_096;

/// Open connections that are remembered.
const MAX_OPEN: usize = 16_384;

/// What makes two clients of a socket the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    endpoint: EndpointId,
    /// None if it could not be told who connects.
    who: Option<Who>,
}

/// A program in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    program: String,
    uid: u32,
    container: Option<String>,
    unit: Option<String>,
}

impl Who {
    fn of(caller: &Caller) -> Self {
        let container = caller.container.as_ref();
        Self {
            program: caller.name().to_owned(),
            uid: caller.uid,
            container: container.map(|container| container.id.clone()),
            unit: caller.unit.clone(),
        }
    }
}

/// What is known of a group.
#[derive(Debug, Default)]
struct Row {
    /// The process that connected last.
    last: Option<ProcessKey>,
    /// It, as far as it was known then: it may be forgotten by now.
    process: Option<Caller>,
    open: BTreeSet<(ProcessKey, ConnectionId)>,
    seen: u64,
    asked: BTreeMap<Op, u64>,
}

/// All clients of all sockets.
#[derive(Debug)]
pub(super) struct Clients {
    rows: Bounded<Group, Row>,
    connections: Bounded<ConnectionId, (Group, ProcessKey)>,
    came: bool,
}

/// Stands for a process that is not known.
const NOBODY: ProcessKey = ProcessKey { pid: 0, start: 0 };

impl Clients {
    pub(super) const fn new() -> Self {
        Self {
            rows: Bounded::new(MAX_GROUPS),
            connections: Bounded::new(MAX_OPEN),
            came: false,
        }
    }

    /// Takes in what was observed of connections; the world has taken it in already.
    pub(super) fn observe(&mut self, what: &Observation, world: &World) {
        match what {
            Observation::Connected {
                connection,
                endpoint,
                client,
                joined,
            } => {
                let is_shim = |endpoint: EndpointId| {
                    let known = world.endpoint(endpoint);
                    known.is_some_and(|it| it.runtime == Runtime::Shim)
                };
                if !is_shim(*endpoint) {
                    self.came |= !joined;
                    self.open(*connection, *endpoint, *client, world);
                }
            }
            Observation::Speaker {
                connection,
                process,
            } => self.spoken(*connection, *process, world),
            Observation::Disconnected { connection } => {
                self.close(*connection);
            }
            _ => {}
        }
    }

    fn open(
        &mut self,
        connection: ConnectionId,
        endpoint: EndpointId,
        client: Option<ProcessKey>,
        world: &World,
    ) {
        let process = client.and_then(|key| Attribution::seen(world, key).caller);
        let who = process.as_ref().map(Who::of);
        let (group, key) = (Group { endpoint, who }, client.unwrap_or(NOBODY));
        if self.rows.get(&group).is_none() {
            self.rows.insert(group.clone(), Row::default());
        }
        if let Some(row) = self.rows.get_mut(&group) {
            row.last = client.or(row.last);
            row.process = process.or(row.process.take());
            row.open.insert((key, connection));
            row.seen += 1;
        }
        let forgotten = self.connections.insert(connection, (group, key));
        if let Some((connection, (group, key))) = forgotten
            && let Some(row) = self.rows.get_mut(&group)
        {
            row.open.remove(&(key, connection));
        }
    }

    /// A connection of which nobody knew who had made it is that of who reads its answers.
    fn spoken(&mut self, connection: ConnectionId, process: ProcessKey, world: &World) {
        let known = self.connections.get(&connection);
        let Some((group, _)) = known.filter(|(group, _)| group.who.is_none()) else {
            return;
        };
        let endpoint = group.endpoint;
        if let Some(group) = self.close(connection)
            && let Some(row) = self.rows.get_mut(&group)
        {
            row.seen -= 1;
            if row.seen == 0 {
                self.rows.remove(&group);
            }
        }
        self.open(connection, endpoint, Some(process), world);
    }

    fn close(&mut self, connection: ConnectionId) -> Option<Group> {
        let (group, key) = self.connections.remove(&connection)?;
        if let Some(row) = self.rows.get_mut(&group) {
            row.open.remove(&(key, connection));
        }
        Some(group)
    }

    /// Counts an operation that has ended.
    pub(super) fn asked(&mut self, operation: &Operation) {
        let Some((endpoint, caller)) = operation.endpoint.id.zip(operation.caller.as_ref()) else {
            return;
        };
        let who = Some(Who::of(caller));
        if let Some(row) = self.rows.get_mut(&Group { endpoint, who }) {
            *row.asked.entry(operation.op).or_default() += operation.count.max(1);
        }
    }

    /// True if somebody connected while imgtrace looked on.
    pub(super) const fn came(&self) -> bool {
        self.came
    }

    /// The clients of a socket, those with the most connections first.
    pub(super) fn of(&self, endpoint: EndpointId, world: &World) -> Vec<Client> {
        let first = Group {
            endpoint,
            who: None,
        };
        let rows = self.rows.from(&first);
        let its = rows.take_while(|(group, _)| group.endpoint == endpoint);
        let mut clients: Vec<Client> = its.map(|(_, row)| row.client(world)).collect();
        clients.sort_by_key(|client| std::cmp::Reverse((client.open, client.seen)));
        clients
    }
}

impl Row {
    fn client(&self, world: &World) -> Client {
        let now = self
            .last
            .and_then(|key| Attribution::seen(world, key).caller);
        let pids: BTreeSet<u32> = self.open.iter().map(|(key, _)| key.pid).collect();
        Client {
            process: now.or_else(|| self.process.clone()),
            pids: pids
                .into_iter()
                .filter(|pid| *pid != NOBODY.pid)
                .take(Client::MAX_PIDS)
                .collect(),
            open: count(self.open.len()),
            seen: self.seen,
            asked: self.asked.clone(),
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
