//! The questions that people check by hand, answered from what was observed. One question a file.
//!
//! What is not known is said so, with the reason; nothing is guessed.

mod containerds;
mod crictl;
mod deleting;
mod k3s;
mod stores;

use crate::correlate::World;
use crate::correlate::caller::mention;
use crate::model::{
    Answer, AnswerValue, Caller, CrictlConfig, Daemon, EndpointId, EndpointState, KnownStore,
    Notice, ProcessKey, Question, Socket, StoreId,
};

/// What the answers rest on.
pub(super) struct Facts<'a> {
    pub(super) world: &'a World,
    pub(super) sockets: &'a [Socket],
    pub(super) servers: &'a [Daemon],
    pub(super) stores: &'a [KnownStore],
    /// None if the configurations of crictl have not been looked for.
    pub(super) crictl: Option<&'a [CrictlConfig]>,
    pub(super) inventoried: bool,
    pub(super) notices: &'a [Notice],
}

/// An answer, without its question.
struct Said {
    value: Option<AnswerValue>,
    text: String,
    evidence: Vec<String>,
}

impl Said {
    fn new(value: AnswerValue, text: impl Into<String>) -> Self {
        Self {
            value: Some(value),
            text: text.into(),
            evidence: Vec::new(),
        }
    }

    /// `not known, because …`.
    fn unknown(because: impl std::fmt::Display) -> Self {
        Self {
            value: None,
            text: format!("not known, because {because}"),
            evidence: Vec::new(),
        }
    }

    fn with(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

impl Facts<'_> {
    /// The answers, in the order of [`Question::ALL`].
    pub(super) fn answers(&self) -> Vec<Answer> {
        let answer = |question| {
            let said = match question {
                Question::K3sDocker => self.k3s_docker(),
                Question::Crictl => self.crictl(),
                Question::Stores => self.store_folders(),
                Question::Deleting => self.deleting(),
                Question::Containerds => self.containerds(),
            };
            Answer {
                question,
                value: said.value,
                text: said.text,
                evidence: said.evidence,
            }
        };
        Question::ALL.map(answer).into()
    }

    /// The sockets that somebody listens on.
    fn living(&self) -> impl Iterator<Item = &Socket> {
        let there = |socket: &&Socket| socket.endpoint.state == EndpointState::Watched;
        self.sockets.iter().filter(there)
    }

    fn socket(&self, id: EndpointId) -> Option<&Socket> {
        self.sockets.iter().find(|socket| socket.endpoint.id == id)
    }

    /// `e1 /run/docker.sock`.
    fn address(&self, id: EndpointId) -> String {
        let path = self.socket(id).map(|socket| socket.endpoint.path.as_str());
        format!("{id} {}", path.unwrap_or_default())
            .trim_end()
            .to_owned()
    }

    /// `dockerd (pid 812)`, and the container or pod that it is in.
    fn daemon(&self, key: ProcessKey) -> String {
        let daemon = self.servers.iter().find(|daemon| daemon.key == key);
        match daemon.and_then(|daemon| daemon.process.as_ref()) {
            Some(process) => named(process),
            None => mention(self.world, key),
        }
    }

    /// Who serves a socket: `dockerd (pid 812)`.
    fn server(&self, socket: &Socket) -> String {
        let server = socket.endpoint.server.as_ref();
        server.map_or("nobody that is known".to_owned(), |server| {
            self.daemon(server.process)
        })
    }

    /// `s1 docker:/var/lib/docker`.
    fn store(&self, id: StoreId) -> String {
        let known = self.stores.iter().find(|known| known.id == id);
        known.map_or_else(
            || id.to_string(),
            |known| format!("{id} {}", known.store.reference(id).label()),
        )
    }

    fn store_names(&self, ids: &[StoreId]) -> String {
        list(ids.iter().map(|id| self.store(*id)))
    }
}

/// `dockerd (pid 812)`; with the container that it is in, if it is in any.
fn named(process: &Caller) -> String {
    let inside = process.container.as_ref().and(process.place());
    match inside {
        Some(place) => format!("{} (pid {}, {place})", process.name(), process.key.pid),
        None => format!("{} (pid {})", process.name(), process.key.pid),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: impl IntoIterator<Item = String>) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    match (items.pop(), items.as_slice()) {
        (None, _) => "none".to_owned(),
        (Some(only), []) => only,
        (Some(last), before) => format!("{} and {last}", before.join(", ")),
    }
}

/// `1 image`, `3 images`.
fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
