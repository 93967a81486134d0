//! One direction's frames: where each begins and ends.
//!
//! Without a footing (in mid-stream, or behind a gap that swallowed a header) it looks for a header
//! at every byte, and its owner says whether what follows bears it out.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::decode::gather::{Gather, Gathered, MESSAGE_LIMIT};
use crate::observation::Anomaly;

/// Length of a header (`messageHeaderLength` in ttrpc `channel.go`).
const HEADER: usize = 10;
/// Most bytes behind a header (`messageLengthMax`).
const LENGTH_MAX: u32 = 4 << 20;
/// Highest stream that a header found without a footing may name. Clients count 1, 3, 5 …, so
/// this is eight million calls on one connection.
const STREAM_MAX: u32 = 1 << 24;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response,
    Data,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) len: u32,
    /// Odd: no server begins one yet.
    pub(super) stream: u32,
    pub(super) kind: Kind,
    flags: u8,
}

impl Header {
    /// The sender says no more on this stream.
    pub(super) fn is_last(self) -> bool {
        self.flags & 1 != 0
    }

    /// A request that will be followed by data.
    pub(super) fn is_open(self) -> bool {
        self.flags & 2 != 0
    }

    /// Data that is none, not even an empty message.
    pub(super) fn has_no_data(self) -> bool {
        self.flags & 4 != 0
    }

    /// Reads a header that may stand in that direction.
    fn parse(bytes: &[u8], direction: Direction) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (stream, rest) = rest.split_first_chunk()?;
        let &[kind, flags] = rest.first_chunk()?;
        let (kind, known_flags) = match (kind, direction) {
            (1, Direction::ToServer) => (Kind::Request, 0b011),
            (2, Direction::ToClient) => (Kind::Response, 0b000),
            (3, _) => (Kind::Data, 0b101),
            _ => return None,
        };
        let (len, stream) = (u32::from_be_bytes(*len), u32::from_be_bytes(*stream));
        let is_one = len <= LENGTH_MAX && stream % 2 == 1 && flags & !known_flags == 0;
        is_one.then_some(Self {
            len,
            stream,
            kind,
            flags,
        })
    }

    /// True of a header that is worth a try where there is no footing: it begins a request or
    /// answers one, and all of the frame will be kept, so that it can be proved.
    fn is_telling(self) -> bool {
        self.kind != Kind::Data && self.len as usize <= MESSAGE_LIMIT && self.stream < STREAM_MAX
    }
}

/// What comes next in a direction.
pub(super) enum Token {
    Frame(Header, Gathered),
    /// What should be a header is none, or is missing. The direction looks for the next.
    Lost(Anomaly),
}

/// One direction, frame by frame.
pub(super) struct Frames {
    direction: Direction,
    place: Place,
}

enum Place {
    /// Within a header.
    Header(Vec<u8>),
    /// Behind a header.
    Payload(Header, Gather),
    /// No footing; the last bytes, fewer than a header, may be the beginning of one.
    Lost(Vec<u8>),
}

impl Frames {
    /// A direction that begins with a frame, or one that was `joined` anywhere.
    pub(super) fn new(direction: Direction, joined: bool) -> Self {
        let place = if joined {
            Place::Lost(Vec::new())
        } else {
            Place::Header(Vec::new())
        };
        Self { direction, place }
    }

    /// Takes from `input` up to the end of the next frame.
    pub(super) fn next(&mut self, input: &mut Piece) -> Option<Token> {
        loop {
            match &mut self.place {
                Place::Payload(header, gather) => {
                    let gathered = gather.take(input, usize::MAX)?;
                    let header = *header;
                    self.place = Place::Header(Vec::new());
                    return Some(Token::Frame(header, gathered));
                }
                _ if input.is_empty() => return None,
                Place::Header(begun) => match collect(begun, input) {
                    Some(bytes) => match Header::parse(&bytes, self.direction) {
                        Some(header) => self.enter(header),
                        None => return Some(self.lose(&bytes, Anomaly::MalformedFrame)),
                    },
                    None if matches!(input, Piece::Gap(_)) => {
                        return Some(self.lose(&[], Anomaly::LostFraming));
                    }
                    None => return None,
                },
                Place::Lost(tail) => {
                    let header = find(tail, input, self.direction)?;
                    self.enter(header);
                }
            }
        }
    }

    fn enter(&mut self, header: Header) {
        self.place = Place::Payload(header, Gather::new(header.len.into()));
    }

    /// Goes on without a footing; a header may begin inside of what was taken for one.
    fn lose(&mut self, taken: &[u8], why: Anomaly) -> Token {
        self.place = Place::Lost(taken.get(1..).unwrap_or_default().to_vec());
        Token::Lost(why)
    }

    /// What was found was none.
    pub(super) fn give_up(&mut self) {
        self.place = Place::Lost(Vec::new());
    }
}

/// Takes the rest of a header from `input`: all of it when it is there.
fn collect(begun: &mut Vec<u8>, input: &mut Piece) -> Option<Bytes> {
    if matches!(input, Piece::Gap(_)) {
        return None;
    }
    let Piece::Bytes(part) = input.take((HEADER - begun.len()) as u64) else {
        return None;
    };
    if begun.is_empty() && part.len() == HEADER {
        return Some(part);
    }
    begun.extend_from_slice(&part);
    (begun.len() == HEADER).then(|| Bytes::from(std::mem::take(begun)))
}

/// Looks for a header at every byte of `tail` and `input`, and takes all up to its end.
fn find(tail: &mut Vec<u8>, input: &mut Piece, direction: Direction) -> Option<Header> {
    let Piece::Bytes(bytes) = input else {
        tail.clear();
        *input = Piece::EMPTY;
        return None;
    };
    if !tail.is_empty() {
        tail.extend_from_slice(bytes);
        *bytes = Bytes::from(std::mem::take(tail));
    }
    let found = bytes
        .windows(HEADER)
        .enumerate()
        .find_map(|(place, window)| {
            let header = Header::parse(window, direction)?;
            header.is_telling().then_some((place, header))
        });
    let Some((place, header)) = found else {
        let rest = bytes.len().saturating_sub(HEADER - 1);
        tail.extend(bytes.iter().skip(rest));
        *input = Piece::EMPTY;
        return None;
    };
    input.take((place + HEADER) as u64);
    Some(header)
}
