//! Looks at the open files of all processes: what listens, what is connected, what is gone.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use imgtrace_common::{JOINED, SocketRow, role};

use super::{Observer, endpoints::Found, processes};
use crate::{
    capture::{Capture, Error, monotonic},
    host::runtimes,
    model::{EndpointId, ProcessKey},
};

/// How old a connection must be before it is taken for closed because no open file shows it, in ns.
const SWEEP_AFTER_NS: u64 = 1_000_000_000;

impl Observer {
    /// Looks at the open files of all processes: what listens, what is connected, what is gone.
    pub(super) fn scan(&mut self, capture: &mut Capture) -> Result<(), Error> {
        let (began, before) = (Instant::now(), monotonic());
        let rows = capture.sockets()?;
        self.listeners(capture, &rows);
        let listening: Vec<Found> = of_role(&rows, role::LISTENER).map(Found::of_row).collect();
        self.listening = listening.iter().map(Found::place).collect();
        let gone = self.endpoints.retain(&listening);
        self.retired.extend(gone);
        self.unwatch_retired(capture);
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
        // A connection to a listener that was new at that moment may not be among the rows.
        capture.sweep(&open, before.saturating_sub(SWEEP_AFTER_NS));
        (self.scanned, self.scan_cost) = (Instant::now(), began.elapsed());
        Ok(())
    }

    /// Lets go of listeners that are gone, once no connection to them is left: a daemon that ends
    /// closes its listener first and answers what it was asked.
    fn unwatch_retired(&mut self, capture: &mut Capture) {
        let Self {
            retired,
            connections,
            endpoints,
            ..
        } = self;
        retired.retain(|(endpoint, listener)| {
            let needed = connections.any_to(*endpoint);
            if !needed && !endpoints.is_living(listener) {
                capture.unwatch(*listener);
            }
            needed
        });
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

/// The rows of one role.
pub(super) fn of_role(rows: &[SocketRow], role: u32) -> impl Iterator<Item = &SocketRow> {
    rows.iter().filter(move |row| row.role == role)
}
