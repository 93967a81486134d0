//! Images that are being named: the pulls, imports and tags that the client does itself.
//!
//! Such an operation is told with the first call that gives a name, since only that proves that an
//! image is made; it has begun with the first write. It ends with the call that works or fails. A
//! pull or import may go on: a name that is there already is moved, one that is not is made, and an
//! import may have further images. Such a one waits until its lease is given back, the connection is
//! gone, or another call of the connection shows that [`MAX_WAIT`] has passed.

use std::collections::VecDeque;

use super::fetch::{Fetch, Key};
use super::image::kind;
use super::message::Descriptor;
use crate::decode::api::layers::PROGRESS_EVERY;
use crate::decode::api::named;
use crate::decode::api::rpc::{Ending, Head};
use crate::decode::{Event, Exchange};
use crate::model::{Api, Basis, DigestKind, Op, Outcome, Stamp, Subject, image_id};

/// How long an operation waits for the next name, in nanoseconds.
const MAX_WAIT: u64 = 2 * 1_000_000_000;
/// Images of one connection that are named at once; the oldest ends early.
const MAX_NAMINGS: usize = 64;
/// Names of one import that are kept.
const MAX_NAMES: usize = 256;
/// Bytes of a name that are kept; the longest that is one has 384 (a reference of 255, a tag of 128).
const MAX_NAME: usize = 1024;

/// What is being named on a connection.
#[derive(Debug, Default)]
pub(super) struct Namings {
    /// The oldest first.
    namings: VecDeque<Naming>,
}

/// A call that gives a name.
pub(super) struct Asked<'a> {
    pub(super) head: &'a Head,
    pub(super) key: &'a Key,
    pub(super) name: &'a str,
    pub(super) target: Option<&'a Descriptor>,
}

#[derive(Debug)]
struct Naming {
    /// The first call, whose number the operation bears.
    exchange: Exchange,
    key: Key,
    op: Op,
    /// As the calls gave them.
    names: Vec<String>,
    digest: Option<(String, DigestKind)>,
    /// The call that is not answered yet.
    open: Option<Exchange>,
    /// The last answer.
    last: Option<(Stamp, Ending)>,
    /// When its names were last told, in nanoseconds.
    told: u64,
}

impl Namings {
    /// True if the name was refused before, and this call tries it in the other way.
    pub(super) fn retry(&mut self, asked: &Asked<'_>) -> bool {
        let is_same = |naming: &&mut Naming| {
            let last = naming.names.last().map(String::as_str);
            naming.open.is_none() && naming.key == *asked.key && last == Some(kept(asked.name))
        };
        let naming = self.namings.iter_mut().find(is_same);
        if let Some(naming) = naming {
            naming.open = Some(asked.head.exchange);
            true
        } else {
            false
        }
    }

    /// What was fetched gets its name.
    pub(super) fn fetched(&mut self, asked: &Asked<'_>, fetch: &Fetch, out: &mut Vec<Event>) {
        let subject = Subject {
            bytes: fetch.written,
            namespace: fetch.namespace.clone(),
            ..named::image(asked.name, DigestKind::Unknown)
        };
        let (op, of_writes) = fetch.made();
        let basis = if asked.head.basis.is_observed() {
            of_writes
        } else {
            asked.head.basis.clone()
        };
        self.begin(asked, (op, subject), (fetch.at, basis), out);
    }

    /// An image that was just read gets one more name.
    pub(super) fn tagged(&mut self, asked: &Asked<'_>, image: &str, out: &mut Vec<Event>) {
        let subject = Subject {
            target: Some(named::reference(asked.name)),
            ..named::image(image, DigestKind::Unknown)
        };
        let began = (asked.head.at, asked.head.basis.clone());
        self.begin(asked, (Op::Tag, subject), began, out);
    }

    /// True if an import has one more name.
    pub(super) fn import_more(&mut self, asked: &Asked<'_>, out: &mut Vec<Event>) -> bool {
        let is_open = |naming: &&mut Naming| naming.op == Op::Import && naming.key == *asked.key;
        let Some(naming) = self.namings.iter_mut().find(is_open) else {
            return false;
        };
        naming.open = Some(asked.head.exchange);
        let name = kept(asked.name);
        if naming.names.len() < MAX_NAMES && naming.names.iter().all(|known| known != name) {
            naming.names.push(name.to_owned());
            naming.tell(asked.head.at, out);
        }
        true
    }

    fn begin(
        &mut self,
        asked: &Asked<'_>,
        (op, mut subject): (Op, Subject),
        (at, basis): (Stamp, Basis),
        out: &mut Vec<Event>,
    ) {
        if self.namings.len() >= MAX_NAMINGS
            && let Some(oldest) = self.namings.pop_front()
        {
            oldest.end(at, out);
        }
        let Head {
            exchange,
            namespace,
            correlation,
            ..
        } = asked.head;
        subject.namespace = subject.namespace.or_else(|| namespace.clone());
        out.push(Event::Began {
            exchange: *exchange,
            at,
            api: Api::Containerd,
            op,
            subject,
            basis,
            correlation: correlation.clone(),
        });
        let digest = asked
            .target
            .and_then(|target| Some((image_id(&target.digest)?, kind(target))));
        self.namings.push_back(Naming {
            exchange: *exchange,
            key: asked.key.clone(),
            op,
            names: vec![kept(asked.name).to_owned()],
            digest,
            open: Some(*exchange),
            last: None,
            told: asked.head.at.mono,
        });
    }

    /// A call has ended like this. `is_retried` if the client of a pull or import tries it otherwise;
    /// if that is not seen, what became of it is not known.
    pub(super) fn answered(
        &mut self,
        exchange: Exchange,
        ending: Ending,
        is_retried: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        let is_own = |naming: &Naming| naming.open == Some(exchange);
        let Some(index) = self.namings.iter().position(is_own) else {
            return;
        };
        if let Some(naming) = self.namings.get_mut(index) {
            let is_retried = is_retried && naming.op != Op::Tag;
            let may_go_on = naming.op == Op::Import && ending.0 == Outcome::Ok;
            let unseen = (Outcome::Unknown, None);
            naming.open = None;
            naming.last = Some((at, if is_retried { unseen } else { ending }));
            if is_retried || may_go_on {
                return;
            }
        }
        if let Some(naming) = self.namings.remove(index) {
            naming.end(at, out);
        }
    }

    /// The calls of this key are over.
    pub(super) fn finish(&mut self, key: &Key, at: Stamp, out: &mut Vec<Event>) {
        let is_over = |naming: &Naming| naming.open.is_none() && naming.key == *key;
        self.end_those(is_over, at, out);
    }

    /// It is this late.
    pub(super) fn pass(&mut self, at: Stamp, out: &mut Vec<Event>) {
        let waits_too_long = |naming: &Naming| {
            let last = naming.last.as_ref().map(|(last, _)| last.mono);
            let waited = last.map_or(0, |last| at.mono.saturating_sub(last));
            naming.open.is_none() && waited > MAX_WAIT
        };
        self.end_those(waits_too_long, at, out);
    }

    /// The connection is gone.
    pub(super) fn close(&mut self, at: Stamp, out: &mut Vec<Event>) {
        self.end_those(|_| true, at, out);
    }

    /// A call was another. True if it was the one whose number the operation bears.
    pub(super) fn withdraw(&mut self, exchange: Exchange) -> bool {
        let before = self.namings.len();
        self.namings.retain(|naming| naming.exchange != exchange);
        for naming in &mut self.namings {
            naming.open.take_if(|open| *open == exchange);
        }
        self.namings.len() < before
    }

    fn end_those(&mut self, which: impl Fn(&Naming) -> bool, at: Stamp, out: &mut Vec<Event>) {
        if !self.namings.iter().any(&which) {
            return;
        }
        let (over, rest): (Vec<_>, _) = self.namings.drain(..).partition(which);
        self.namings = rest.into();
        for naming in over {
            naming.end(at, out);
        }
    }
}

/// What is kept of a name.
fn kept(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_NAME))
        .unwrap_or(name)
}

impl Naming {
    /// Tells all its names, unless they were just told: its end tells them again.
    fn tell(&mut self, at: Stamp, out: &mut Vec<Event>) {
        if at.mono.saturating_sub(self.told) >= PROGRESS_EVERY {
            self.told = at.mono;
            out.push(Event::Progress {
                exchange: self.exchange,
                subject: self.subject(),
            });
        }
    }

    /// It ends with its last answer, or now if there is none.
    fn end(self, now: Stamp, out: &mut Vec<Event>) {
        let mut subject = self.subject();
        let (at, (outcome, error)) = self.last.unwrap_or((now, (Outcome::Unknown, None)));
        if outcome == Outcome::Ok
            && let Some((digest, kind)) = self.digest
        {
            subject.digest = Some(digest);
            subject.digest_kind = Some(kind);
        }
        out.push(Event::Ended {
            exchange: self.exchange,
            at,
            outcome,
            error,
            subject,
        });
    }

    /// All names of an import that has several.
    fn subject(&self) -> Subject {
        let mut subject = Subject::default();
        if self.names.len() > 1 {
            let names = self.names.iter();
            subject.images = names.map(|name| named::reference(name)).collect();
        }
        subject
    }
}
