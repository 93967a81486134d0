//! Frames that follow each other from a place where one may begin.

use bytes::{Buf, Bytes};

use super::frame::{END_HEADERS, END_STREAM, HEAD_LEN, Head, Kind, PartialHead};
use super::headers::fragment;
use super::hpack::Decoder;
use super::role::Role;
use super::trail::Trail;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// The highest error code of RFC 9113 section 7, which names those of `RST_STREAM`.
const LAST_ERROR: u32 = 0xd;

/// A chain of frames, each of which may stand where it does.
#[derive(Default)]
pub(super) struct Chain {
    place: Place,
    /// How many frames are whole.
    pub(super) frames: u32,
    /// How many bytes they have.
    pub(super) len: u64,
    pub(super) trail: Trail,
}

/// Where in its last frame a chain stands.
enum Place {
    Head(PartialHead),
    /// In a payload that is looked at, behind that much.
    Payload(Head, Vec<u8>),
    /// In one that says nothing, that many bytes before its end.
    Skip(Head, u32),
}

impl Default for Place {
    fn default() -> Self {
        Self::Head(PartialHead::default())
    }
}

/// What must be true of a chain besides its frames' own form.
pub(super) struct Setting<'a> {
    /// True if the client sends it.
    pub(super) client: bool,
    /// Longest payload that is believed.
    pub(super) most: u32,
    /// What this side said before its place was lost.
    pub(super) before: &'a Trail,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All that there was is used.
    Used,
    /// A frame is whole.
    Frame,
    /// This is no chain.
    Broken,
}

impl Chain {
    /// Goes on to the end of the frame, or of `input`.
    pub(super) fn step(&mut self, input: &mut Piece, at: Stamp, setting: &Setting<'_>) -> Step {
        while !input.is_empty() {
            let step = match input {
                Piece::Bytes(bytes) => self.read(bytes, at, setting),
                Piece::Gap(len) => self.miss(len, at, setting),
            };
            if step != Step::Used {
                return step;
            }
        }
        Step::Used
    }

    fn read(&mut self, bytes: &mut Bytes, at: Stamp, setting: &Setting<'_>) -> Step {
        match &mut self.place {
            Place::Head(partial) => match partial.fill(bytes) {
                Some(head) if is_credible(head, setting) => self.begin(head, at, setting),
                Some(_) => Step::Broken,
                None => Step::Used,
            },
            Place::Payload(head, seen) => {
                let lacking = head.len as usize - seen.len();
                let part = bytes.split_to(bytes.len().min(lacking));
                seen.extend_from_slice(&part);
                if part.len() < lacking {
                    return Step::Used;
                }
                let (head, seen) = (*head, std::mem::take(seen));
                self.end(head, &seen, at, setting)
            }
            Place::Skip(head, left) => {
                let part = bytes.len().min(*left as usize);
                bytes.advance(part);
                *left -= u32::try_from(part).unwrap_or(*left);
                if *left > 0 {
                    return Step::Used;
                }
                let head = *head;
                self.end(head, &[], at, setting)
            }
        }
    }

    /// Goes over a gap, which may lie within one frame's data only.
    fn miss(&mut self, len: &mut u64, at: Stamp, setting: &Setting<'_>) -> Step {
        let Place::Skip(head, left) = &mut self.place else {
            return Step::Broken;
        };
        let rest = u32::try_from(*len)
            .ok()
            .and_then(|len| left.checked_sub(len));
        match rest {
            Some(rest) if head.kind == Kind::Data => {
                (*left, *len) = (rest, 0);
                if rest > 0 {
                    return Step::Used;
                }
                let head = *head;
                self.end(head, &[], at, setting)
            }
            _ => Step::Broken,
        }
    }

    fn begin(&mut self, head: Head, at: Stamp, setting: &Setting<'_>) -> Step {
        match head.kind {
            _ if head.len == 0 => return self.end(head, &[], at, setting),
            Kind::Headers | Kind::WindowUpdate | Kind::RstStream => {
                self.place = Place::Payload(head, Vec::new());
            }
            _ => self.place = Place::Skip(head, head.len),
        }
        Step::Used
    }

    fn end(&mut self, head: Head, payload: &[u8], at: Stamp, setting: &Setting<'_>) -> Step {
        let credible = match head.kind {
            Kind::Headers => self.hear(head, payload, at, setting),
            Kind::WindowUpdate => number(payload).is_some_and(|n| n != 0 && n >> 31 == 0),
            Kind::RstStream => number(payload).is_some_and(|code| code <= LAST_ERROR),
            _ => true,
        };
        if !credible {
            return Step::Broken;
        }
        self.place = Place::default();
        self.trail.speak(head.stream);
        self.frames = self.frames.saturating_add(1);
        self.len += u64::from(head.len) + HEAD_LEN as u64;
        Step::Frame
    }

    /// Looks at a header block. The table is another every time: what an entry says does not
    /// matter, and what an index means is not known.
    fn hear(&mut self, head: Head, payload: &[u8], at: Stamp, setting: &Setting<'_>) -> bool {
        let Some(fragment) = fragment(head, payload, true) else {
            return false;
        };
        let read = Decoder::new(true).decode(fragment, true);
        let Some(role) = Role::of(&read.fields) else {
            return false;
        };
        let is_new = head.stream > self.trail.highest().max(setting.before.highest());
        if read.malformed
            || read.fields.is_empty()
            || !role.is_of(setting.client, head.has(END_STREAM))
            || role == Role::Request && !is_new
        {
            return false;
        }
        if role.is_head() && !setting.before.has_head(head.stream) {
            self.trail.head(head.stream, at);
        }
        true
    }
}

/// True if such a frame may be met in mid-stream. A block that goes on in CONTINUATION frames, and
/// a promise, are met so rarely that they are not believed.
pub(super) fn is_credible(head: Head, setting: &Setting<'_>) -> bool {
    head.is_usual()
        && head.len <= setting.most
        && !matches!(head.kind, Kind::PushPromise | Kind::Continuation)
        && (head.kind != Kind::Headers || head.has(END_HEADERS))
}

/// The number that a payload consists of.
fn number(payload: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(payload.try_into().ok()?))
}
