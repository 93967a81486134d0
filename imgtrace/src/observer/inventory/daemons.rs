//! Which daemons live, for the thread that finds their stores.

use crate::model::EndpointState;
use crate::observer::Observer;
use crate::store::discover::Daemon;

impl Observer {
    /// Tells the thread which daemons live now, if others do than before.
    pub(in crate::observer) fn tell_daemons(&mut self) {
        let daemons = self.daemons();
        if daemons != self.stores.daemons {
            self.stores.daemons.clone_from(&daemons);
            self.stores.orders.daemons(daemons);
        }
    }

    /// The living daemons behind the endpoints.
    pub(super) fn daemons(&self) -> Vec<Daemon> {
        let mut daemons: Vec<Daemon> = Vec::new();
        for endpoint in self.endpoints.daemons() {
            let server = endpoint.server.as_ref().map(|server| server.process);
            let Some(process) = server.and_then(|server| self.processes.get(server)) else {
                continue;
            };
            if endpoint.state != EndpointState::Watched {
                continue;
            }
            let path = endpoint.path.clone();
            let same = daemons.iter_mut().find(|daemon| {
                (daemon.process.key, daemon.runtime) == (process.key, endpoint.runtime)
            });
            match same {
                Some(daemon) => daemon.sockets.push(path),
                None => daemons.push(Daemon {
                    process: process.clone(),
                    runtime: endpoint.runtime,
                    sockets: vec![path],
                }),
            }
        }
        daemons
    }
}
