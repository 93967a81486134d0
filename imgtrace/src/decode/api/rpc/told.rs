//! What a connection has told already.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::decode::Event;
use crate::observation::Fact;

/// Things of which it is remembered what was told; a node has at most some hundreds of containers.
/// Beyond that it is forgotten what was told, and told again.
const MAX_TOLD: usize = 8192;

/// Remembers facts by hash, 16 bytes each.
#[derive(Debug, Default)]
pub(super) struct Told {
    facts: BTreeMap<u64, u64>,
}

impl Told {
    /// Tells those facts that are new or have changed.
    pub(super) fn tell(&mut self, facts: Vec<Fact>, out: &mut Vec<Event>) {
        for fact in facts {
            let (about, what) = hashes(&fact);
            if self.facts.get(&about) == Some(&what) {
                continue;
            }
            if self.facts.len() >= MAX_TOLD {
                self.facts.clear();
            }
            self.facts.insert(about, what);
            out.push(Event::Learned(fact));
        }
    }
}

#[cfg(test)]
impl Told {
    /// How much is remembered.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }
}

/// Hashes of what a fact is about, and of all that it says.
fn hashes(fact: &Fact) -> (u64, u64) {
    match fact {
        Fact::Container {
            id,
            name,
            image,
            pod,
            sandbox,
        } => both(&(0, id), &(name, image, pod, sandbox)),
        Fact::Sandbox { id, pod } => both(&(1, id), &pod),
        Fact::Image { id, names } => both(&(2, id), &names),
        Fact::Exec { id, container } => both(&(3, id), &container),
        Fact::Version { version } => both(&4, &version),
        Fact::ApiVersion {
            api,
            version,
            newest,
        } => both(&(5, api), &(version, newest)),
    }
}

fn both(about: &impl Hash, what: &impl Hash) -> (u64, u64) {
    (hash(about), hash(what))
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
