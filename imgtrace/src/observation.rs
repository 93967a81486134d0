//! The one vocabulary between the halves: what was seen, free of secrets.
//!
//! A recording is the log of these, one JSON object a line; replay feeds the same log to the same
//! code. So nothing that the output depends on may come from anywhere else: no clock, no `/proc`.

use serde::{Deserialize, Serialize};

use crate::model::{
    Api, Basis, Correlation, CrictlConfig, Denial, Endpoint, EndpointId, Listing, LossKind,
    MountId, OciVerb, Op, Outcome, Pod, Process, ProcessKey, Rootfs, Runtime, Stamp, Store,
    StoreId, StoreUser, StoredImage, Subject,
};

/// Number of a connection within one run; the kernel side counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub u64);

/// Number of a request within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// Something learnt from traffic that is no operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// A container's names and image, from an answer that went by (inspect, list).
    Container {
        /// Full id.
        id: String,
        /// Name without the leading slash.
        name: Option<String>,
        /// Normalised image reference; null if the answer only had an id.
        image: Option<String>,
        /// The pod that it belongs to, from a CRI message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pod: Option<Pod>,
        /// The id of its pod's sandbox, from a CRI message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sandbox: Option<String>,
    },
    /// A pod's sandbox, from a CRI message that went by.
    Sandbox {
        /// Full id.
        id: String,
        /// The pod.
        pod: Pod,
    },
    /// An image's id and names, from an answer that went by.
    Image {
        /// `sha256:…` as the answer's id.
        id: String,
        /// Normalised references.
        names: Vec<String>,
    },
    /// An exec was created in a container.
    Exec {
        /// The exec's id, 64 hex digits.
        id: String,
        /// The container as the request named it.
        container: String,
    },
    /// A client speaks this version of an API. Told once for a connection, and again if it takes
    /// another.
    ApiVersion {
        /// The API.
        api: Api,
        /// As the request names it: `1.41` of Docker's, `v1alpha2` of the CRI.
        version: String,
        /// The newest that the daemon speaks, where its answer tells: clients take an older one
        /// where the daemon knows no newer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<String>,
    },
    /// The daemon said its version.
    Version {
        /// Such as `28.5.2`.
        version: String,
    },
}

/// Something that traffic did and no protocol allows, or that the decoder cannot follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anomaly {
    /// Bytes that are no protocol that is known here.
    UnknownProtocol,
    /// A head that is not HTTP/1.
    MalformedHead,
    /// A head longer than the bound.
    OversizedHead,
    /// A chunk's size line that is none.
    MalformedChunk,
    /// An answer without a request.
    UnexpectedAnswer,
    /// The end of a body was lost in a gap; the connection is joined again at the next request.
    LostFraming,
    /// A JSON document that is none, or is too large to read.
    MalformedBody,
    /// More requests waiting for their answer than the bound, or more content waiting for the image
    /// that is made of it.
    TooManyPending,
    /// Bytes that came after an answer had ended the connection.
    TrailingBytes,
    /// A captured record that repeats bytes or comes too late; it is dropped.
    OutOfOrder,
    /// An HTTP/2 frame that RFC 9113 does not allow where it stands.
    MalformedFrame,
    /// A header block that RFC 7541 does not allow, or one longer than the bound.
    MalformedHeaders,
    /// More HTTP/2 streams or ttrpc calls at once than the bound.
    TooManyStreams,
    /// A gRPC or ttrpc message that is none, that cannot be decompressed, or whose fields cannot
    /// be read.
    MalformedMessage,
    /// A call whose method could not be told, on a connection that was joined or has a gap; what
    /// it did is not shown.
    UnknownMethod,
}

impl Anomaly {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownProtocol => "unknown-protocol",
            Self::MalformedHead => "malformed-head",
            Self::OversizedHead => "oversized-head",
            Self::MalformedChunk => "malformed-chunk",
            Self::UnexpectedAnswer => "unexpected-answer",
            Self::LostFraming => "lost-framing",
            Self::MalformedBody => "malformed-body",
            Self::TooManyPending => "too-many-pending",
            Self::TrailingBytes => "trailing-bytes",
            Self::OutOfOrder => "out-of-order",
            Self::MalformedFrame => "malformed-frame",
            Self::MalformedHeaders => "malformed-headers",
            Self::TooManyStreams => "too-many-streams",
            Self::MalformedMessage => "malformed-message",
            Self::UnknownMethod => "unknown-method",
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// An endpoint was found, or what is known of it has changed (same id).
    Endpoint(Endpoint),
    /// A process that matters was described; a better description replaces an earlier one.
    Process(Process),
    /// A client has connected, or was connected already when imgtrace came (`joined`).
    Connected {
        /// The connection.
        connection: ConnectionId,
        /// The endpoint.
        endpoint: EndpointId,
        /// The process that called connect(2); null where that cannot be told.
        client: Option<ProcessKey>,
        /// True if it was there before imgtrace.
        joined: bool,
    },
    /// Another process than the one that connected has read answers on a connection.
    Speaker {
        /// The connection.
        connection: ConnectionId,
        /// Who reads.
        process: ProcessKey,
    },
    /// A connection is gone.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// A connect(2) on a runtime's socket was refused.
    Refused {
        /// Who tried.
        process: ProcessKey,
        /// The path that was tried, as the caller gave it.
        path: String,
        /// The endpoint, where it is known.
        endpoint: Option<EndpointId>,
        /// The runtime that the path or the endpoint names.
        runtime: Runtime,
        /// Why, and what would help.
        denial: Denial,
        /// True if the kernel's result was seen; false if it follows from the caller's root.
        seen: bool,
    },
    /// A request that makes an operation was understood.
    RequestBegan {
        /// The request.
        request: RequestId,
        /// Its connection.
        connection: ConnectionId,
        /// What was spoken.
        api: Api,
        /// What it asks for.
        op: Op,
        /// What it is about, so far.
        subject: Subject,
        /// When its head was complete, if that was before this line (a request that was only
        /// understood with its answer).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<Stamp>,
        /// How it is known that it asks for this.
        #[serde(default, skip_serializing_if = "Basis::is_observed")]
        basis: Basis,
        /// What tells which other request it was made for.
        #[serde(default, skip_serializing_if = "Correlation::is_empty")]
        correlation: Correlation,
    },
    /// A request has told more: what it is about, or how far it is.
    RequestProgress {
        /// The request.
        request: RequestId,
        /// What was added.
        subject: Subject,
    },
    /// A request's answer is complete, or will never be.
    RequestEnded {
        /// The request.
        request: RequestId,
        /// How it ended.
        outcome: Outcome,
        /// The message as sent, at most 512 bytes, cleaned.
        error: Option<String>,
        /// What the answer added.
        subject: Subject,
    },
    /// What was said of a request, which may have ended, was a wrong guess.
    RequestWithdrawn {
        /// The request.
        request: RequestId,
    },
    /// Something learnt from an answer.
    Learned {
        /// The connection that it was seen on.
        connection: ConnectionId,
        /// What.
        fact: Fact,
    },
    /// A store was found, or other daemons use it than before (same id).
    Store {
        /// Its number.
        id: StoreId,
        /// The store.
        store: Store,
        /// The living daemons that keep their images there, as far as they are known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        users: Vec<StoreUser>,
    },
    /// A store's books were read. The images that they list stand before it, as `ImageAppeared`.
    StoreListed {
        /// Which store.
        store: StoreId,
        /// What they say in all.
        listing: Listing,
    },
    /// Every store that was found when imgtrace came has been listed.
    Inventoried,
    /// A root file system was mounted.
    Mounted {
        /// What is known of it.
        rootfs: Rootfs,
        /// The process that mounted it; null where that cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mounter: Option<ProcessKey>,
        /// True if it was there before imgtrace.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already: bool,
    },
    /// A root file system is not mounted any more.
    Unmounted {
        /// Which.
        mount: MountId,
    },
    /// An OCI runtime was called.
    OciRuntime {
        /// The process that runs it.
        process: ProcessKey,
        /// What for.
        verb: OciVerb,
        /// The container's id, as the OCI runtime knows it.
        container: String,
        /// containerd's namespace, where the command line tells it (`--root …/runc/NAMESPACE`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// The bundle's folder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<String>,
    },
    /// The first program was executed in a container's control group, since it was last seen to be
    /// without any.
    ContainerRuns {
        /// The container's id, as its control group names it.
        container: String,
        /// Ids of the containers around it, outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outer: Vec<String>,
        /// Who executes.
        process: ProcessKey,
        /// True if it ran before imgtrace.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already: bool,
    },
    /// A container that runs has a runtime's socket in it: by a mount of the socket, or of a folder
    /// around it.
    SocketSeen {
        /// The socket.
        endpoint: EndpointId,
        /// The container's id, as its control group names it.
        container: String,
        /// Ids of the containers around it, outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outer: Vec<String>,
        /// The container's first process that was seen.
        process: ProcessKey,
        /// Where the container has the socket.
        path: String,
        /// True if that mount is read-only. A client can connect all the same.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        read_only: bool,
    },
    /// What lies around the sockets has been looked at, as imgtrace came: every container that ran
    /// then has been searched for sockets (`SocketSeen` stands before this).
    Surveyed {
        /// The configurations of crictl that were looked for.
        crictl: Vec<CrictlConfig>,
    },
    /// An image is in a store's index that was not there before. Images without a name that a build
    /// leaves behind on its way are not told.
    ImageAppeared {
        /// Which store.
        store: StoreId,
        /// What the index says of it.
        image: StoredImage,
        /// True if it was there already and has only got these names.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        renamed: bool,
        /// True if it was there before imgtrace looked, or before this line: then this is all that
        /// is known of it now, and what was said of it before holds no more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already: bool,
        /// The process that wrote the index; null where that cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writer: Option<ProcessKey>,
    },
    /// An image is no longer in a store's index.
    ImageVanished {
        /// Which store.
        store: StoreId,
        /// What the index said of it last.
        image: StoredImage,
        /// The process that wrote the index; null where that cannot be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        writer: Option<ProcessKey>,
    },
    /// Something that could not be decoded.
    Anomaly {
        /// The connection.
        connection: ConnectionId,
        /// What.
        anomaly: Anomaly,
    },
    /// Something was lost; `Loss` in the output sums these up.
    Lost {
        /// Where.
        what: LossKind,
        /// The connection, where it is known.
        connection: Option<ConnectionId>,
        /// Records.
        records: u64,
        /// Bytes, 0 where unknown.
        bytes: u64,
    },
    /// Something that the user should know once.
    Notice {
        /// A stable word for machines.
        about: String,
        /// A sentence for people.
        text: String,
        /// The endpoint that it is about.
        endpoint: Option<EndpointId>,
    },
    /// Time has passed; what waits for a bound counts by these.
    Tick,
    /// The run has ended in an orderly way.
    End,
}

/// An observation and its time: one line of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// When.
    #[serde(flatten)]
    pub at: Stamp,
    /// What.
    #[serde(flatten)]
    pub what: Observation,
}
