//! `transfer.v1.Transfer/Transfer`: containerd moves an image itself, and tells how far it is on a
//! stream (`streaming.v1.Streaming/Stream`) that the client has opened for it before, on the same
//! connection.

use std::collections::BTreeMap;

use super::Said;
use super::image::kind;
use super::message::{
    Any, ImageStore, OciRegistry, Platform, Progress, StreamInit, TransferRequest,
};
use crate::decode::api::layers::{Layers, Pace};
use crate::decode::api::named;
use crate::decode::api::rpc::{Head, Operation, Payload, Procedure, Shape, never};
use crate::decode::rpc::End;
use crate::decode::{Direction, Event, Exchange};
use crate::model::{Api, DigestKind, Op, Stamp, Subject, image_id};

/// Transfers of one connection whose progress is followed; of further ones only begin and end.
const MAX_TRANSFERS: usize = 128;
/// Longest name of a stream that is remembered; clients make them of some twenty digits.
const MAX_STREAM: usize = 256;
/// References of one transfer that are kept.
const MAX_IMAGES: usize = 64;

const TRANSFER: Procedure = Procedure {
    api: Api::Containerd,
    shape: Shape::Unary,
    asked,
    answered: never,
};

/// The transfers of a connection, by the stream that tells their progress.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    transfers: BTreeMap<String, Moving>,
}

/// How far a transfer is.
#[derive(Debug)]
struct Moving {
    exchange: Exchange,
    layers: Layers,
    pace: Pace,
    images: Vec<String>,
    digest: Option<(String, DigestKind)>,
}

/// The call that asks for it.
#[derive(Debug)]
pub(super) struct Transfer {
    operation: Operation,
    progress_stream: Option<String>,
}

impl Transfer {
    pub(super) fn new() -> Self {
        Self {
            operation: Operation::new(&TRANSFER),
            progress_stream: None,
        }
    }

    pub(super) fn message(
        &mut self,
        transfers: &mut Transfers,
        said: Said<'_>,
        payload: &mut Payload,
        out: &mut Vec<Event>,
    ) {
        let Said {
            head, direction, ..
        } = said;
        let had_begun = self.operation.has_begun();
        self.operation.message(head, direction, payload, out);
        if self.operation.has_begun() && !had_begun {
            let asked: TransferRequest = payload.read();
            let stream = asked.options.unwrap_or_default().progress_stream;
            if is_stream(&stream) && transfers.transfers.len() < MAX_TRANSFERS {
                self.progress_stream = Some(stream.clone());
                transfers.transfers.insert(stream, Moving::new(head));
            }
        }
    }

    pub(super) fn end(
        mut self,
        transfers: &mut Transfers,
        head: &Head,
        end: &End,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if let Some(moving) = self.remove(transfers) {
            self.operation.add(moving.subject());
        }
        self.operation.end(head, end, at, out);
    }

    /// The call was another; true if it was told.
    pub(super) fn withdraw(self, transfers: &mut Transfers) -> bool {
        self.remove(transfers);
        self.operation.has_begun()
    }

    fn remove(&self, transfers: &mut Transfers) -> Option<Moving> {
        transfers.transfers.remove(self.progress_stream.as_ref()?)
    }
}

/// `streaming.v1.Streaming/Stream`. Only one that tells a transfer's progress is read; others carry
/// layers (`Data`) and credentials (`AuthResponse`).
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Null until the first message; empty for what can tell of no transfer.
    id: Option<String>,
}

impl Stream {
    pub(super) fn message(
        &mut self,
        transfers: &mut Transfers,
        said: Said<'_>,
        payload: &mut Payload,
        out: &mut Vec<Event>,
    ) {
        match (&self.id, said.direction) {
            (None, Direction::ToServer) => {
                let first: Any = payload.read();
                let init = (first.type_name() == "containerd.services.streaming.v1.StreamInit")
                    .then(|| payload.read_inner::<StreamInit>(first.value));
                let id = init.unwrap_or_default().id;
                self.id = Some(Some(id).filter(|id| is_stream(id)).unwrap_or_default());
            }
            (Some(id), Direction::ToClient) => {
                if let Some(moving) = transfers.transfers.get_mut(id) {
                    let told: Any = payload.read();
                    if told.type_name() == "containerd.types.transfer.Progress" {
                        moving.learn(&payload.read_inner(told.value));
                        moving.tell(said.at, out);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_stream(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_STREAM
}

impl Moving {
    fn new(head: &Head) -> Self {
        Self {
            exchange: head.exchange,
            layers: Layers::default(),
            pace: Pace::new(head.at),
            images: Vec::new(),
            digest: None,
        }
    }

    /// Events are those of containerd `core/transfer/local/*.go`. Extracting counts other bytes, but
    /// what is extracted has come.
    fn learn(&mut self, progress: &Progress) {
        let size = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
        let (moved, total) = (size(progress.moved), size(progress.total));
        match progress.event.as_str() {
            "waiting" | "downloading" | "uploading" | "complete" => {
                self.layers.moved(&progress.name, moved, total);
            }
            // Layers that are unpacked at once are not said to be complete.
            "extracting" | "extracted" => self.layers.done(&progress.name),
            "already exists" => self.layers.present(&progress.name),
            "saved" => {
                self.name(&progress.name);
                self.resolve(progress);
            }
            "pushed content" => self.resolve(progress),
            _ => {}
        }
    }

    fn name(&mut self, name: &str) {
        if let Some(name) = named::name(name)
            && self.images.len() < MAX_IMAGES
            && !self.images.contains(&name)
        {
            self.images.push(name);
        }
    }

    /// The first digest is that of the first name.
    fn resolve(&mut self, progress: &Progress) {
        if let Some(target) = &progress.desc
            && let Some(digest) = image_id(&target.digest)
        {
            self.digest.get_or_insert((digest, kind(target)));
        }
    }

    fn tell(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if let Some(subject) = self.pace.due(self.layers.sums(), at) {
            out.push(Event::Progress {
                exchange: self.exchange,
                subject,
            });
        }
    }

    fn subject(self) -> Subject {
        let (digest, digest_kind) = self.digest.unzip();
        let mut subject = Subject {
            image: self.images.first().cloned(),
            digest,
            digest_kind,
            bytes: self.layers.sums().map(|(moved, _)| moved),
            ..Subject::default()
        };
        if self.images.len() > 1 {
            subject.images = self.images;
        }
        subject
    }
}

/// What is moved, by the types of its two ends; null for what is no image.
fn asked(payload: &mut Payload) -> Option<(Op, Subject)> {
    let asked: TransferRequest = payload.read();
    let (source, destination) = (asked.source?, asked.destination?);
    let ends = [&source, &destination].map(|end| {
        end.type_name()
            .strip_prefix("containerd.types.transfer.")
            .unwrap_or_default()
    });
    Some(match ends {
        ["OCIRegistry", "ImageStore"] => {
            let from: OciRegistry = payload.read_inner(source.value);
            let to: ImageStore = payload.read_inner(destination.value);
            (Op::Pull, pulled(&from, &to))
        }
        ["ImageImportStream", "ImageStore"] => {
            let to: ImageStore = payload.read_inner(destination.value);
            (Op::Import, image(&to.name))
        }
        ["ImageStore", "OCIRegistry"] => {
            let to: OciRegistry = payload.read_inner(destination.value);
            (Op::Push, image(&to.reference))
        }
        ["ImageStore", "ImageExportStream"] => {
            let from: ImageStore = payload.read_inner(source.value);
            (Op::Save, saved(&from))
        }
        ["ImageStore", "ImageStore"] => {
            let from: ImageStore = payload.read_inner(source.value);
            let to: ImageStore = payload.read_inner(destination.value);
            let target = Some(named::reference(&to.name)).filter(|_| !to.name.is_empty());
            let subject = Subject {
                target,
                ..image(&from.name)
            };
            (Op::Tag, subject)
        }
        _ => return None,
    })
}

fn image(name: &str) -> Subject {
    named::image(name, DigestKind::Unknown)
}

/// A pull is of what it is stored as, and is for one platform or for several.
fn pulled(from: &OciRegistry, to: &ImageStore) -> Subject {
    let name = if to.name.is_empty() {
        &from.reference
    } else {
        &to.name
    };
    let platform = match to.platforms.as_slice() {
        [one] => platform(one),
        _ => None,
    };
    Subject {
        platform,
        ..image(name)
    }
}

fn platform(platform: &Platform) -> Option<String> {
    let parts = [&platform.os, &platform.architecture, &platform.variant];
    let parts: Vec<_> = parts
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    named::text(&parts.join("/"))
}

/// Several images are named as further references, and then none in the first place.
fn saved(from: &ImageStore) -> Subject {
    let extra = from.extra_references.iter();
    let extra = extra
        .filter(|extra| !extra.is_prefix)
        .map(|extra| &extra.name);
    let mut images: Vec<_> = std::iter::once(&from.name)
        .chain(extra)
        .filter(|name| !name.is_empty())
        .take(MAX_IMAGES)
        .map(|name| named::reference(name))
        .collect();
    let mut subject = Subject {
        image: images.first().cloned(),
        ..Subject::default()
    };
    if images.len() > 1 {
        subject.images = std::mem::take(&mut images);
    }
    subject
}
