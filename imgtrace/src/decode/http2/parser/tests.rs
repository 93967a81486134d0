//! What the parser must say of conversations, whole, split, cut and with gaps.

mod follow;
mod join;
mod said;
