//! One direction: its frames, as they come in pieces.

use bytes::{Buf, Bytes};

use super::chain::Setting;
use super::event::Event;
use super::frame::{DEFAULT_MAX_LEN, Head, Kind, PADDED, PREFACE, max_len_of};
use super::headers::{BLOCK_LIMIT, Headers};
use super::held::Held;
use super::place::{Data, Place};
use super::report::Report;
use super::role::Role;
use super::search::Search;
use super::trail::Trail;
use crate::decode::flow::Piece;
use crate::observation::Anomaly;

/// Longest SETTINGS frame that is read, in bytes; a longer one is stepped over.
const SETTINGS_LIMIT: usize = 1_024;

/// What one side says.
pub(super) struct Side {
    client: bool,
    place: Place,
    headers: Headers,
    /// True once its first frame was seen, or its beginning was missed.
    begun: bool,
    /// True if its place was searched and found, and not followed from the beginning: then only
    /// what is usual is believed.
    found: bool,
    /// What it spoke of while its place was known.
    trail: Trail,
    /// The longest payload that it says it takes; null if that may have been said unseen.
    takes: Option<u32>,
}

impl Side {
    /// The client's or the server's side of a connection from its first byte.
    pub(super) fn from_beginning(client: bool) -> Self {
        Self {
            place: if client {
                Place::Preface(PREFACE)
            } else {
                Place::next()
            },
            client,
            headers: Headers::new(false),
            begun: false,
            found: false,
            trail: Trail::default(),
            takes: Some(DEFAULT_MAX_LEN),
        }
    }

    /// The same of a connection that is joined in mid-stream.
    pub(super) fn joined(client: bool) -> Self {
        Self {
            place: Place::lost(true),
            headers: Headers::new(true),
            begun: true,
            takes: None,
            ..Self::from_beginning(client)
        }
    }

    /// The longest payload that this side takes, if that is known.
    pub(super) fn takes(&self) -> Option<u32> {
        self.takes
    }

    /// What it has spoken of, or may have.
    pub(super) fn trail(&self) -> &Trail {
        match &self.place {
            Place::Lost(search) => &search.chain().trail,
            _ => &self.trail,
        }
    }

    /// True if what it says turned out not to be HTTP/2.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self.place, Place::Foreign)
    }

    /// The search, while its place is not known.
    pub(super) fn search(&self) -> Option<&Search> {
        match &self.place {
            Place::Lost(search) => Some(search),
            _ => None,
        }
    }

    /// Believes the place that was searched. Gives what was heard from there on, to be heard again.
    pub(super) fn believe(&mut self) -> Option<Held> {
        if !matches!(self.place, Place::Lost(_)) {
            return None;
        }
        self.found = true;
        match std::mem::replace(&mut self.place, Place::next()) {
            Place::Lost(search) => Some(search.into_held()),
            _ => None,
        }
    }

    /// Goes on in `piece`, to the end of a frame at most. `most` is the longest payload that the
    /// other side takes. True if there is more to do.
    pub(super) fn step(
        &mut self,
        piece: &mut Piece,
        most: Option<u32>,
        report: &mut Report<'_>,
    ) -> bool {
        if let Place::Lost(search) = &mut self.place {
            search.hold(std::mem::replace(piece, Piece::EMPTY), report.at);
            return search.step(&Setting {
                client: self.client,
                most: most.unwrap_or_default().max(DEFAULT_MAX_LEN),
                before: &self.trail,
            });
        }
        match piece {
            _ if piece.is_empty() => {}
            Piece::Bytes(bytes) => self.read(bytes, most, report),
            Piece::Gap(len) => self.miss(len, report),
        }
        !piece.is_empty()
    }

    /// Takes some bytes from the front, at least one.
    fn read(&mut self, bytes: &mut Bytes, most: Option<u32>, report: &mut Report<'_>) {
        match &mut self.place {
            Place::Preface(rest) => {
                let pairs = bytes.iter().zip(rest.iter());
                let same = pairs.take_while(|(said, due)| said == due).count();
                *rest = rest.get(same..).unwrap_or_default();
                bytes.advance(same);
                if rest.is_empty() {
                    self.place = Place::next();
                } else if !bytes.is_empty() {
                    self.leave(bytes, report);
                }
            }
            Place::Head(partial) => {
                if let Some(head) = partial.fill(bytes) {
                    self.begin(head, bytes, most, report);
                }
            }
            Place::PadLength(head) => {
                let head = *head;
                let padding = u32::from(bytes.get_u8());
                let rest = head.len - 1;
                self.place = if let Some(left) = rest.checked_sub(padding) {
                    Place::Data(Data::new(head, left, padding))
                } else {
                    report.anomaly(Anomaly::MalformedFrame);
                    Place::Skip(rest)
                };
                self.settle(report);
            }
            Place::Data(data) => {
                let part = bytes.split_to(bytes.len().min(data.left as usize));
                data.tell(Piece::Bytes(part), report);
                self.settle(report);
            }
            Place::Payload(head, seen) => {
                let head = *head;
                let lacking = head.len as usize - seen.len();
                let part = bytes.split_to(bytes.len().min(lacking));
                if part.len() < lacking {
                    seen.extend_from_slice(&part);
                } else if seen.is_empty() {
                    self.complete(head, &part, report);
                } else {
                    seen.extend_from_slice(&part);
                    let seen = std::mem::take(seen);
                    self.complete(head, &seen, report);
                }
            }
            Place::Skip(left) => {
                let skipped = bytes.len().min(*left as usize);
                bytes.advance(skipped);
                *left -= u32::try_from(skipped).unwrap_or(*left);
                self.settle(report);
            }
            Place::Lost(_) | Place::Foreign => bytes.clear(),
        }
    }

    /// A frame's header was read.
    fn begin(&mut self, head: Head, bytes: &mut Bytes, most: Option<u32>, report: &mut Report<'_>) {
        if !std::mem::replace(&mut self.begun, true) && head.kind != Kind::Settings {
            return self.leave(bytes, report);
        }
        if !head.kind.has_block() {
            self.headers.expect_none(report);
        }
        if self.found && !head.is_usual() {
            return self.refute(report);
        }
        self.trail.speak(head.stream);
        let allowed = head.is_allowed() && most.is_none_or(|most| head.len <= most);
        let fits = |limit: usize| head.len as usize <= limit;
        self.place = match head.kind {
            kind if kind.has_block() && !allowed => {
                self.headers.refuse(head, Anomaly::MalformedFrame, report);
                Place::Skip(head.len)
            }
            kind if kind.has_block() && !fits(BLOCK_LIMIT) => {
                self.headers.refuse(head, Anomaly::MalformedHeaders, report);
                Place::Skip(head.len)
            }
            _ if !allowed => {
                report.anomaly(Anomaly::MalformedFrame);
                Place::Skip(head.len)
            }
            Kind::Data if head.has(PADDED) => Place::PadLength(head),
            Kind::Data => Place::Data(Data::new(head, head.len, 0)),
            Kind::Settings if !fits(SETTINGS_LIMIT) => Place::Skip(head.len),
            Kind::RstStream | Kind::Settings => Place::Payload(head, Vec::new()),
            kind if kind.has_block() => Place::Payload(head, Vec::new()),
            _ => Place::Skip(head.len),
        };
        self.settle(report);
    }

    /// Moves on from a place that no further byte belongs to.
    fn settle(&mut self, report: &mut Report<'_>) {
        if let Place::Data(data) = &mut self.place
            && data.left == 0
        {
            if data.end {
                data.tell(Piece::EMPTY, report);
            }
            self.place = Place::Skip(data.padding);
        }
        match self.place {
            Place::Payload(head, _) if head.len == 0 => self.complete(head, &[], report),
            Place::Skip(0) => self.place = Place::next(),
            _ => {}
        }
    }

    /// The payload of a frame that is read when it is whole was seen.
    fn complete(&mut self, head: Head, payload: &[u8], report: &mut Report<'_>) {
        self.place = Place::next();
        match head.kind {
            Kind::Settings => self.takes = max_len_of(payload).or(self.takes),
            Kind::RstStream => {
                let code = payload.try_into().map_or(0, u32::from_be_bytes);
                report.out.push(Event::Reset {
                    stream: head.stream,
                    direction: report.direction,
                    code,
                    at: report.at,
                });
            }
            _ => self.hear(head, payload, report),
        }
    }

    /// A frame with a part of a header block was seen.
    fn hear(&mut self, head: Head, payload: &[u8], report: &mut Report<'_>) {
        let told = report.out.len();
        self.headers.hear(head, payload, report);
        let mut credible = true;
        for event in report.out.iter().skip(told) {
            match event {
                Event::Headers {
                    stream,
                    fields,
                    end,
                    ..
                } => match Role::of(fields) {
                    Some(role) if role.is_of(self.client, *end) => {
                        if role.is_head() {
                            self.trail.head(*stream, report.at);
                        }
                    }
                    _ => credible = false,
                },
                _ => credible = false,
            }
        }
        if self.found && !credible {
            self.refute(report);
        }
    }

    /// That many bytes were missed.
    fn miss(&mut self, len: &mut u64, report: &mut Report<'_>) {
        if let Place::Payload(head, seen) = &mut self.place {
            let (head, seen) = (*head, std::mem::take(seen));
            let left = head.len - u32::try_from(seen.len()).unwrap_or(head.len);
            if head.kind.has_block() {
                self.headers.hear_cut(head, &seen, report);
                self.place = Place::Skip(left);
            } else if head.kind == Kind::Settings {
                self.takes = None;
                self.place = Place::Skip(left);
            }
        }
        if let Place::Data(data) = &mut self.place {
            let missed = u64::from(data.left).min(*len);
            data.tell(Piece::Gap(missed), report);
            *len -= missed;
            self.settle(report);
        }
        if let Place::Skip(left) = &mut self.place {
            let missed = u32::try_from(*len).unwrap_or(u32::MAX).min(*left);
            *left -= missed;
            *len -= u64::from(missed);
            self.settle(report);
        }
        if *len > 0 && !matches!(self.place, Place::Foreign) {
            self.lose(true, report);
        }
        *len = 0;
    }

    /// The place is lost; what follows may begin where a sender's buffer does (`natural`).
    fn lose(&mut self, natural: bool, report: &mut Report<'_>) {
        self.place = Place::lost(natural);
        self.begun = true;
        self.takes = None;
        self.headers.interrupt(report);
        report.anomaly(Anomaly::LostFraming);
    }

    /// The place that was found is none.
    fn refute(&mut self, report: &mut Report<'_>) {
        self.trail = Trail::default();
        self.lose(false, report);
    }

    /// This is not HTTP/2.
    fn leave(&mut self, bytes: &mut Bytes, report: &mut Report<'_>) {
        bytes.clear();
        self.place = Place::Foreign;
        report.anomaly(Anomaly::UnknownProtocol);
    }
}
