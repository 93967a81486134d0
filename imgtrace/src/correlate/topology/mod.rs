//! The machine as it stands at the end of what was observed: sockets, daemons, clients, stores, and
//! the questions that people check by hand.
//!
//! Pure, like everything beside it: a recording gives what the machine gave. It draws on what the
//! correlation knows anyway, and counts besides who came and went.

mod answers;
mod clients;
mod holders;
mod leads;

use self::answers::Facts;
use self::clients::Clients;
use self::holders::Holders;
use super::caller::Attribution;
use super::inventory::Held;
use super::{Correlator, Standing, World};
use crate::model::{
    CrictlConfig, Daemon, EndpointId, EndpointState, KnownStore, Listing, Notice, ProcessKey,
    Report, Socket, Stamp, StoreId, StoreState, Topology,
};
use crate::observation::{Observation, Observed};

/// Sentences about what cannot be seen that are kept.
const MAX_NOTICES: usize = 64;

/// Watches a run, live or replayed, and says at any moment what the machine looks like.
#[derive(Debug)]
pub(crate) struct Survey {
    correlator: Correlator,
    clients: Clients,
    holders: Holders,
    /// The configurations of crictl; none until they have been looked for.
    crictl: Option<Vec<CrictlConfig>>,
    /// Whether all stores that were there at the beginning have been listed.
    inventoried: bool,
    notices: Vec<Notice>,
    from: Option<Stamp>,
    at: Stamp,
}

impl Survey {
    /// A run of which nothing is known yet.
    pub(crate) const fn new() -> Self {
        Self {
            correlator: Correlator::new(),
            clients: Clients::new(),
            holders: Holders::new(),
            crictl: None,
            inventoried: false,
            notices: Vec::new(),
            from: None,
            at: Stamp { mono: 0, wall: 0 },
        }
    }

    /// Takes in one observation.
    pub(crate) fn observe(&mut self, observed: &Observed) {
        self.from.get_or_insert(observed.at);
        self.at = observed.at;
        let mut reports = Vec::new();
        self.correlator.observe(observed, &mut reports);
        let world = self.correlator.world();
        self.clients.observe(&observed.what, world);
        self.holders.observe(&observed.what);
        match &observed.what {
            Observation::Surveyed { crictl } => self.crictl = Some(crictl.clone()),
            Observation::Inventoried => self.inventoried = true,
            _ => {}
        }
        for report in reports {
            match report {
                Report::Ended(operation) => self.clients.asked(&operation),
                Report::Notice(notice) => self.notice(notice),
                _ => {}
            }
        }
    }

    /// True if everything is known that can be found out without waiting for traffic.
    pub(crate) const fn is_complete(&self) -> bool {
        self.inventoried && self.crictl.is_some()
    }

    fn notice(&mut self, notice: Notice) {
        // The list of sockets says it, and that of stores.
        let about = notice.about.as_str();
        let is_said = matches!(
            about,
            "no-endpoint" | "nobody-listens" | "store-unread" | "store-gone"
        );
        if !is_said && self.notices.len() < MAX_NOTICES {
            self.notices.push(notice);
        }
    }

    /// What the machine looks like now.
    pub(crate) fn topology(&self) -> Topology {
        let world = self.correlator.world();
        let sockets = self.sockets(world);
        let servers = servers(&sockets, world);
        let stores: Vec<KnownStore> = world
            .inventory()
            .stores()
            .map(|(id, held)| self.store(id, held))
            .collect();
        let facts = Facts {
            world,
            sockets: &sockets,
            servers: &servers,
            stores: &stores,
            crictl: self.crictl.as_deref(),
            inventoried: self.inventoried,
            notices: &self.notices,
        };
        Topology {
            from: self.from.unwrap_or(self.at),
            at: self.at,
            answers: facts.answers(),
            missing: self.missing(&sockets),
            shims: world.endpoints.shims_there(),
            sockets,
            servers,
            stores,
        }
    }

    /// The daemons' sockets; those that are gone stand last.
    fn sockets(&self, world: &World) -> Vec<Socket> {
        let all = world.endpoints.daemons();
        let mut sockets: Vec<Socket> = all
            .map(|endpoint| Socket {
                holders: self.holders.of(endpoint.id, world),
                clients: self.clients.of(endpoint.id, world),
                leads: leads::of(endpoint.id, world),
                endpoint: endpoint.clone(),
            })
            .collect();
        sockets.sort_by_key(|socket| socket.endpoint.state == EndpointState::Gone);
        sockets
    }

    fn store(&self, id: StoreId, held: &Held) -> KnownStore {
        KnownStore {
            id,
            store: held.store.clone(),
            state: self.state(id, held),
            users: held.users.clone(),
            listing: held.listing.clone(),
        }
    }

    /// Whether somebody keeps images in a store; a leftover is what the rule of that name takes for
    /// one.
    fn state(&self, id: StoreId, held: &Held) -> StoreState {
        match self.correlator.world().standing(id) {
            Standing::Used => StoreState::Living,
            _ if held.listing.as_ref().is_some_and(Listing::is_of_gone) => StoreState::Gone,
            Standing::Empty => StoreState::Empty,
            Standing::AtRest => StoreState::Resting,
            Standing::Leftover if self.inventoried => StoreState::Leftover,
            Standing::Leftover | Standing::Unread | Standing::Doubtful => StoreState::Unknown,
        }
    }

    /// What could not be told, and why.
    fn missing(&self, sockets: &[Socket]) -> Vec<String> {
        let mut missing = Vec::new();
        if !self.inventoried {
            missing.push(
                "not all stores were read: sizes, image counts and who uses a store may be \
                 incomplete"
                    .to_owned(),
            );
        }
        if self.crictl.is_none() {
            missing.push(
                "which containers hold a socket was not looked at before this run began".to_owned(),
            );
        }
        if !sockets.is_empty() && !self.clients.came() {
            missing.push(
                "nobody connected meanwhile: clients that come and go, and what they ask for, are \
                 told by a recording (imgtrace record FILE, then imgtrace topology FILE)"
                    .to_owned(),
            );
        }
        missing.extend(self.notices.iter().map(|notice| notice.text.clone()));
        missing
    }
}

/// The daemons behind the sockets, each once, in the order of its first socket.
fn servers(sockets: &[Socket], world: &World) -> Vec<Daemon> {
    let mut daemons: Vec<Daemon> = Vec::new();
    let there = sockets
        .iter()
        .filter(|socket| socket.endpoint.state == EndpointState::Watched);
    for socket in there {
        let Some(server) = &socket.endpoint.server else {
            continue;
        };
        let known = daemons
            .iter_mut()
            .find(|daemon| daemon.key == server.process);
        if let Some(daemon) = known {
            daemon.sockets.push(socket.endpoint.id);
            daemon.version = daemon.version.take().or(server.version.clone());
            continue;
        }
        let version = server.version.clone();
        daemons.push(daemon(server.process, version, socket.endpoint.id, world));
    }
    daemons
}

fn daemon(key: ProcessKey, version: Option<String>, socket: EndpointId, world: &World) -> Daemon {
    let stores = world.inventory().used_by(key);
    Daemon {
        key,
        process: Attribution::seen(world, key).caller,
        args_cut: world.process(&key).is_some_and(|process| process.args_cut),
        version,
        sockets: vec![socket],
        stores: stores.map(|(id, _)| id).collect(),
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
