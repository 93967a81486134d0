//! How a place is found in mid-stream.
//!
//! A place is where a frame begins. It is believed when a [`Chain`] of frames leads from it and the
//! other side bears it out (`Parser::find_places`):
//!
//! - **an answer**: the client's chain has a request's head, and a later frame of the server an
//!   answer's on the same stream; or
//! - **length**: the chain is longer than any frame may be, so that it does not lie in one, and
//!   both sides speak of the same stream.
//!
//! Where the search begins (a connection is joined, or a gap ends) a buffer of the sender begins,
//! and so nearly always a frame: that place is tried first, and what the chain holds is told from
//! there. If it is none, the search began inside a frame, whose data may be anything, a whole
//! HTTP/2 conversation too. Then nothing is believed before that frame must have ended.
//!
//! What can still deceive it: a buffer that begins in the middle of a DATA frame, where the data go
//! on with frames of the same kind of side to the very end of that frame, with a request on a
//! stream that the server then answers. And a client that sends frames longer than 16 KiB because a
//! server said unseen that it takes them, with such data in them.

use super::chain::{Chain, Setting, Step, is_credible};
use super::frame::{HEAD_LEN, Head};
use super::held::Held;
use crate::decode::flow::Piece;
use crate::model::Stamp;

/// Most that is held until the place is believed, in bytes; what is older is left out.
const HELD_LIMIT: u64 = 65_536;
/// Fewest frames of a chain that is borne out by an answer.
const ANSWERED_FRAMES: u32 = 2;
/// Fewest frames of a chain that is borne out by its length.
const LONG_FRAMES: u32 = 3;

/// How many bytes may be walked for each that is heard, and how many besides. Only data that are
/// made of headers of frames need more; they are left out.
const EFFORT: u64 = 4;
const EFFORT_BESIDES: u64 = 65_536;

/// The search of one side.
pub(super) struct Search {
    /// What was heard from where the chain begins.
    held: Held,
    /// How many of the pieces in `held` were walked or are `walking`.
    begun: usize,
    /// What is left of the last of them, and when it was read.
    walking: Piece,
    at: Stamp,
    chain: Chain,
    /// How long the chain's whole frames in `held` are.
    walked: u64,
    /// How far behind the beginning of the search `held` begins.
    offset: u64,
    /// True if that is where a sender's buffer begins.
    natural: bool,
    /// How many bytes were heard, and how many walked.
    heard: u64,
    effort: u64,
}

impl Search {
    /// A search that begins where a sender's buffer does, or (not `natural`) anywhere.
    pub(super) fn new(natural: bool) -> Self {
        Self {
            held: Held::default(),
            begun: 0,
            walking: Piece::EMPTY,
            at: Stamp::default(),
            chain: Chain::default(),
            walked: 0,
            offset: 0,
            natural,
            heard: 0,
            effort: 0,
        }
    }

    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// True if the chain is long enough for a place that an answer bears out.
    pub(super) fn is_begun(&self) -> bool {
        self.chain.frames >= ANSWERED_FRAMES
    }

    /// True if the chain lies in no frame of `most` bytes.
    pub(super) fn is_long(&self, most: u32) -> bool {
        self.chain.frames >= LONG_FRAMES && (!self.natural || self.chain.len > longest(most))
    }

    /// How much is held, in bytes.
    #[cfg(test)]
    pub(super) fn held_cost(&self) -> u64 {
        self.held.cost()
    }

    /// How many bytes were walked for those that were heard.
    #[cfg(test)]
    pub(super) fn effort(&self) -> (u64, u64) {
        (self.effort, self.heard)
    }

    /// What was heard from the place on.
    pub(super) fn into_held(self) -> Held {
        self.held
    }

    /// Takes what comes next.
    pub(super) fn hold(&mut self, piece: Piece, at: Stamp) {
        self.heard = self.heard.saturating_add(piece.len());
        self.held.push(at, piece);
    }

    /// Goes on until a frame is whole (true) or all that is held is used.
    pub(super) fn step(&mut self, setting: &Setting<'_>) -> bool {
        loop {
            if self.walking.is_empty() {
                let Some((at, piece)) = self.held.get(self.begun) else {
                    return false;
                };
                (self.at, self.walking) = (*at, piece.clone());
                self.begun += 1;
            }
            let (before, unwalked) = (self.chain.len, self.walking.len());
            let step = self.chain.step(&mut self.walking, self.at, setting);
            self.effort = self.effort.saturating_add(unwalked - self.walking.len());
            match step {
                Step::Used => {}
                Step::Broken => self.restart(setting),
                Step::Frame => {
                    let doubtful =
                        !self.natural && self.offset + self.walked < longest(setting.most);
                    self.walked += self.chain.len - before;
                    if doubtful {
                        self.chain = Chain::default();
                    }
                    if doubtful || self.held.cost() > HELD_LIMIT {
                        self.leave_out_walked();
                    }
                    return true;
                }
            }
        }
    }

    /// Keeps only what comes behind the chain's last whole frame.
    fn leave_out_walked(&mut self) {
        self.held.advance(self.walked);
        self.offset += std::mem::take(&mut self.walked);
        self.begun = usize::from(!self.walking.is_empty());
    }

    fn is_tired(&self) -> bool {
        let heard = self.heard.saturating_mul(EFFORT);
        self.effort > heard.saturating_add(EFFORT_BESIDES)
    }

    /// Gives the chain up, and begins another where one may begin next.
    fn restart(&mut self, setting: &Setting<'_>) {
        match self.held.front() {
            _ if self.is_tired() => {
                self.held.advance(u64::MAX);
                (self.offset, self.natural) = (0, false);
            }
            Some(Piece::Bytes(bytes)) => {
                let skipped = next_head(bytes, setting);
                self.held.advance(skipped);
                self.offset += skipped;
                self.natural = false;
            }
            Some(Piece::Gap(len)) => {
                let len = *len;
                self.held.advance(len);
                (self.offset, self.natural) = (0, true);
            }
            None => {}
        }
        self.chain = Chain::default();
        (self.walked, self.begun) = (0, 0);
        self.walking = Piece::EMPTY;
    }
}

/// How far from the front, but not there, the next frame may begin: where a header stands, or
/// where too little is left to tell.
fn next_head(bytes: &[u8], setting: &Setting<'_>) -> u64 {
    let heads = bytes.array_windows::<HEAD_LEN>().skip(1);
    let found = heads
        .map(|head| head.first() == Some(&0) && is_credible(Head::parse(*head), setting))
        .position(|is_credible| is_credible);
    let untold = bytes.len().saturating_sub(HEAD_LEN - 1).max(1);
    found.map_or(untold, |skipped| skipped + 1) as u64
}

/// The length of the longest frame.
fn longest(most: u32) -> u64 {
    u64::from(most) + HEAD_LEN as u64
}
