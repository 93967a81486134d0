//! The machine at one moment: which sockets there are, who serves them and who is connected, what
//! lies behind them, and the questions that people check by hand.

use std::collections::BTreeMap;

use super::{
    Caller, CallerContainer, Confidence, Endpoint, EndpointId, Listing, Op, Pod, ProcessKey, Stamp,
    Store, StoreId, StoreUser,
};

/// Everything that is known of one machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    /// When the first of it was seen.
    pub from: Stamp,
    /// When it was so.
    pub at: Stamp,
    /// The sockets, without those of shims; the ones that are gone stand last.
    pub sockets: Vec<Socket>,
    /// Sockets of shims that are there: one for each container or pod.
    pub shims: u64,
    /// The daemons behind the sockets, each once.
    pub servers: Vec<Daemon>,
    /// The stores, by number.
    pub stores: Vec<KnownStore>,
    /// The answers, in the order of [`Question::ALL`].
    pub answers: Vec<Answer>,
    /// What could not be told, and why, a sentence each.
    pub missing: Vec<String>,
}

/// A socket of a runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// What it is.
    pub endpoint: Endpoint,
    /// Containers that have it in them.
    pub holders: Vec<Holder>,
    /// Who is or was connected, those with the most connections first.
    pub clients: Vec<Client>,
    /// Where its images lie.
    pub leads: Leads,
}

/// A container that has a socket in it by a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The container.
    pub container: CallerContainer,
    /// Its pod.
    pub pod: Option<Pod>,
    /// Where it has the socket.
    pub path: String,
    /// True if the mount is read-only. It can connect all the same.
    pub read_only: bool,
    /// True if it was seen to end.
    pub ended: bool,
}

/// Processes of one program in one place that use a socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// One of them, the last that connected; none if it could not be told who connects.
    pub process: Option<Caller>,
    /// Pids of those that are connected, at most [`Client::MAX_PIDS`].
    pub pids: Vec<u32>,
    /// Connections that are open.
    pub open: u64,
    /// Connections that were seen in all.
    pub seen: u64,
    /// What they asked for, and how often.
    pub asked: BTreeMap<Op, u64>,
}

impl Client {
    /// Pids that are told of one program.
    pub const MAX_PIDS: usize = 16;
}

/// Where the images of a socket lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leads {
    /// The stores; of containerd one for each namespace. Empty if they are not known.
    pub stores: Vec<StoreId>,
    /// The sockets that the way goes through, this one not included: cri-dockerd's images lie
    /// behind dockerd's.
    pub through: Vec<EndpointId>,
    /// How sure that is: observed if the daemons on the way were seen to be connected and the last of
    /// them to use these stores.
    pub confidence: Confidence,
    /// How that is known, a sentence each.
    pub evidence: Vec<String>,
}

impl Default for Leads {
    fn default() -> Self {
        Self {
            stores: Vec::new(),
            through: Vec::new(),
            confidence: Confidence::Observed,
            evidence: Vec::new(),
        }
    }
}

/// A daemon behind sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct Daemon {
    /// Its identity.
    pub key: ProcessKey,
    /// The process; none if it was never described.
    pub process: Option<Caller>,
    /// True if its command line was longer than what was kept.
    pub args_cut: bool,
    /// Its version, where traffic said it.
    pub version: Option<String>,
    /// The sockets that it serves.
    pub sockets: Vec<EndpointId>,
    /// The stores that it keeps images in.
    pub stores: Vec<StoreId>,
}

/// Whether somebody keeps images in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreState {
    /// A daemon that runs does.
    Living,
    /// None that runs does.
    Leftover,
    /// None that runs does, and none is needed: Podman and Buildah are no daemons.
    Resting,
    /// None that runs does, and nothing is in it.
    Empty,
    /// It was not found out.
    Unknown,
    /// It was removed.
    Gone,
}

impl StoreState {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Living => "living",
            Self::Leftover => "leftover",
            Self::Resting => "resting",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
            Self::Gone => "gone",
        }
    }
}

/// A store and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownStore {
    /// Its number.
    pub id: StoreId,
    /// Where it is.
    pub store: Store,
    /// Whether it is used.
    pub state: StoreState,
    /// By whom.
    pub users: Vec<StoreUser>,
    /// What its books say; none if they were not read.
    pub listing: Option<Listing>,
}

/// What people check by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Is k3s run with --docker?
    K3sDocker,
    /// Where does crictl point?
    Crictl,
    /// Which folders of stores are there?
    Stores,
    /// Would deleting an image at one socket delete it at another?
    Deleting,
    /// How many containerds run, and for whom?
    Containerds,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::K3sDocker,
        Self::Crictl,
        Self::Stores,
        Self::Deleting,
        Self::Containerds,
    ];

    /// Its name in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::K3sDocker => "k3s-docker",
            Self::Crictl => "crictl",
            Self::Stores => "stores",
            Self::Deleting => "deleting",
            Self::Containerds => "containerds",
        }
    }

    /// The question itself.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::K3sDocker => "Is k3s run with --docker?",
            Self::Crictl => "Where does crictl point?",
            Self::Stores => "Which store folders exist?",
            Self::Deleting => "Would deleting in one delete in the other?",
            Self::Containerds => "How many containerds run, and for whom?",
        }
    }
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// What is so, for programs; none if it is not known.
    pub value: Option<AnswerValue>,
    /// A sentence: what is so, or "not known, because …".
    pub text: String,
    /// What it rests on, a sentence each.
    pub evidence: Vec<String>,
}

/// What is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerValue {
    /// It is, or it is not.
    Flag(bool),
    /// A socket.
    Endpoint(EndpointId),
    /// Stores.
    Stores(Vec<StoreId>),
    /// Stores, each with the sockets that lead to it, where there is more than one.
    Shared(Vec<(StoreId, Vec<EndpointId>)>),
    /// So many.
    Count(u64),
}
