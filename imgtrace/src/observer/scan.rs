//! Looks at the open files of all processes: what listens, what is connected, what is gone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};

use imgtrace_common::{JOINED, SocketRow, role};

use super::{Observer, endpoints::Found, processes};
use crate::{
    capture::{Capture, Error, Sockets, monotonic},
    host::runtimes,
    model::{EndpointId, ProcessKey},
};

/// How old a connection must be before it is taken for closed because no open file shows it, in ns.
const SWEEP_AFTER_NS: u64 = 1_000_000_000;

impl Observer {
    /// Looks at the open files of all processes: what listens, what is connected, what is gone.
    pub(super) fn scan(&mut self, capture: &mut Capture) -> Result<(), Error> {
        let (began, before) = (Instant::now(), monotonic());
        let Sockets { rows, complete } = capture.sockets()?;
        self.listeners(capture, &rows);
        let listening: Vec<Found> = of_role(&rows, role::LISTENER).map(Found::of_row).collect();
        self.listening = listening.iter().map(Found::place).collect();
        // What is missing in a list that was cut is not gone.
        let gone = if complete {
            self.endpoints.retain(&listening)
        } else {
            Vec::new()
        };
        for gone in gone {
            if !self.endpoints.is_living(&gone) {
                capture.unwatch(gone);
            }
        }
        let at = self.clock.now();
        let joined = self.join(&rows, before);
        self.endpoints.say(at, &mut self.out);
        for (kernel, endpoint, pid, client) in joined {
            self.connected(kernel, endpoint, pid, client, at, true);
        }
        let open: BTreeSet<u64> = rows
            .iter()
            .map(|row| row.connection)
            .filter(|number| *number != 0)
            .collect();
        self.tell_daemons();
        (self.scanned, self.scan_cost) = (Instant::now(), began.elapsed());
        if !complete {
            tracing::warn!("there are too many sockets: what is closed is not noticed");
            return Ok(());
        }
        let left: BTreeSet<u64> = of_role(&rows, role::LEFT)
            .map(|row| row.connection)
            .collect();
        self.connections.missing(&open, &left, before);
        // A connection to a listener that was new at that moment may not be among the rows.
        capture.sweep(&open, before.saturating_sub(SWEEP_AFTER_NS));
        Ok(())
    }

    /// Finds endpoints among the listeners and notes who serves those that nobody was seen to.
    pub(super) fn listeners(&mut self, capture: &mut Capture, rows: &[SocketRow]) {
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
                self.held(endpoint, server, at);
            }
        }
    }

    /// Connections that nobody has announced: those that the last look entered into the kernel's
    /// table, and those whose announcement was lost. Number, endpoint, pid and key of the process
    /// that connected.
    fn join(
        &mut self,
        rows: &[SocketRow],
        before: u64,
    ) -> Vec<(u64, EndpointId, u32, Option<ProcessKey>)> {
        let announced = before.saturating_sub(SWEEP_AFTER_NS);
        let unknown = |number: u64| {
            let overdue = number & JOINED == JOINED || number | JOINED < announced;
            number != 0 && overdue && !self.connections.contains(number)
        };
        let connected: BTreeMap<u64, &SocketRow> = rows
            .iter()
            .filter(|row| row.role != role::LEFT && row.endpoint != 0)
            .filter(|row| unknown(row.connection))
            .map(|row| (row.connection, row))
            .collect();
        let holders: HashMap<(u64, u32), &SocketRow> = of_role(rows, role::CLIENT)
            .map(|row| ((row.connection, row.pid), row))
            .collect();
        let mut joined = Vec::new();
        for (number, row) in connected {
            let client = holders
                .get(&(number, row.client))
                .map(|holder| processes::key(holder.pid, holder.pid_start))
                .or_else(|| self.processes.latest(row.client));
            let endpoint = EndpointId(row.endpoint);
            if self.endpoints.joined(endpoint) {
                joined.push((number, endpoint, row.client, client));
            }
        }
        joined
    }
}

/// The rows of one role.
pub(super) fn of_role(rows: &[SocketRow], role: u32) -> impl Iterator<Item = &SocketRow> {
    rows.iter().filter(move |row| row.role == role)
}
