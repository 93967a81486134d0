//! A map that never grows past its bound: what was used longest ago falls out.
//!
//! Ordered inside, so that walking it gives the same order in every run.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// At most `bound` entries; `insert`, `get_mut` and `touch` count as use, `get` does not.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    /// Use count → key; the first is the one to go.
    order: BTreeMap<u64, K>,
    bound: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry<V> {
    used: u64,
    value: V,
}

impl<K: Ord + Clone, V> Bounded<K, V> {
    /// An empty map for `bound` entries.
    pub(crate) const fn new(bound: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
            bound,
            uses: 0,
        }
    }

    /// Stores `value`, and returns the entry that fell out for it.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        self.uses += 1;
        let used = self.uses;
        if let Some(old) = self.entries.insert(key.clone(), Entry { used, value }) {
            self.order.remove(&old.used);
        }
        self.order.insert(used, key);
        if self.entries.len() <= self.bound {
            return None;
        }
        let (_, oldest) = self.order.pop_first()?;
        self.entries
            .remove_entry(&oldest)
            .map(|(k, e)| (k, e.value))
    }

    /// The value, without counting as use.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The value, as a use of it.
    pub(crate) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let entry = self.entries.get_mut(key)?;
        if let Some(key) = self.order.remove(&entry.used) {
            self.uses += 1;
            entry.used = self.uses;
            self.order.insert(entry.used, key);
        }
        Some(&mut entry.value)
    }

    /// Takes an entry out.
    pub(crate) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.used);
        Some(entry.value)
    }

    /// Every entry, by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    /// The entries from `first` on, by key.
    pub(crate) fn from(&self, first: &K) -> impl Iterator<Item = (&K, &V)> {
        self.entries
            .range(first..)
            .map(|(key, entry)| (key, &entry.value))
    }
}

#[cfg(test)]
mod tests;
