//! Whose turn it is: clients and servers of HTTP/1 speak one after the other.
//!
//! That is what makes a listener's footing in mid-stream possible. The bytes of a request prove
//! nothing, for a body may hold them; but the first bytes that a client sends after the server has
//! answered are a request's.

use std::collections::VecDeque;

use crate::decode::Direction;
use crate::decode::flow::Piece;

/// The interim answer that lets a client go on with its body, as Go writes it (net/http,
/// `expectContinueReader`), and every other server too.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The last chunk, without trailers, which no Docker sends (RFC 9112 section 7.1). Go writes it on its own.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
/// The end of the chunk before it.
const CHUNK_END: &[u8] = b"\r\n";

/// Who spoke last, and how the server's words end.
#[derive(Default)]
pub(super) struct Turns {
    last: Option<Direction>,
    /// The end of what the server has said, as long as [`CONTINUE`] at most; `None` for a byte
    /// that was missed.
    said: VecDeque<Option<u8>>,
}

impl Turns {
    /// Takes note of who speaks now. True if that begins a client's turn: the server spoke before,
    /// or nobody did, and the server did not just ask for the rest of a request.
    pub(super) fn begins(&mut self, direction: Direction, piece: &Piece) -> bool {
        let last = self.last.replace(direction);
        match direction {
            Direction::ToServer => match last {
                None => true,
                Some(Direction::ToServer) => false,
                Some(Direction::ToClient) => !self.asks_for_more(),
            },
            Direction::ToClient => {
                self.listen(piece);
                false
            }
        }
    }

    fn listen(&mut self, piece: &Piece) {
        match piece {
            Piece::Bytes(bytes) => {
                let skipped = bytes.len().saturating_sub(CONTINUE.len());
                self.said
                    .extend(bytes.iter().skip(skipped).copied().map(Some));
            }
            Piece::Gap(len) => {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                self.said
                    .extend(std::iter::repeat_n(None, len.min(CONTINUE.len())));
            }
        }
        let over = self.said.len().saturating_sub(CONTINUE.len());
        self.said.drain(..over);
    }

    /// True if the server's words are known to end with a last chunk. What stands before it is the end of another
    /// chunk, or was missed; so the end of a head with `Content-Length: 0` is none.
    pub(super) fn ended_a_chunked_body(&self) -> bool {
        let mut said = self.said.iter().rev().copied();
        let last = LAST_CHUNK
            .iter()
            .rev()
            .all(|byte| said.next() == Some(Some(*byte)));
        let before = |byte: &u8| said.next().flatten().is_none_or(|said| said == *byte);
        last && CHUNK_END.iter().rev().all(before)
    }

    /// True if the server's words end with an interim answer, or may be the end of one of which a
    /// listener who came late or missed something did not hear all.
    fn asks_for_more(&self) -> bool {
        let ends = self.said.iter().rev().zip(CONTINUE.iter().rev());
        ends.into_iter()
            .all(|(said, wanted)| said.is_none_or(|byte| byte == *wanted))
    }
}
