//! The dynamic table of one direction (RFC 7541 section 2.3.2).

use std::collections::VecDeque;

use super::super::event::{Slot, Text};

/// What a table may hold until its encoder says otherwise (RFC 9113 section 6.5.2,
/// `SETTINGS_HEADER_TABLE_SIZE`), in the measure of [`Entry::size`].
const DEFAULT_CAPACITY: u32 = 4_096;
/// Most that is kept of a table, whatever its encoder says.
pub(super) const CAPACITY_LIMIT: u32 = 65_536;
/// What each entry counts besides its texts (RFC 7541 section 4.1).
const ENTRY_OVERHEAD: u32 = 32;

/// A name and a value, with the lengths that they were sent with; 0 where one is not known.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: Text,
    pub(super) name_len: u32,
    pub(super) value: Text,
    pub(super) value_len: u32,
}

impl Entry {
    /// How much of the capacity it takes, or the least that it can take.
    fn size(&self) -> u32 {
        ENTRY_OVERHEAD
            .saturating_add(self.name_len)
            .saturating_add(self.value_len)
    }
}

/// What an index stands for.
pub(super) struct Found {
    /// The entry of the dynamic table; null for one of the static table.
    pub(super) slot: Option<Slot>,
    pub(super) entry: Entry,
}

impl Found {
    /// An index that means nothing.
    pub(super) const NOTHING: Self = Self {
        slot: None,
        entry: Entry {
            name: Text::Omitted,
            name_len: 0,
            value: Text::Omitted,
            value_len: 0,
        },
    };

    /// An entry that was never seen, or is not kept.
    fn unknown(slot: Slot) -> Self {
        Self {
            slot: Some(slot),
            entry: Entry {
                name: Text::Unknown(slot),
                name_len: 0,
                value: Text::Unknown(slot),
                value_len: 0,
            },
        }
    }
}

/// The entries that were seen to be inserted and may still stand in the table.
pub(super) struct Table {
    /// Oldest first.
    entries: VecDeque<Entry>,
    /// The number that the next entry takes.
    next: i64,
    /// Sum of the entries' sizes; at most `capacity`.
    size: u32,
    /// At most [`CAPACITY_LIMIT`].
    capacity: u32,
    /// True while `entries` is all that the table holds: it was followed from its beginning, and
    /// nothing of it was left out.
    exact: bool,
}

impl Table {
    /// The table of a connection that has just begun.
    pub(super) fn empty() -> Self {
        Self {
            entries: VecDeque::new(),
            next: 0,
            size: 0,
            capacity: DEFAULT_CAPACITY,
            exact: true,
        }
    }

    /// A table of which nothing is known.
    pub(super) fn unseen() -> Self {
        Self {
            exact: false,
            ..Self::empty()
        }
    }

    /// The entry at that place, 1 being the newest; `None` if the table is known to have none
    /// there.
    pub(super) fn find(&self, place: u32) -> Option<Found> {
        let slot = Slot(self.next.saturating_sub(i64::from(place)));
        let entry = usize::try_from(place)
            .ok()
            .and_then(|place| self.entries.len().checked_sub(place))
            .and_then(|index| self.entries.get(index));
        match entry {
            Some(entry) => Some(Found {
                slot: Some(slot),
                entry: entry.clone(),
            }),
            None if self.exact => None,
            None => Some(Found::unknown(slot)),
        }
    }

    /// Puts an entry into the table, and out of it what has no room beside it (section 4.4).
    ///
    /// One that is larger than the table empties it and is not in it; it takes a number all the
    /// same, which no later index can mean.
    pub(super) fn insert(&mut self, entry: Entry) -> Slot {
        let slot = Slot(self.next);
        self.next = self.next.saturating_add(1);
        self.size = self.size.saturating_add(entry.size());
        self.entries.push_back(entry);
        self.evict();
        slot
    }

    /// Changes the capacity (section 4.3). Whether the other side allowed it is not asked.
    pub(super) fn resize(&mut self, capacity: u32) {
        self.exact &= capacity <= CAPACITY_LIMIT;
        self.capacity = capacity.min(CAPACITY_LIMIT);
        self.evict();
    }

    /// Sum of its entries' sizes.
    #[cfg(test)]
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    fn evict(&mut self) {
        while self.size > self.capacity {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.size = self.size.saturating_sub(oldest.size());
        }
    }
}
