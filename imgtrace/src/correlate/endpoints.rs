//! The endpoints of this run and the daemons behind them.

use super::bounded::Bounded;
use crate::model::{Endpoint, EndpointId, EndpointState, ProcessKey, Runtime};

/// Endpoints of daemons kept; a node has some ten, and one more for each daemon inside a container.
const MAX_ENDPOINTS: usize = 1_024;

/// Endpoints of shims kept, by themselves: they come and go by the thousand, and must not take the
/// place of a daemon's.
const MAX_SHIMS: usize = 8_192;

/// Bytes of a version that are believed to be one.
const MAX_VERSION: usize = 64;

/// What is known of each endpoint.
#[derive(Debug)]
pub(crate) struct Endpoints {
    daemons: Bounded<EndpointId, Endpoint>,
    shims: Bounded<EndpointId, Endpoint>,
}

/// What an update means for the rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// True if there is something new to show.
    pub(crate) shown: bool,
    /// Servers that are referred to no more.
    pub(crate) released: Vec<ProcessKey>,
    /// The server that is referred to from now on.
    pub(crate) held: Option<ProcessKey>,
}

impl Endpoints {
    pub(crate) const fn new() -> Self {
        Self {
            daemons: Bounded::new(MAX_ENDPOINTS),
            shims: Bounded::new(MAX_SHIMS),
        }
    }

    pub(crate) fn get(&self, id: EndpointId) -> Option<&Endpoint> {
        self.daemons.get(&id).or_else(|| self.shims.get(&id))
    }

    /// The endpoints of a daemon. A shim is none: it asks nobody for anything that is shown.
    pub(crate) fn served_by(&self, process: ProcessKey) -> impl Iterator<Item = &Endpoint> {
        let all = self.daemons.iter().map(|(_, endpoint)| endpoint);
        all.filter(move |endpoint| server(endpoint) == Some(process))
    }

    /// The endpoints of all daemons, by number; those of shims are none of them.
    pub(crate) fn daemons(&self) -> impl Iterator<Item = &Endpoint> {
        self.daemons.iter().map(|(_, endpoint)| endpoint)
    }

    /// How many shims listen.
    pub(crate) fn shims_there(&self) -> u64 {
        let shims = self.shims.iter().map(|(_, endpoint)| endpoint);
        let there = shims.filter(|endpoint| endpoint.state == EndpointState::Watched);
        u64::try_from(there.count()).unwrap_or(u64::MAX)
    }

    /// The daemons of a kind, each once.
    pub(crate) fn servers_of(&self, runtime: Runtime) -> Vec<ProcessKey> {
        let all = self.daemons.iter().map(|(_, endpoint)| endpoint);
        let of_kind = all.filter(|endpoint| endpoint.runtime == runtime);
        let mut servers: Vec<_> = of_kind.filter_map(server).collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }

    /// Takes over what was found. A version that traffic has told stays with its server.
    pub(crate) fn update(&mut self, mut endpoint: Endpoint) -> Changed {
        let id = endpoint.id;
        let mut changed = Changed::default();
        if let Some(known) = self.get(id) {
            if let (Some(old), Some(new)) = (&known.server, &mut endpoint.server)
                && old.process == new.process
                && new.version.is_none()
            {
                new.version.clone_from(&old.version);
            }
            if *known == endpoint {
                return changed;
            }
            changed.released.extend(server(known));
        }
        changed.shown = true;
        changed.held = server(&endpoint);
        let (table, other) = if endpoint.runtime == Runtime::Shim {
            (&mut self.shims, &mut self.daemons)
        } else {
            (&mut self.daemons, &mut self.shims)
        };
        other.remove(&id);
        let fell_out = table.insert(id, endpoint);
        changed
            .released
            .extend(fell_out.and_then(|(_, endpoint)| server(&endpoint)));
        changed
    }

    /// Notes the version that a daemon told; returns the endpoint if that was news.
    pub(crate) fn learn_version(&mut self, id: EndpointId, version: &str) -> Option<&Endpoint> {
        let endpoint = self.daemons.get_mut(&id)?;
        let server = endpoint.server.as_mut()?;
        if version.len() > MAX_VERSION || server.version.as_deref() == Some(version) {
            return None;
        }
        server.version = Some(version.to_owned());
        Some(endpoint)
    }
}

fn server(endpoint: &Endpoint) -> Option<ProcessKey> {
    endpoint.server.as_ref().map(|server| server.process)
}
