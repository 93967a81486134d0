//! Situations in which images lie in stores: each set up with real daemons under a recording imgtrace, and what must be
//! said of it.
//!
//! A situation is played by a whole-program test (`tests/tests/stores`) and by `cargo xtask lab run NAME`: the same code
//! for both. Adding one: a file here with a `SITUATION`, its line in [`ALL`], its line in the test.

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

mod agent;
mod comparison;
mod damaged;
mod dind;
mod double_pull;
mod habits;
mod half_duplicate;
mod leftover;
mod nothing_wrong;
mod same_store;
mod split;
mod told;
mod topology;
mod watch;

use anyhow::{Context as _, Result};

use crate::lab::{Lab, Peers};
pub use comparison::{Comparison, du};
pub use told::Told;
pub use watch::Watch;

/// A situation.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// Its name on the command line, and of its recording.
    pub name: &'static str,
    /// What it cannot be played without, besides Debian's packages.
    pub peers: &'static [Peers],
    /// Sets it up in this lab, has imgtrace watch, and checks what that said.
    play: fn(&Lab) -> Result<Told>,
}

/// Every situation, in the order in which help shows them.
pub const ALL: &[Situation] = &[
    split::SITUATION,
    double_pull::SITUATION,
    same_store::SITUATION,
    half_duplicate::SITUATION,
    agent::SITUATION,
    leftover::SITUATION,
    dind::SITUATION,
    habits::SITUATION,
    topology::SITUATION,
    nothing_wrong::SITUATION,
    damaged::SITUATION,
];

impl Situation {
    /// The one of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self> {
        let mut all = ALL.iter();
        let found = all.find(|situation| situation.name == name).copied();
        found.with_context(|| format!("there is no situation {name:?}"))
    }

    /// Plays it in a lab that nothing else uses, telling each step; gives what imgtrace said.
    ///
    /// # Errors
    /// A step fails, or what imgtrace said is not what must be said.
    pub fn play(&self, lab: &Lab) -> Result<Told> {
        (self.play)(lab)
    }

    /// Why it cannot be played here, besides what [`missing`](crate::lab::missing) says; none if it can.
    pub fn missing(&self) -> Option<String> {
        self.peers.iter().find_map(|peers| peers.missing())
    }
}
