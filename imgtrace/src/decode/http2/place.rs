//! Where in its frames one direction stands.

use super::event::Event;
use super::frame::{END_STREAM, Head, PartialHead};
use super::report::Report;
use super::search::Search;
use crate::decode::flow::Piece;

/// Where in its frames a side stands.
pub(super) enum Place {
    /// Before that much of the client's preface.
    Preface(&'static [u8]),
    /// In a frame's header.
    Head(PartialHead),
    /// Before the byte that says how much padding a DATA frame has.
    PadLength(Head),
    /// In a DATA frame's data.
    Data(Data),
    /// In a frame that is read when it is whole, behind that much.
    Payload(Head, Vec<u8>),
    /// In what is stepped over, that many bytes before its end.
    Skip(u32),
    /// Anywhere.
    Lost(Box<Search>),
    /// In something that is not HTTP/2.
    Foreign,
}

/// The rest of a DATA frame.
#[derive(Clone, Copy)]
pub(super) struct Data {
    stream: u32,
    /// How much of the data is to come.
    pub(super) left: u32,
    /// How much padding follows it.
    pub(super) padding: u32,
    /// True if the stream ends with it.
    pub(super) end: bool,
}

impl Place {
    /// Before a frame's header.
    pub(super) fn next() -> Self {
        Self::Head(PartialHead::default())
    }

    pub(super) fn lost(natural: bool) -> Self {
        Self::Lost(Box::new(Search::new(natural)))
    }
}

impl Data {
    pub(super) fn new(head: Head, left: u32, padding: u32) -> Self {
        Self {
            stream: head.stream,
            left,
            padding,
            end: head.has(END_STREAM),
        }
    }

    /// Tells of a part that is not longer than what is left, and with the last of it of the end.
    pub(super) fn tell(&mut self, piece: Piece, report: &mut Report<'_>) {
        self.left -= u32::try_from(piece.len()).unwrap_or(self.left);
        let end = self.end && self.left == 0;
        self.end &= !end;
        report.out.push(Event::Data {
            stream: self.stream,
            direction: report.direction,
            piece,
            end,
            at: report.at,
        });
    }
}
