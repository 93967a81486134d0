//! The stage as a whole: sessions of a client that was joined late.

mod kubelet;
mod misled;
mod property;
mod real;
mod session;

use session::{Session, ok};

pub(super) mod wire;
