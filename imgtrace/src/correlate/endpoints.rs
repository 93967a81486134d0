//! The endpoints of this run and the daemons behind them.

use super::bounded::Bounded;
use crate::model::{Endpoint, EndpointId, ProcessKey};

/// Endpoints kept; a node has some ten, and one more for each daemon inside a container.
const MAX_ENDPOINTS: usize = 1_024;

/// Bytes of a version that are believed to be one.
const MAX_VERSION: usize = 64;

/// What is known of each endpoint.
#[derive(Debug)]
pub(crate) struct Endpoints {
    known: Bounded<EndpointId, Endpoint>,
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
            known: Bounded::new(MAX_ENDPOINTS),
        }
    }

    pub(crate) fn get(&self, id: EndpointId) -> Option<&Endpoint> {
        self.known.get(&id)
    }

    /// Takes over what was found. A version that traffic has told stays with its server.
    pub(crate) fn update(&mut self, mut endpoint: Endpoint) -> Changed {
        let id = endpoint.id;
        let mut changed = Changed::default();
        if let Some(known) = self.known.get(&id) {
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
        let fell_out = self.known.insert(id, endpoint);
        changed
            .released
            .extend(fell_out.and_then(|(_, endpoint)| server(&endpoint)));
        changed
    }

    /// Notes the version that a daemon told; returns the endpoint if that was news.
    pub(crate) fn learn_version(&mut self, id: EndpointId, version: &str) -> Option<&Endpoint> {
        let endpoint = self.known.get_mut(&id)?;
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
