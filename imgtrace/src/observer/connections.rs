//! The watched connections: their decoders, and the numbers that observations bear.

use std::collections::{BTreeSet, HashMap, VecDeque};

use imgtrace_common::{Data, direction};

use crate::{
    decode::{self, Direction, Exchange, Segment, api::rpc::MAX_GUESSED},
    model::{EndpointId, LossKind, Outcome, ProcessKey, Stamp},
    observation::{Anomaly, ConnectionId, Observation, Observed, RequestId},
};

/// Connections that are decoded at once; more are counted as lost. As many as the kernel's table
/// of sockets has room for, which forgets a closed one sooner than this does.
const OPEN_MAX: usize = 32_768;

/// One connection.
struct Connection {
    id: ConnectionId,
    endpoint: EndpointId,
    /// tgid of the process that called connect(2), 0 where unknown.
    client: u32,
    decoder: decode::Connection,
    requests: HashMap<Exchange, RequestId>,
    /// The last that were guessed, open or ended, for a guess may turn out wrong.
    guessed: VecDeque<(Exchange, RequestId)>,
    /// Who read the last answer, if it was another than the one that connected.
    speaker: Option<ProcessKey>,
    /// Where each direction goes on, client's first.
    expected: [u64; 2],
    /// Bytes that were counted and not copied since the decoder last lost its footing.
    cut: u64,
    /// When the kernel side announced it, ns of `CLOCK_MONOTONIC`.
    since: u64,
}

/// All of them, by the number that the kernel side gave.
#[derive(Default)]
pub(super) struct Connections {
    open: HashMap<u64, Connection>,
    /// How many there have been.
    count: u64,
    /// How many requests there have been.
    requests: u64,
    /// Connections that a scan did not see, and the time of that scan: they are closed when all
    /// records from before it have been handed over.
    closing: Vec<(u64, u64)>,
}

/// What a buffer told besides its bytes.
pub(super) enum Heard {
    /// Another process than before reads answers: not the one that connected, or that one again.
    Speaker(ProcessKey),
    /// The daemon has read a request.
    Server(EndpointId, ProcessKey),
    /// Nothing new.
    Nothing,
}

impl Connections {
    /// A connection has begun, or was there before imgtrace. `None` if it is known already.
    pub(super) fn begin(
        &mut self,
        kernel: u64,
        endpoint: EndpointId,
        client: u32,
        joined: bool,
        since: u64,
    ) -> Option<ConnectionId> {
        if self.open.contains_key(&kernel) {
            return None;
        }
        self.count += 1;
        let id = ConnectionId(self.count);
        let connection = Connection {
            id,
            endpoint,
            client,
            decoder: decode::Connection::new(joined),
            requests: HashMap::new(),
            guessed: VecDeque::new(),
            speaker: None,
            expected: [0; 2],
            cut: 0,
            since,
        };
        self.open.insert(kernel, connection);
        Some(id)
    }

    /// Whether a connection is open, as far as was seen.
    pub(super) fn contains(&self, kernel: u64) -> bool {
        self.open.contains_key(&kernel)
    }

    /// Whether there is no room for another connection.
    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= OPEN_MAX
    }

    /// Whether any request waits for its answer.
    pub(super) fn busy(&self) -> bool {
        self.open
            .values()
            .any(|connection| !connection.requests.is_empty())
    }

    /// Number and endpoint of an open connection.
    pub(super) fn get(&self, kernel: u64) -> Option<(ConnectionId, EndpointId)> {
        self.open
            .get(&kernel)
            .map(|connection| (connection.id, connection.endpoint))
    }

    /// Who speaks, as a buffer shows it: the process that reads is current.
    pub(super) fn hear(&mut self, data: &Data) -> Heard {
        let Some(connection) = self.open.get_mut(&data.connection) else {
            return Heard::Nothing;
        };
        let reader = super::processes::key(data.reader, data.reader_start);
        if data.unread != 0 {
            // Whoever is current closes the socket and has read nothing.
            return Heard::Nothing;
        }
        if data.direction == direction::TO_SERVER {
            return Heard::Server(connection.endpoint, reader);
        }
        let speaker = (data.reader != connection.client).then_some(reader);
        if connection.speaker != speaker {
            connection.speaker = speaker;
            return Heard::Speaker(reader);
        }
        Heard::Nothing
    }

    /// Decodes a buffer.
    pub(super) fn push(
        &mut self,
        data: &Data,
        payload: bytes::Bytes,
        at: Stamp,
        out: &mut Vec<Observed>,
    ) {
        let Some(connection) = self.open.get_mut(&data.connection) else {
            return;
        };
        let direction = if data.direction == direction::TO_SERVER {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        let segment = Segment {
            at,
            direction,
            offset: data.offset,
            len: data.len,
            bytes: payload,
        };
        connection.account(data, at, out);
        let mut events = Vec::new();
        connection.decoder.push(segment, &mut events);
        connection.blame_budget(direction, &events, at, out);
        connection.observe(events, at, &mut self.requests, out);
    }

    /// Notes the connections that a scan at `scanned` (ns) did not see, and of those that their client has `left` the
    /// ones that wait for an answer, which nobody will read. (Where none is awaited, the daemon may still read what the
    /// client asked last.)
    pub(super) fn missing(&mut self, open: &BTreeSet<u64>, left: &BTreeSet<u64>, scanned: u64) {
        let closing = self.open.iter().filter_map(|(kernel, connection)| {
            let is_gone = !open.contains(kernel)
                || (left.contains(kernel) && !connection.requests.is_empty());
            (is_gone && connection.since < scanned).then_some((*kernel, scanned))
        });
        self.closing = closing.collect();
        // The table has no order, and observations must have one.
        self.closing.sort_unstable();
    }

    /// Ends the connections that were missing, once the records up to `handed_over` (ns) are here.
    pub(super) fn close_missing(&mut self, handed_over: u64, at: Stamp, out: &mut Vec<Observed>) {
        let (ripe, waiting) = std::mem::take(&mut self.closing)
            .into_iter()
            .partition(|(_, scanned)| *scanned < handed_over);
        self.closing = waiting;
        let ripe: Vec<(u64, u64)> = ripe;
        for (kernel, _) in ripe {
            self.close(kernel, at, out);
        }
    }

    fn close(&mut self, kernel: u64, at: Stamp, out: &mut Vec<Observed>) {
        let Some(mut connection) = self.open.remove(&kernel) else {
            return;
        };
        let mut events = Vec::new();
        connection.decoder.close(at, &mut events);
        connection.observe(events, at, &mut self.requests, out);
        let what = Observation::Disconnected {
            connection: connection.id,
        };
        out.push(Observed { at, what });
    }
}

impl Connection {
    /// Counts what is missing before a buffer, and what of it was not copied.
    fn account(&mut self, data: &Data, at: Stamp, out: &mut Vec<Observed>) {
        let slot = usize::from(data.direction != direction::TO_SERVER);
        if let Some(expected) = self.expected.get_mut(slot) {
            let missing = data.offset.saturating_sub(*expected);
            *expected = data.offset + u64::from(data.len);
            if missing > 0 {
                self.lost(LossKind::Buffer, missing, at, out);
            }
        }
        self.cut += u64::from(data.len.saturating_sub(data.copied));
    }

    /// Says that the budget took what the decoder needed: an operation's end, or the footing where
    /// a request may follow. Bulk that was counted and not copied is no loss.
    fn blame_budget(
        &mut self,
        direction: Direction,
        events: &[decode::Event],
        at: Stamp,
        out: &mut Vec<Observed>,
    ) {
        use decode::Event;
        let is_loss = |event: &Event| match event {
            Event::Ended { outcome, .. } => *outcome == Outcome::Unknown,
            Event::Anomaly(Anomaly::LostFraming) => direction == Direction::ToServer,
            _ => false,
        };
        if self.cut > 0 && events.iter().any(is_loss) {
            let cut = std::mem::take(&mut self.cut);
            self.lost(LossKind::Budget, cut, at, out);
        }
    }

    fn lost(&self, what: LossKind, bytes: u64, at: Stamp, out: &mut Vec<Observed>) {
        let connection = Some(self.id);
        let what = Observation::Lost {
            what,
            connection,
            records: 0,
            bytes,
        };
        out.push(Observed { at, what });
    }

    /// Puts decoded events into the words of observations.
    fn observe(
        &mut self,
        events: Vec<decode::Event>,
        at: Stamp,
        requests: &mut u64,
        out: &mut Vec<Observed>,
    ) {
        use decode::Event;
        let connection = self.id;
        for event in events {
            let (at, what) = match event {
                Event::Began {
                    exchange,
                    at: began,
                    api,
                    op,
                    subject,
                    basis,
                    correlation,
                } => {
                    *requests += 1;
                    let request = RequestId(*requests);
                    self.requests.insert(exchange, request);
                    if !basis.is_observed() {
                        self.guessed.push_back((exchange, request));
                        if self.guessed.len() > MAX_GUESSED {
                            self.guessed.pop_front();
                        }
                    }
                    let began = (began != at).then_some(began);
                    let what = Observation::RequestBegan {
                        request,
                        connection,
                        api,
                        op,
                        subject,
                        began,
                        basis,
                        correlation,
                    };
                    (at, what)
                }
                Event::Progress { exchange, subject } => match self.requests.get(&exchange) {
                    Some(request) => (
                        at,
                        Observation::RequestProgress {
                            request: *request,
                            subject,
                        },
                    ),
                    None => continue,
                },
                Event::Ended {
                    exchange,
                    at,
                    outcome,
                    error,
                    subject,
                } => match self.requests.remove(&exchange) {
                    Some(request) => (
                        at,
                        Observation::RequestEnded {
                            request,
                            outcome,
                            error,
                            subject,
                        },
                    ),
                    None => continue,
                },
                Event::Withdrawn { exchange } => match self.withdraw(exchange) {
                    Some(request) => (at, Observation::RequestWithdrawn { request }),
                    None => continue,
                },
                Event::Learned(fact) => (at, Observation::Learned { connection, fact }),
                Event::Anomaly(anomaly) => (
                    at,
                    Observation::Anomaly {
                        connection,
                        anomaly,
                    },
                ),
            };
            out.push(Observed { at, what });
        }
    }

    /// The open request of an exchange, or else the last that was guessed on it, which is none any
    /// more.
    fn withdraw(&mut self, exchange: Exchange) -> Option<RequestId> {
        let open = self.requests.remove(&exchange);
        let mut newest_first = self.guessed.iter().rev();
        let guessed = newest_first.find(|(guessed, _)| *guessed == exchange);
        open.or(guessed.map(|(_, request)| *request))
    }
}

#[cfg(test)]
mod tests;
