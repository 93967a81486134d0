//! What was lost, summed up so that a flood of losses does not become a flood of lines.

use std::collections::BTreeMap;

use super::World;
use crate::model::{EndpointId, Loss, LossKind, Report, Stamp};
use crate::observation::{ConnectionId, Observation};

/// Milliseconds between two reports of one kind of loss; the first is reported at once.
const INTERVAL: f64 = 5_000.0;

/// Connections told apart between two reports of one kind; what exceeds it is summed without one.
const MAX_CONNECTIONS: usize = 16;

/// What was lost and is not said yet, by kind.
#[derive(Debug)]
pub(super) struct Losses {
    kinds: BTreeMap<LossKind, Kind>,
}

#[derive(Debug, Default)]
struct Kind {
    said: Option<Stamp>,
    pending: BTreeMap<Option<ConnectionId>, Sum>,
}

#[derive(Debug, Default)]
struct Sum {
    endpoint: Option<EndpointId>,
    records: u64,
    bytes: u64,
}

impl Losses {
    pub(super) const fn new() -> Self {
        Self {
            kinds: BTreeMap::new(),
        }
    }

    pub(super) fn observe(
        &mut self,
        at: Stamp,
        what: &Observation,
        world: &World,
        out: &mut Vec<Report>,
    ) {
        match what {
            Observation::Lost {
                what,
                connection,
                records,
                bytes,
            } => {
                let endpoint = connection.and_then(|id| world.connections.get(id));
                let sum = Sum {
                    endpoint: endpoint.map(|connection| connection.endpoint),
                    records: *records,
                    bytes: *bytes,
                };
                let kind = self.kinds.entry(*what).or_default();
                kind.add(*connection, &sum);
                if kind.said.is_none() {
                    kind.say(at, *what, out);
                }
            }
            Observation::Tick => self.say(at, out, |kind| {
                kind.said
                    .is_none_or(|said| at.millis_since(said) >= INTERVAL)
            }),
            Observation::End => self.say(at, out, |_| true),
            _ => {}
        }
    }

    fn say(&mut self, at: Stamp, out: &mut Vec<Report>, due: impl Fn(&Kind) -> bool) {
        for (what, kind) in self.kinds.iter_mut().filter(|(_, kind)| due(kind)) {
            kind.say(at, *what, out);
        }
    }
}

impl Kind {
    fn add(&mut self, connection: Option<ConnectionId>, lost: &Sum) {
        let full = self.pending.len() >= MAX_CONNECTIONS;
        let known = self.pending.contains_key(&connection);
        let place = if full && !known { None } else { connection };
        let sum = self.pending.entry(place).or_default();
        sum.endpoint = lost.endpoint.filter(|_| place.is_some());
        sum.records = sum.records.saturating_add(lost.records);
        sum.bytes = sum.bytes.saturating_add(lost.bytes);
    }

    /// Says what is pending. With nothing pending the next loss is said at once again.
    fn say(&mut self, at: Stamp, what: LossKind, out: &mut Vec<Report>) {
        self.said = (!self.pending.is_empty()).then_some(at);
        for (connection, sum) in std::mem::take(&mut self.pending) {
            out.push(Report::Loss(Loss {
                at,
                what,
                endpoint: sum.endpoint,
                connection: connection.map(|id| id.0),
                records: sum.records,
                bytes: sum.bytes,
            }));
        }
    }
}

#[cfg(test)]
mod tests;
