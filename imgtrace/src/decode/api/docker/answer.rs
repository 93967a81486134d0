//! What the answer to an operation's request has told.

mod learn;

use super::body::Body;
use crate::decode::api::layers::Layers;
use crate::decode::clean::clean;
use crate::decode::http1::Piece;
use crate::model::{DigestKind, Op, Outcome, Subject};

/// The fields of all answers that are read. Streams of progress are moby's `jsonstream.Message`
/// and Podman's `ImagePullReport` and `ImagePushStream`; errors are `{"message"}`, and from Podman
/// `{"cause","message"}`.
const FIELDS: &[&str] = &[
    "aux.digest",
    "aux.id",
    "cause",
    "deleted",
    "error",
    "error.message",
    "errordetail.message",
    "errors",
    "id",
    "images",
    "manifestdigest",
    "message",
    "names",
    "progressdetail.current",
    "progressdetail.total",
    "pullprogress.current",
    "pullprogress.progresscomponentid",
    "pullprogress.status",
    "pullprogress.total",
    "size",
    "spacereclaimed",
    "status",
    "stream",
    "untagged",
];

/// An answer as it comes.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    body: Body,
    op: Op,
    /// What the runtime's image ids are digests of.
    id_kind: DigestKind,
    /// True if a failure may be told by a line of the body.
    is_stream: bool,
    /// A gap was the last thing in the body.
    is_cut: bool,
    error: Option<String>,
    digest: Option<(String, DigestKind)>,
    images: Vec<String>,
    /// An id that counts if no digest is told: the last line of a build, or the first thing that
    /// a removal has deleted.
    other_id: Option<String>,
    /// The id of the container or exec that was made.
    made: Option<String>,
    bytes: Option<u64>,
    layers: Layers,
}

impl Answer {
    /// An answer with this status.
    pub(super) fn new(op: Op, status: u16, id_kind: DigestKind) -> Self {
        let is_stream = matches!(
            op,
            Op::Pull | Op::Import | Op::Load | Op::Build | Op::Commit | Op::Push
        );
        let tells = is_stream || matches!(op, Op::Create | Op::RemoveImage | Op::Prune);
        let body = match status {
            400.. => Body::Undecided(FIELDS),
            200..300 if tells => Body::json(FIELDS),
            _ => Body::Ignored,
        };
        Self {
            status,
            body,
            op,
            id_kind,
            is_stream,
            is_cut: false,
            error: None,
            digest: None,
            images: Vec::new(),
            other_id: None,
            made: None,
            bytes: None,
            layers: Layers::default(),
        }
    }

    /// The answer to the preparation of an exec. Behind that to its start stands what the command
    /// prints, which is not read.
    pub(super) fn of_prepared_exec(status: u16) -> Self {
        let mut answer = Self::new(Op::Exec, status, DigestKind::Unknown);
        if status < 400 {
            answer.body = Body::json(FIELDS);
        }
        answer
    }

    /// Takes a piece of the body.
    pub(super) fn read(&mut self, piece: &Piece) {
        let mut body = std::mem::replace(&mut self.body, Body::Ignored);
        self.is_cut |= matches!(piece, Piece::Gap(_));
        body.read(piece, |document| self.learn(document));
        self.body = body;
    }

    /// Bytes moved and bytes to move, where lines have told.
    pub(super) fn progress(&self) -> Option<(u64, u64)> {
        self.layers.sums()
    }

    /// True if the body should have been JSON and was not, or ended in a document's middle.
    pub(super) const fn is_malformed(&self, complete: bool) -> bool {
        self.body.is_malformed() || (complete && self.body.is_open())
    }

    /// How the operation ended; `complete` if the answer's end was seen.
    pub(super) fn outcome(&self, complete: bool) -> Outcome {
        let unchanged =
            self.status == 304 && matches!(self.op, Op::Start | Op::Stop | Op::Restart | Op::Kill);
        let accepted = unchanged || matches!(self.status, 101 | 200..300);
        if self.error.is_some() || !accepted {
            return Outcome::Error;
        }
        // An exec has begun with its answer's head; what follows is the command's own.
        if self.op == Op::Exec || (complete && !(self.is_stream && self.is_cut)) {
            return Outcome::Ok;
        }
        Outcome::Unknown
    }

    /// The error's message, as sent.
    pub(super) fn error(&self) -> Option<String> {
        let error = self.error.clone().or_else(|| self.body.text());
        error
            .map(|error| clean(&error))
            .filter(|error| !error.is_empty())
    }

    /// The exec that was made.
    pub(super) fn exec(&self) -> Option<&str> {
        self.made.as_deref()
    }

    /// What it adds to what was asked for.
    pub(super) fn subject(&self, asked: &Subject) -> Subject {
        let mut subject = Subject {
            bytes: self
                .bytes
                .or_else(|| self.progress().map(|(moved, _)| moved)),
            ..Subject::default()
        };
        if self.op == Op::Create {
            subject.container.clone_from(&self.made);
        }
        self.name_images(asked, &mut subject);
        // A pull of all tags has as many digests as tags; the id that a caller has named stays,
        // but may be told in full.
        let fits = |digest: &str| match asked.digest.as_deref() {
            Some(id) => digest.starts_with(id) || hex(digest).starts_with(id),
            None => !asked.all_tags,
        };
        let other = self.other_id.clone().map(|id| (id, self.id_kind));
        let mut told = self.digest.clone().into_iter().chain(other);
        if let Some((digest, kind)) = told.find(|(digest, _)| fits(digest)) {
            subject.digest = Some(digest);
            subject.digest_kind = Some(kind);
        }
        subject
    }

    fn name_images(&self, asked: &Subject, subject: &mut Subject) {
        let Some(first) = self.images.first() else {
            return;
        };
        match self.op {
            // The last name that Podman has tried for a short one.
            Op::Pull => subject.image = self.images.last().cloned(),
            Op::RemoveImage => {
                let other = |image: &String| !self.images.contains(image);
                if asked.images.is_empty() && asked.image.as_ref().is_some_and(other) {
                    subject.image = Some(first.clone());
                }
            }
            _ => {
                subject.image = Some(first.clone());
                if self.images.len() > 1 || self.op == Op::Build {
                    subject.images.clone_from(&self.images);
                }
            }
        }
    }
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}
