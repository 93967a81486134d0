//! From what was seen to what was done: observations in, operations and their callers out.
//!
//! Pure: it asks no clock, no `/proc` and no daemon, so the same observations give the same
//! reports. It knows no wire; conclusions are `verdict`'s.

mod ancestry;
mod appearances;
mod bounded;
mod caller;
mod cgroup;
mod chain;
mod chains;
mod connections;
mod containers;
mod daemon;
mod denial;
mod endpoints;
mod fit;
mod images;
mod inventory;
mod keys;
mod leads;
mod losses;
mod notices;
mod operations;
mod owner;
mod pod;
mod processes;
mod request;
mod retries;
mod standing;
mod starts;
mod subject;
mod summary;
mod topology;
mod world;

pub(crate) use bounded::Bounded;
pub(crate) use caller::mention;
pub(crate) use cgroup::{Nested, Place};
pub(crate) use inventory::{Bytes, Held, Inventory, Same, SameBy, same_by, shares_blobs};
pub(crate) use leads::{Leads, namespace_of};
pub(crate) use standing::Standing;
pub(crate) use summary::Tally;
pub(crate) use topology::Survey;
#[cfg(test)]
pub(crate) use topology::samples as machines;
pub(crate) use world::World;

use self::losses::Losses;
use self::notices::Notices;
use self::operations::Operations;
use crate::model::Report;
use crate::observation::Observed;

/// Everything that is remembered from one observation to the next.
#[derive(Debug)]
pub(crate) struct Correlator {
    world: World,
    operations: Operations,
    losses: Losses,
    notices: Notices,
}

impl Correlator {
    pub(crate) const fn new() -> Self {
        Self {
            world: World::new(),
            operations: Operations::new(),
            losses: Losses::new(),
            notices: Notices::new(),
        }
    }

    /// What is known at this point.
    pub(crate) const fn world(&self) -> &World {
        &self.world
    }

    /// Takes in one observation and appends what it makes to show.
    pub(crate) fn observe(&mut self, observed: &Observed, out: &mut Vec<Report>) {
        let Observed { at, what } = observed;
        self.world.observe(*at, what, out);
        self.operations.observe(*at, what, &mut self.world, out);
        self.losses.observe(*at, what, &self.world, out);
        self.notices.observe(*at, what, &self.world, out);
    }
}
