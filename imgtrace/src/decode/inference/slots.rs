//! What the entries of the client's header table mean that were there before we came.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::method::Method;
use crate::decode::Exchange;
use crate::decode::http2::{Field, Slot, Text};

/// Entries that are remembered; beyond that the oldest is forgotten. A table of the usual 4,096
/// bytes holds at most 128 (RFC 7541 section 4.1).
const SLOTS: usize = 512;

/// Calls that are remembered as concluded from one entry, to be taken back if that was wrong.
const CALLS: usize = 64;

/// The paths in one client's header table.
#[derive(Debug, Default)]
pub(super) struct Slots {
    entries: BTreeMap<Slot, Entry>,
    /// The last entry that was seen in the place of the path.
    last: Option<Slot>,
    /// True once two were: then that place is the path's, since no other pseudo-header field
    /// changes within a connection.
    varies: bool,
}

#[derive(Debug)]
struct Entry {
    meaning: Meaning,
    /// When it was inserted; 0 if that was before we came.
    inserted: u64,
    /// When it was last used.
    used: u64,
}

#[derive(Debug)]
enum Meaning {
    /// The path was seen when it was inserted.
    Seen(Method),
    /// Concluded of these calls.
    Concluded(Method, Vec<Exchange>),
    /// What was concluded was contradicted; nothing is concluded from it any more.
    Doubted,
}

/// Calls whose method was a wrong conclusion.
pub(super) type Withdrawn = Vec<Exchange>;

impl Slots {
    /// Forgets everything: entries are numbered anew.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A path went by in so many words at this moment and was given this entry.
    pub(super) fn see(&mut self, slot: Slot, method: Method, now: u64, withdrawn: &mut Withdrawn) {
        let entry = Entry {
            meaning: Meaning::Seen(method),
            inserted: now,
            used: now,
        };
        self.insert(slot, entry);
        self.judge(slot, withdrawn);
    }

    /// A request of this moment has this entry in the place of its path.
    pub(super) fn pass(&mut self, slot: Slot, now: u64, withdrawn: &mut Withdrawn) {
        self.varies |= self.last.is_some_and(|last| last != slot);
        self.last = Some(slot);
        if let Some(entry) = self.entries.get_mut(&slot) {
            entry.used = now;
            self.judge(slot, withdrawn);
        }
    }

    /// The method that an entry stands for, as far as is known.
    pub(super) fn method(&self, slot: Slot) -> Option<Method> {
        self.entries.get(&slot)?.method().filter(|_| self.varies)
    }

    /// True unless the entries say that this one stands for something else.
    pub(super) fn allows(&self, slot: Slot, method: Method) -> bool {
        match self.entries.get(&slot) {
            Some(entry) => entry.method() == Some(method),
            None => !self.varies || self.entries.values().all(|e| e.method() != Some(method)),
        }
    }

    /// A call with this entry was concluded to be of this method.
    pub(super) fn conclude(
        &mut self,
        slot: Slot,
        method: Method,
        (exchange, now): (Exchange, u64),
        withdrawn: &mut Withdrawn,
    ) {
        match self.entries.get_mut(&slot).map(|entry| &mut entry.meaning) {
            None => {
                let entry = Entry {
                    meaning: Meaning::Concluded(method, vec![exchange]),
                    inserted: 0,
                    used: now,
                };
                self.insert(slot, entry);
            }
            Some(Meaning::Concluded(known, calls)) => {
                if calls.len() >= CALLS {
                    calls.remove(0);
                }
                calls.push(exchange);
                if *known != method {
                    self.doubt(slot, withdrawn);
                }
            }
            Some(Meaning::Seen(_) | Meaning::Doubted) => {}
        }
        self.judge(slot, withdrawn);
    }

    /// Nothing is concluded from this entry any more, and what was is taken back.
    pub(super) fn doubt(&mut self, slot: Slot, withdrawn: &mut Withdrawn) {
        if let Some(entry) = self.entries.get_mut(&slot)
            && matches!(entry.meaning, Meaning::Concluded(..))
            && let Meaning::Concluded(_, calls) =
                std::mem::replace(&mut entry.meaning, Meaning::Doubted)
        {
            withdrawn.extend(calls);
        }
    }

    /// Doubts this entry and any other that means the same and lived at the same time: an encoder
    /// that finds an entry does not insert it again (golang.org/x/net `http2/hpack`
    /// `Encoder.WriteField`; grpc's C core likewise). What was seen is not doubted.
    fn judge(&mut self, slot: Slot, withdrawn: &mut Withdrawn) {
        let Some(method) = self.method(slot) else {
            return;
        };
        let rivals: Vec<Slot> = self
            .entries
            .iter()
            .filter(|(other, entry)| **other != slot && entry.method() == Some(method))
            .map(|(other, _)| *other)
            .filter(|other| self.lived_together(slot.min(*other), slot.max(*other)))
            .collect();
        if !rivals.is_empty() {
            self.doubt(slot, withdrawn);
        }
        for rival in rivals {
            self.doubt(rival, withdrawn);
        }
    }

    /// True if the older entry was used after the younger one was inserted.
    fn lived_together(&self, older: Slot, younger: Slot) -> bool {
        let used = self.entries.get(&older).map(|entry| entry.used);
        let inserted = self.entries.get(&younger).map(|entry| entry.inserted);
        used > inserted
    }

    fn insert(&mut self, slot: Slot, entry: Entry) {
        if self.entries.len() >= SLOTS {
            self.entries.pop_first();
        }
        self.entries.insert(slot, entry);
    }
}

impl Entry {
    fn method(&self) -> Option<Method> {
        match &self.meaning {
            Meaning::Seen(method) | Meaning::Concluded(method, _) => Some(*method),
            Meaning::Doubted => None,
        }
    }
}

/// The entry that stands for a request's path, by the order in which known clients write the
/// pseudo-header fields. The method and the scheme stand in the static table (RFC 7541 appendix A)
/// and are therefore always known.
///
/// grpc-go (`internal/transport/http2_client.go` `createHeaderFields`): method, scheme, **path**,
/// authority. grpc's C core (`src/core/call/metadata_batch.h`): **path**, authority, method, scheme.
/// h2, which tonic uses (`src/frame/headers.rs`), and nghttp2 never index a path.
pub(super) fn path_slot(fields: &[Field]) -> Option<Slot> {
    let name = |index: usize| match &fields.get(index)?.name {
        Text::Known(name) => Some(&name[..]),
        Text::Unknown(_) | Text::Omitted => None,
    };
    let is = |index, expected: &[u8]| name(index) == Some(expected);
    let index = if is(0, b":method") && is(1, b":scheme") {
        2
    } else if is(2, b":method") && is(3, b":scheme") {
        0
    } else {
        return None;
    };
    let field = fields.get(index)?;
    match (&field.name, &field.value) {
        (Text::Unknown(_), Text::Unknown(_)) => field.slot,
        _ => None,
    }
}
