//! One direction's messages of a call: a prefix of five bytes and a body each (gRPC
//! `doc/PROTOCOL-HTTP2.md`, Length-Prefixed-Message), whatever frames they came in.

#[cfg(test)]
mod tests;

use bytes::Buf;

use super::compressed::inflate;
use crate::decode::flow::Piece;
use crate::decode::gather::{Gather, Gathered};
use crate::decode::rpc::Message;

/// Most bytes that are kept of the unfinished messages of a connection, over all its calls.
pub(super) const KEPT_MAX: usize = 1 << 20;

/// Length of a prefix: a flag, and the body's length.
const PREFIX: usize = 5;

/// What comes next in a direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Message(Message),
    /// What should be a message is none, or cannot be decompressed; as much of it as can be read.
    Malformed(Option<Message>),
}

/// One direction of a call, message by message.
pub(super) struct Messages(Place);

enum Place {
    /// In a prefix, of which that many bytes were seen.
    Prefix([u8; PREFIX], usize),
    /// In a body.
    Body {
        compressed: bool,
        len: u32,
        gather: Gather,
    },
    /// A prefix was missed or is none: where the next message begins cannot be told.
    Lost,
}

impl Messages {
    /// A direction from its first message.
    pub(super) const START: Self = Self(Place::Prefix([0; PREFIX], 0));

    /// Takes from `input` up to the end of the next message. `kept` is what is kept of all
    /// unfinished messages of the connection.
    pub(super) fn next(&mut self, input: &mut Piece, kept: &mut usize) -> Option<Token> {
        loop {
            match &mut self.0 {
                Place::Body {
                    compressed,
                    len,
                    gather,
                } => {
                    let before = gather.kept();
                    let gathered = gather.take(input, KEPT_MAX.saturating_sub(*kept));
                    *kept = kept.saturating_sub(before) + gather.kept();
                    let token = token(gathered?, *compressed, *len);
                    *self = Self::START;
                    return Some(token);
                }
                Place::Prefix(prefix, seen) => {
                    let Piece::Bytes(bytes) = input else {
                        if !input.is_empty() {
                            self.0 = Place::Lost;
                        }
                        return None;
                    };
                    let rest = prefix.iter_mut().skip(*seen);
                    let pairs = rest.zip(bytes.iter()).map(|(rest, byte)| *rest = *byte);
                    let filled = pairs.count();
                    bytes.advance(filled);
                    *seen += filled;
                    if *seen < PREFIX {
                        return None;
                    }
                    let [flag, len @ ..] = *prefix;
                    if flag > 1 {
                        self.0 = Place::Lost;
                        return Some(Token::Malformed(None));
                    }
                    let len = u32::from_be_bytes(len);
                    self.0 = Place::Body {
                        compressed: flag == 1,
                        len,
                        gather: Gather::new(len.into()),
                    };
                }
                Place::Lost => return None,
            }
        }
    }

    /// Nothing that follows can be placed; gives what has come of a message that was not complete.
    pub(super) fn lose(&mut self, kept: &mut usize) -> Option<Message> {
        let place = std::mem::replace(&mut self.0, Place::Lost);
        let Place::Body {
            compressed,
            len,
            mut gather,
        } = place
        else {
            return None;
        };
        *kept = kept.saturating_sub(gather.kept());
        match token(gather.finish(), compressed, len) {
            Token::Message(message) => Some(message),
            Token::Malformed(message) => message,
        }
    }
}

fn token(gathered: Gathered, compressed: bool, len: u32) -> Token {
    let mut message = Message {
        bytes: gathered.bytes,
        complete: gathered.whole,
        len: len.into(),
    };
    if !compressed {
        return Token::Message(message);
    }
    let inflated = inflate(&message.bytes);
    message.bytes = inflated.bytes;
    let is_malformed = message.complete && inflated.broken;
    message.complete &= inflated.whole;
    if is_malformed {
        Token::Malformed(Some(message))
    } else {
        Token::Message(message)
    }
}
