//! The connections of this run: where they lead, who made them, who reads their answers.

use std::collections::VecDeque;

use super::bounded::Bounded;
use crate::model::{EndpointId, ProcessKey};
use crate::observation::ConnectionId;

/// Connections kept.
const MAX_CONNECTIONS: usize = 16_384;

/// Closed connections kept, for what was still on its way when they closed.
const MAX_CLOSED: usize = 1_024;

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) endpoint: EndpointId,
    /// Who called connect(2).
    pub(crate) client: Option<ProcessKey>,
    /// Who reads the answers, if that is another process.
    pub(crate) speaker: Option<ProcessKey>,
    /// True if it was there before imgtrace.
    pub(crate) joined: bool,
    /// True if a request on it has said that a client of the one who made it had caused it.
    pub(crate) marks_clients: bool,
}

impl Connection {
    /// The processes that it refers to.
    pub(crate) fn processes(&self) -> impl Iterator<Item = ProcessKey> + use<> {
        self.client.into_iter().chain(self.speaker)
    }
}

/// All connections, open and lately closed.
#[derive(Debug)]
pub(crate) struct Connections {
    known: Bounded<ConnectionId, Connection>,
    closed: VecDeque<ConnectionId>,
}

impl Connections {
    pub(crate) const fn new() -> Self {
        Self {
            known: Bounded::new(MAX_CONNECTIONS),
            closed: VecDeque::new(),
        }
    }

    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.known.get(&id)
    }

    /// Notes that a connection is used, by a request that says that a client caused it or not.
    pub(crate) fn touch(&mut self, id: ConnectionId, by_client: bool) {
        if let Some(connection) = self.known.get_mut(&id) {
            connection.marks_clients |= by_client;
        }
    }

    /// True if a process says which of its requests its clients have caused (dockerd from 28.1).
    pub(crate) fn marks_clients(&self, process: ProcessKey) -> bool {
        let mut known = self.known.iter();
        known.any(|(_, it)| it.marks_clients && it.client == Some(process))
    }

    /// Adds a connection; returns those that it replaces.
    pub(crate) fn open(&mut self, id: ConnectionId, connection: Connection) -> Vec<Connection> {
        let mut replaced: Vec<_> = self.known.remove(&id).into_iter().collect();
        let fell_out = self.known.insert(id, connection);
        replaced.extend(fell_out.map(|(_, connection)| connection));
        replaced
    }

    /// Notes who reads; returns the reader that this one takes the place of.
    ///
    /// The one that connected is no other process, so it takes the place of the other reader.
    pub(crate) fn speak(&mut self, id: ConnectionId, process: ProcessKey) -> Option<Spoken> {
        let connection = self.known.get_mut(&id)?;
        let before = connection.speaker;
        connection.speaker = (connection.client != Some(process)).then_some(process);
        (connection.speaker != before).then_some(Spoken {
            held: connection.speaker,
            released: before,
        })
    }

    /// Notes that a connection is gone; returns one that has been gone for long.
    pub(crate) fn close(&mut self, id: ConnectionId) -> Option<Connection> {
        self.known.get(&id)?;
        self.closed.push_back(id);
        if self.closed.len() <= MAX_CLOSED {
            return None;
        }
        let oldest = self.closed.pop_front()?;
        self.known.remove(&oldest)
    }

    /// Those that were there before imgtrace and are open.
    pub(crate) fn joined(&self) -> impl Iterator<Item = &Connection> {
        let joined = self.known.iter().filter(|(_, it)| it.joined);
        joined
            .filter(|(id, _)| !self.closed.contains(id))
            .map(|(_, connection)| connection)
    }

    /// The endpoints that a process has connections to, each once.
    pub(crate) fn endpoints_of(&self, client: ProcessKey) -> Vec<EndpointId> {
        let mut endpoints: Vec<_> = self
            .known
            .iter()
            .filter(|(_, connection)| connection.client == Some(client))
            .map(|(_, connection)| connection.endpoint)
            .collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        endpoints
    }
}

/// A change of who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) held: Option<ProcessKey>,
    pub(crate) released: Option<ProcessKey>,
}
