//! The chunked transfer coding (RFC 9112 section 7.1), byte by byte where it must be and chunk by
//! chunk where it can: it keeps nothing of the body.
//!
//! As lenient as the Go servers that it listens to have ever been: a size line may end in a bare
//! LF, extensions and trailers are skipped. What a daemon refuses is answered by the daemon.

#[cfg(test)]
mod tests;

use super::message::Token;
use crate::decode::flow::Piece;
use crate::observation::Anomaly;

/// Longest chunk extension; Go's `maxLineLength` in net/http/internal/chunked.go.
const EXTENSION_LIMIT: u32 = 4_096;
/// Longest trailer section.
const TRAILER_LIMIT: u32 = 65_536;

/// Where in a chunked body the stream stands.
#[derive(Clone, Copy)]
pub(super) enum Chunked {
    /// In a size line: what it says so far, and whether a digit was seen.
    Size { size: u64, digits: bool },
    /// Behind the size, in its line.
    Extension { size: u64, len: u32 },
    /// In a chunk's data, that many bytes before its end.
    Data(u64),
    /// Between a chunk's data and the CR behind it.
    DataCr,
    /// Between that CR and its LF.
    DataLf,
    /// Behind the last chunk: how long the trailer section is, and whether its last line is empty
    /// so far.
    Trailer { len: u32, blank: bool },
    /// Behind the end of the body.
    Done,
}

impl Chunked {
    /// At the beginning of a body.
    pub(super) const START: Self = Self::Size {
        size: 0,
        digits: false,
    };

    /// What comes next in `input`; `None` when all of it is used.
    pub(super) fn next(&mut self, input: &mut Piece) -> Option<Token> {
        loop {
            match self {
                Self::Done => return Some(Token::End),
                _ if input.is_empty() => return None,
                Self::Data(left) => {
                    let data = input.take(*left);
                    *left -= data.len();
                    if *left == 0 {
                        *self = Self::DataCr;
                    }
                    return Some(Token::Data(data));
                }
                _ => {
                    if let Err(anomaly) = self.skip_framing(input) {
                        return Some(Token::Broken(anomaly));
                    }
                }
            }
        }
    }

    /// Moves over everything that is no data, as far as `input` has it.
    fn skip_framing(&mut self, input: &mut Piece) -> Result<(), Anomaly> {
        let Piece::Bytes(bytes) = input else {
            return Err(Anomaly::LostFraming);
        };
        let mut used = 0;
        for &byte in bytes.iter() {
            *self = self.after(byte).ok_or(Anomaly::MalformedChunk)?;
            used += 1;
            if matches!(self, Self::Data(_) | Self::Done) {
                break;
            }
        }
        input.take(used);
        Ok(())
    }

    /// The place behind `byte`; `None` if it may not stand here.
    fn after(self, byte: u8) -> Option<Self> {
        match self {
            Self::Size { size, digits } => match byte {
                b'\n' if digits => Some(Self::behind_size(size)),
                b'\r' | b';' | b' ' | b'\t' if digits => Some(Self::Extension { size, len: 0 }),
                _ => Some(Self::Size {
                    size: size.checked_mul(16)? + u64::from(char::from(byte).to_digit(16)?),
                    digits: true,
                }),
            },
            Self::Extension { size, len } => match byte {
                b'\n' => Some(Self::behind_size(size)),
                _ if len == EXTENSION_LIMIT => None,
                _ => Some(Self::Extension { size, len: len + 1 }),
            },
            Self::DataCr => (byte == b'\r').then_some(Self::DataLf),
            Self::DataLf => (byte == b'\n').then_some(Self::START),
            Self::Trailer { len, blank } => match byte {
                b'\n' if blank => Some(Self::Done),
                _ if len == TRAILER_LIMIT => None,
                b'\n' => Some(Self::Trailer {
                    len: len + 1,
                    blank: true,
                }),
                _ => Some(Self::Trailer {
                    len: len + 1,
                    blank: blank && byte == b'\r',
                }),
            },
            Self::Data(_) | Self::Done => None,
        }
    }

    /// The place behind a whole size line.
    fn behind_size(size: u64) -> Self {
        if size == 0 {
            Self::Trailer {
                len: 0,
                blank: true,
            }
        } else {
            Self::Data(size)
        }
    }
}
