//! What the parser must say of conversations, whole, split, cut and with gaps.

mod encoder;
mod follow;
mod join;
mod properties;
mod recorded;
mod said;
mod script;
mod step;
