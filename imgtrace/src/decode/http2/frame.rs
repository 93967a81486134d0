//! Frame headers (RFC 9113 sections 4.1 and 6): what each type of frame may look like.

use bytes::{Buf, Bytes};

/// What a client sends first (RFC 9113 section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Length of a frame's header.
pub(super) const HEAD_LEN: usize = 9;
/// Longest payload that a receiver takes until it says otherwise (section 6.5.2,
/// `SETTINGS_MAX_FRAME_SIZE`).
pub(super) const DEFAULT_MAX_LEN: u32 = 16_384;

/// The setting that says otherwise.
const SETTINGS_MAX_FRAME_SIZE: u16 = 0x5;

/// `END_STREAM` of DATA and HEADERS, `ACK` of SETTINGS and PING.
pub(super) const END_STREAM: u8 = 0x1;
pub(super) const ACK: u8 = 0x1;
/// Of HEADERS, `PUSH_PROMISE` and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;
/// Of DATA, HEADERS and `PUSH_PROMISE`.
pub(super) const PADDED: u8 = 0x8;
/// Of HEADERS.
pub(super) const PRIORITY: u8 = 0x20;

/// What a frame is; its discriminant is its type on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// One that RFC 9113 does not know; receivers skip it (section 5.5).
    Other,
}

/// What must be true of a kind of frame.
struct Rules {
    /// Its flags.
    flags: u8,
    /// Whether it is about a stream; null if it may or may not be.
    of_stream: Option<bool>,
    /// The shortest and the longest payload, without padding and priority.
    lengths: (u32, u32),
}

impl Kind {
    fn from_wire(kind: u8) -> Self {
        match kind {
            0 => Self::Data,
            1 => Self::Headers,
            2 => Self::Priority,
            3 => Self::RstStream,
            4 => Self::Settings,
            5 => Self::PushPromise,
            6 => Self::Ping,
            7 => Self::GoAway,
            8 => Self::WindowUpdate,
            9 => Self::Continuation,
            _ => Self::Other,
        }
    }

    /// True for the kinds that carry a part of a header block.
    pub(super) fn has_block(self) -> bool {
        matches!(self, Self::Headers | Self::PushPromise | Self::Continuation)
    }

    /// Sections 6.1 to 6.10.
    const fn rules(self) -> Rules {
        let any = (0, u32::MAX);
        let (flags, of_stream, lengths) = match self {
            Self::Data => (END_STREAM | PADDED, Some(true), any),
            Self::Headers => {
                let flags = END_STREAM | END_HEADERS | PADDED | PRIORITY;
                (flags, Some(true), any)
            }
            Self::Priority => (0, Some(true), (5, 5)),
            Self::RstStream => (0, Some(true), (4, 4)),
            Self::Settings => (ACK, Some(false), any),
            Self::PushPromise => (END_HEADERS | PADDED, Some(true), (4, u32::MAX)),
            Self::Ping => (ACK, Some(false), (8, 8)),
            Self::GoAway => (0, Some(false), (8, u32::MAX)),
            Self::WindowUpdate => (0, None, (4, 4)),
            Self::Continuation => (END_HEADERS, Some(true), any),
            Self::Other => (u8::MAX, None, any),
        };
        Rules {
            flags,
            of_stream,
            lengths,
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Length of the payload, at most 2^24 - 1.
    pub(super) len: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// The stream; 0 for the connection.
    pub(super) stream: u32,
    /// The bit before the stream, which has no meaning and is not sent.
    pub(super) reserved: bool,
}

/// A frame's header as far as it was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartialHead {
    bytes: [u8; HEAD_LEN],
    seen: usize,
}

impl PartialHead {
    /// Takes what it lacks from the front of `input`. Gives the header once it is whole.
    pub(super) fn fill(&mut self, input: &mut Bytes) -> Option<Head> {
        let lacking = self.bytes.iter_mut().skip(self.seen);
        let taken = lacking
            .zip(input.iter())
            .map(|(to, from)| *to = *from)
            .count();
        input.advance(taken);
        self.seen += taken;
        (self.seen == HEAD_LEN).then(|| Head::parse(self.bytes))
    }
}

/// What a SETTINGS frame says of [`DEFAULT_MAX_LEN`] (section 6.5.1).
pub(super) fn max_len_of(settings: &[u8]) -> Option<u32> {
    let max_len = |setting: &[u8]| match setting {
        [a, b, value @ ..] if u16::from_be_bytes([*a, *b]) == SETTINGS_MAX_FRAME_SIZE => {
            Some(u32::from_be_bytes(value.try_into().ok()?))
        }
        _ => None,
    };
    settings.chunks_exact(6).filter_map(max_len).next_back()
}

impl Head {
    pub(super) fn parse(bytes: [u8; HEAD_LEN]) -> Self {
        let [len @ .., kind, flags, _, _, _, _] = bytes;
        let [.., a, b, c, d] = bytes;
        let stream = u32::from_be_bytes([a, b, c, d]);
        let [a, b, c] = len;
        Self {
            len: u32::from_be_bytes([0, a, b, c]),
            kind: Kind::from_wire(kind),
            flags,
            stream: stream & !(1 << 31),
            reserved: stream >> 31 == 1,
        }
    }

    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// False if a receiver must treat it as an error. Flags that its type does not have are
    /// ignored, as they must be (section 4.1).
    pub(super) fn is_allowed(self) -> bool {
        let rules = self.kind.rules();
        let (least, most) = rules.lengths;
        let fields = match self.kind {
            Kind::Settings if self.has(ACK) => return self.stream == 0 && self.len == 0,
            Kind::Settings => return self.stream == 0 && self.len.is_multiple_of(6),
            Kind::Data | Kind::PushPromise => u32::from(self.has(PADDED)),
            Kind::Headers => u32::from(self.has(PADDED)) + 5 * u32::from(self.has(PRIORITY)),
            _ => 0,
        };
        (least + fields..=most).contains(&self.len)
            && rules.of_stream.is_none_or(|of| of == (self.stream != 0))
    }
    /// True if it is one that clients and servers of today send: allowed, of a known type, with no
    /// bit that has no meaning, about a stream that a client began.
    pub(super) fn is_usual(self) -> bool {
        self.is_allowed()
            && self.kind != Kind::Other
            && !self.reserved
            && self.flags & !self.kind.rules().flags == 0
            && (self.stream == 0 || self.stream % 2 == 1)
    }
}
