//! What could not be read of a store, as sentences.

use std::fmt::Display;

/// Sentences that are kept of one store; what is beyond them is counted.
const PROBLEMS_MOST: usize = 64;

/// Bytes of one sentence; a longer one ends there.
const SENTENCE_MOST: usize = 512;

/// Sentences, each with the path it is about, as many as anybody reads.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    said: Vec<String>,
    more: usize,
}

impl Problems {
    /// Adds a sentence.
    pub(crate) fn say(&mut self, sentence: impl Display) {
        if self.said.len() == PROBLEMS_MOST {
            self.more = self.more.saturating_add(1);
            return;
        }
        let mut sentence = sentence.to_string();
        sentence.truncate(sentence.floor_char_boundary(SENTENCE_MOST));
        self.said.push(sentence);
    }

    /// All of them; the last says how many were left out.
    pub(crate) fn into_sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            let more = self.more;
            self.said
                .push(format!("{more} more like these are not told"));
        }
        self.said
    }
}

#[cfg(test)]
mod tests;
