//! Which streams a side has spoken of lately: what the two sides of a conversation have in common.

use std::collections::VecDeque;

use crate::model::Stamp;

/// How many streams are remembered, of each kind.
const REMEMBERED: usize = 16;

/// The streams of one side.
#[derive(Default)]
pub(super) struct Trail {
    /// Those that it began with a request's head, or answered with an answer's; newest last.
    heads: VecDeque<(u32, Stamp)>,
    /// Those that any frame was about; newest last.
    spoken: VecDeque<u32>,
    /// The highest of `heads` that ever was.
    highest: u32,
}

impl Trail {
    /// A frame about a stream; 0 is none.
    pub(super) fn speak(&mut self, stream: u32) {
        if stream != 0 && !self.spoken.contains(&stream) {
            make_room(&mut self.spoken);
            self.spoken.push_back(stream);
        }
    }

    /// The head of a request or of an answer.
    pub(super) fn head(&mut self, stream: u32, at: Stamp) {
        make_room(&mut self.heads);
        self.heads.push_back((stream, at));
        self.highest = self.highest.max(stream);
    }

    pub(super) fn highest(&self) -> u32 {
        self.highest
    }

    pub(super) fn has_head(&self, stream: u32) -> bool {
        self.heads.iter().any(|(head, _)| *head == stream)
    }

    /// True if one of this client's requests has a later answer in the server's trail.
    pub(super) fn is_answered_by(&self, server: &Self) -> bool {
        self.heads.iter().any(|(asked, then)| {
            let mut answers = server.heads.iter();
            answers.any(|(answered, at)| answered == asked && at.mono >= then.mono)
        })
    }

    /// True if both have spoken of the same stream.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.spoken
            .iter()
            .any(|stream| other.spoken.contains(stream))
    }
}

fn make_room<T>(of: &mut VecDeque<T>) {
    if of.len() == REMEMBERED {
        of.pop_front();
    }
}
