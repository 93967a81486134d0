//! Answers that list all that there is, until their calls have ended well: what they lack is gone.

use std::collections::VecDeque;

use crate::decode::Exchange;
use crate::decode::rpc::Message;

/// Lists that are kept; of more the oldest is forgotten, and nothing is gone by it. kubelet asks for
/// two at a time, and each has at most 64 KiB.
const LISTS: usize = 16;

/// The lists of one connection's calls that have not ended, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Lists {
    answers: VecDeque<(Exchange, Message)>,
}

impl Lists {
    /// A call is answered by a list.
    pub(super) fn keep(&mut self, exchange: Exchange, answer: Message) {
        if self.answers.len() >= LISTS {
            self.answers.pop_front();
        }
        self.answers.push_back((exchange, answer));
    }

    /// The list that a call was answered by, which is not kept any longer.
    pub(super) fn take(&mut self, exchange: Exchange) -> Option<Message> {
        let index = self.answers.iter().position(|(of, _)| *of == exchange)?;
        self.answers.remove(index).map(|(_, answer)| answer)
    }

    /// Requests or answers were missed.
    pub(super) fn clear(&mut self) {
        self.answers.clear();
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.answers.iter().map(|(_, it)| it.bytes.len()).sum()
    }
}
