//! What the parser must say of conversations, whole, split, cut and with gaps.

mod ear;
mod follow;
mod join;
mod properties;
mod script;
mod take_over;
