//! What a rule has said already: the same situation is said once and then counted, and said again
//! when it changes.
//!
//! A situation is named by a key (who, where), and what would be said of it by a fingerprint; both
//! are the rule's own. It knows no rule and holds no clock.

use crate::correlate::Bounded;
use crate::model::{Finding, Stamp};

/// Situations that a rule remembers. What falls out is said with its count, and as new if it is met
/// again.
pub(super) const MAX_SITUATIONS: usize = 4_096;

/// A repeated situation is said again when it has been met ten times, a hundred times and so on.
const SAID_AGAIN: u64 = 10;

/// The situations that were said, each with the fingerprint of what was said of it last.
#[derive(Debug)]
pub(super) struct Situations<K, F> {
    said: Bounded<K, Said<F>>,
}

#[derive(Debug)]
struct Said<F> {
    fingerprint: F,
    /// As it was said last.
    finding: Finding,
    /// How often it was met.
    count: u64,
    /// Of these, how often since it was said last.
    held_back: u64,
}

impl<K: Ord + Clone, F: PartialEq> Situations<K, F> {
    pub(super) const fn new() -> Self {
        Self::with_bound(MAX_SITUATIONS)
    }

    pub(super) const fn with_bound(bound: usize) -> Self {
        Self {
            said: Bounded::new(bound),
        }
    }

    /// Something that happens, and may again and again. It is said the first time, when the
    /// fingerprint is another than before, and at the tenth, hundredth … time; the sentence then
    /// tells how often it was held back. Only what is said is made.
    pub(super) fn met(
        &mut self,
        key: K,
        fingerprint: F,
        out: &mut Vec<Finding>,
        make: impl FnOnce() -> Finding,
    ) {
        let Some(said) = self.said.get_mut(&key) else {
            return self.first(key, fingerprint, make(), out);
        };
        said.count += 1;
        said.held_back += 1;
        if said.fingerprint != fingerprint || is_round(said.count) {
            said.fingerprint = fingerprint;
            said.again(make(), out);
        }
    }

    /// The same of something that the rule counts itself, and that is no situation before it has
    /// happened a few times: it has happened `count` times now.
    pub(super) fn counted(
        &mut self,
        key: K,
        fingerprint: F,
        count: u64,
        out: &mut Vec<Finding>,
        make: impl FnOnce() -> Finding,
    ) {
        if let Some(said) = self.said.get_mut(&key) {
            said.count = count.saturating_sub(1);
            return self.met(key, fingerprint, out, make);
        }
        let finding = Finding { count, ..make() };
        self.first(key.clone(), fingerprint, finding, out);
        if let Some(said) = self.said.get_mut(&key) {
            said.count = count;
        }
    }

    /// Something that is so, and will be found to be so whenever one looks. It is said the first
    /// time and when the fingerprint is another than before; `count` is how often it was said.
    pub(super) fn stands(
        &mut self,
        key: K,
        fingerprint: F,
        out: &mut Vec<Finding>,
        make: impl FnOnce() -> Finding,
    ) {
        let Some(said) = self.said.get_mut(&key) else {
            return self.first(key, fingerprint, make(), out);
        };
        if said.fingerprint != fingerprint {
            said.fingerprint = fingerprint;
            said.count += 1;
            said.again(make(), out);
        }
    }

    /// A situation is over: what was held back of it is said, and it is new when it comes again.
    pub(super) fn over(&mut self, key: &K, at: Stamp, out: &mut Vec<Finding>) {
        let said = self.said.remove(key);
        out.extend(said.and_then(|said| said.rest(at)));
    }

    /// What was held back of all, at the end of the run.
    pub(super) fn rest(&mut self, at: Stamp, out: &mut Vec<Finding>) {
        let said = std::mem::replace(&mut self.said, Bounded::new(0));
        out.extend(said.iter().filter_map(|(_, said)| said.rest(at)));
    }

    fn first(&mut self, key: K, fingerprint: F, finding: Finding, out: &mut Vec<Finding>) {
        let at = finding.at;
        out.push(finding.clone());
        let said = Said {
            fingerprint,
            finding,
            count: 1,
            held_back: 0,
        };
        let fallen = self.said.insert(key, said);
        out.extend(fallen.and_then(|(_, said)| said.rest(at)));
    }
}

impl<F> Said<F> {
    /// Says it in new words.
    fn again(&mut self, finding: Finding, out: &mut Vec<Finding>) {
        self.finding = finding;
        let earlier = self.held_back.saturating_sub(1);
        self.held_back = 0;
        out.push(self.counted(earlier));
    }

    /// It once more, if it was held back.
    fn rest(&self, at: Stamp) -> Option<Finding> {
        let held_back = self.held_back;
        (held_back > 0).then(|| Finding {
            at,
            ..self.counted(held_back)
        })
    }

    /// The finding with how often it was met and not said.
    fn counted(&self, unsaid: u64) -> Finding {
        let count = self.count;
        let mut finding = self.finding.clone();
        finding.count = count;
        if unsaid > 0 {
            let more = format!("; {unsaid} more since the last time, {count} in all");
            finding.summary.push_str(&more);
        }
        finding
    }
}

/// True for 10, 100, 1000 …
const fn is_round(mut count: u64) -> bool {
    while count >= SAID_AGAIN && count.is_multiple_of(SAID_AGAIN) {
        count /= SAID_AGAIN;
    }
    count == 1
}

#[cfg(test)]
mod tests;
