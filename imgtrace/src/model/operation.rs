//! An operation: one thing that one client asked of one runtime.

use serde::{Deserialize, Serialize};

use super::process::name;
use super::{
    Ancestor, Api, Cause, EndpointId, Pod, ProcessKey, Rootfs, Runtime, Stamp, StoreRef, Subject,
};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words are the runtimes' own")]
pub enum Op {
    Pull,
    Import,
    Load,
    AddImage,
    Save,
    Build,
    Commit,
    Tag,
    Push,
    RemoveImage,
    Create,
    Start,
    Restart,
    Stop,
    Kill,
    RemoveContainer,
    Exec,
    Prune,
    RunSandbox,
    StopSandbox,
    RemoveSandbox,
    ConnectDenied,
}

impl Op {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Import => "import",
            Self::Load => "load",
            Self::AddImage => "add-image",
            Self::Save => "save",
            Self::Build => "build",
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Push => "push",
            Self::RemoveImage => "remove-image",
            Self::Create => "create",
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::RemoveContainer => "remove-container",
            Self::Exec => "exec",
            Self::Prune => "prune",
            Self::RunSandbox => "run-sandbox",
            Self::StopSandbox => "stop-sandbox",
            Self::RemoveSandbox => "remove-sandbox",
            Self::ConnectDenied => "connect-denied",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As the protocol says that it worked.
    Ok,
    /// As the protocol says that it failed.
    Error,
    /// The end was not seen.
    Unknown,
}

impl Outcome {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Seen as such.
    Observed,
    /// Concluded; `inferred_fields` or `evidence` says what from.
    Inferred,
    /// Could not be told.
    Unknown,
}

impl Confidence {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Inferred => "inferred",
            Self::Unknown => "unknown",
        }
    }

    /// The less sure of two.
    #[must_use]
    pub const fn least_sure(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Inferred, _) | (_, Self::Inferred) => Self::Inferred,
            (Self::Observed, Self::Observed) => Self::Observed,
        }
    }
}

/// How it is known what a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// How sure that is.
    pub confidence: Confidence,
    /// What a conclusion rests on, a sentence each; empty for what was seen as such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Basis {
    /// It stood there in so many words.
    pub const OBSERVED: Self = Self {
        confidence: Confidence::Observed,
        evidence: Vec::new(),
    };

    /// It was concluded from this.
    pub const fn inferred(evidence: Vec<String>) -> Self {
        Self {
            confidence: Confidence::Inferred,
            evidence,
        }
    }

    /// True for what needs no word in a recording.
    pub fn is_observed(&self) -> bool {
        *self == Self::OBSERVED
    }
}

impl Default for Basis {
    fn default() -> Self {
        Self::OBSERVED
    }
}

/// What a request carries that tells which other request it was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Correlation {
    /// containerd's lease (`containerd-lease`, containerd `pkg/leases`): all calls of one pull, or
    /// of one container where its id is the container's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<String>,
    /// The trace id of `traceparent`, 32 hex digits (W3C Trace Context section 3.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// True if `baggage` says `trigger=api`: dockerd from 28.1.0 marks what a client caused (moby
    /// `daemon/server/server.go`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_client: bool,
}

impl Correlation {
    /// True if it tells nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Number of an operation within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

/// The endpoint of an operation, as much of it as a line needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRef {
    /// The endpoint's number; null for a refused connection to one that was never seen, and where
    /// nothing was asked at any.
    pub id: Option<EndpointId>,
    /// The daemon behind it.
    pub runtime: Runtime,
    /// What was spoken; null for a refused connection, and where nothing was asked.
    pub api: Option<Api>,
    /// The path that the daemon bound (for a refused connection: the path that was tried); null
    /// where nothing was asked.
    pub path: Option<String>,
}

/// The container that a process lives in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerContainer {
    /// Full id, as its cgroup names it.
    pub id: String,
    /// Name, where it was seen on a socket.
    pub name: Option<String>,
    /// Image reference, likewise.
    pub image: Option<String>,
    /// The runtime that its cgroup's name tells, else the one on whose socket it was seen.
    pub runtime: Option<Runtime>,
    /// Ids of the containers around it, outermost first, itself not included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outer: Vec<String>,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Its identity.
    #[serde(flatten)]
    pub key: ProcessKey,
    /// The kernel's short name of it.
    pub comm: String,
    /// Path of its program; null where unknown.
    pub exe: Option<String>,
    /// Command line, secrets masked; null where unknown.
    pub args: Option<Vec<String>>,
    /// Effective uid in the initial user namespace.
    pub uid: u32,
    /// The uid's name in the host's passwd.
    pub user: Option<String>,
    /// Parent first, up to the session, service or container that it belongs to.
    pub ancestors: Vec<Ancestor>,
    /// The systemd unit, from its cgroup.
    pub unit: Option<String>,
    /// The container that it lives in.
    pub container: Option<CallerContainer>,
    /// The pod that it lives in.
    pub pod: Option<Pod>,
}

/// Digits of an id that people are shown, as Docker's own lists show them.
const SHORT_ID: usize = 12;

impl CallerContainer {
    /// Its name, else the beginning of its id.
    pub fn label(&self) -> &str {
        let short = || self.id.get(..SHORT_ID).unwrap_or(&self.id);
        self.name.as_deref().unwrap_or_else(short)
    }
}

impl Caller {
    /// What people call it: its comm, or its program's name where that says more.
    pub fn name(&self) -> &str {
        name(self.exe.as_deref(), &self.comm)
    }

    /// Where it lives: `pod ci/runner-0`, `container web`, `cron.service`; none on a bare host.
    pub fn place(&self) -> Option<String> {
        if let Some(Pod {
            namespace: Some(namespace),
            name: Some(name),
            ..
        }) = &self.pod
        {
            return Some(format!("pod {namespace}/{name}"));
        }
        match &self.container {
            Some(container) => Some(format!("container {}", container.label())),
            None => self.unit.clone(),
        }
    }
}

/// One request within an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Where it was made.
    pub endpoint: EndpointId,
    /// The daemon behind that endpoint.
    pub runtime: Runtime,
    /// What was spoken.
    pub api: Api,
    /// The process that made it.
    pub pid: u32,
    /// What it asked for.
    pub op: Op,
    /// How it ended; null if it had not when the operation was printed.
    pub outcome: Option<Outcome>,
    /// How sure it is that it belongs here.
    pub confidence: Confidence,
}

/// Why a connection was refused, and what would help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// Name of the error number: `EACCES`, `ECONNREFUSED`, `ENOENT`.
    pub errno: String,
    /// Permission bits of the socket's file in octal, `0660`; for EACCES.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_mode: Option<String>,
    /// Name or uid of the file's owner; for EACCES.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_owner: Option<String>,
    /// Name or gid of the file's group; for EACCES.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket_group: Option<String>,
    /// The group whose members may connect; for EACCES where the mode lets a group in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_group: Option<String>,
    /// The number of that group in the initial user namespace: its name may be another, or none, in
    /// the caller's container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_gid: Option<u32>,
}

/// One thing that one client asked of one runtime, with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its number in this run.
    pub id: OperationId,
    /// When its request was understood.
    pub at: Stamp,
    /// When it ended; null while it runs.
    pub ended_at: Option<Stamp>,
    /// What was asked for.
    pub op: Op,
    /// What it is about.
    pub subject: Subject,
    /// Where it was asked.
    pub endpoint: EndpointRef,
    /// Who asked; null where that is not known.
    pub caller: Option<Caller>,
    /// Further requests that it caused, and its own way through several daemons.
    pub hops: Vec<Hop>,
    /// How it ended; null while it runs.
    pub outcome: Option<Outcome>,
    /// The runtime's message if it failed: at most 512 bytes, no control characters.
    pub error: Option<String>,
    /// How sure the whole is.
    pub confidence: Confidence,
    /// JSON names of the fields that are concluded, not seen.
    pub inferred_fields: Vec<String>,
    /// What the conclusions rest on, a sentence each.
    pub evidence: Vec<String>,
    /// The store that it is about; null where that is not known.
    pub store: Option<StoreRef>,
    /// For a start: what was really mounted for it.
    pub rootfs: Option<Rootfs>,
    /// For a start that no client asked for: why.
    pub cause: Option<Cause>,
    /// For a start: how often this container was started before the last start that this stands for,
    /// while imgtrace looked on or as the runtime counts it; null where that is not known.
    pub restarts: Option<u64>,
    /// Starts that this stands for: of a container that is started over and over not each is told.
    /// It began with the first of them and ended with the last.
    pub count: u64,
    /// For `connect-denied`.
    pub denial: Option<Denial>,
    /// True if a daemon asked for it that may have done so for a client, and no client's request was
    /// seen; `evidence` says more.
    pub unasked: bool,
    /// For a pull that its caller tries again at once, as kubelet does with each credential: the
    /// first try.
    pub retry_of: Option<OperationId>,
}

impl Operation {
    /// Milliseconds from its begin to its end; none if it has not ended, and where no more is known
    /// than the moment in which it showed: an image in a store's index.
    pub fn millis(&self) -> Option<f64> {
        let end = self.ended_at?;
        let is_seen_once = self.endpoint.api.is_none() && self.denial.is_none();
        let is_moment = is_seen_once && end.mono == self.at.mono;
        (!is_moment).then(|| end.millis_since(self.at))
    }
}
