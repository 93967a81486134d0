//! Who pulled this image, who started this container, and why is it on this disk twice?
//!
//! The way of the data is the way of the folders:
//! `capture` → `decode` → [`observation`] → `correlate` → `verdict` → `show`, with `host`
//! beside `decode` and `record` beside `correlate`. `ARCHITECTURE.md` tells the rest.

// `tests/conversation/` is compiled into this crate's own tests too and names it.
#[cfg(test)]
extern crate self as imgtrace;

mod amount;
pub mod capture;
pub mod command;
mod correlate;
pub mod decode;
pub mod host;
pub mod jsonl;
pub mod model;
pub mod mountinfo;
pub mod observation;
pub mod observer;
pub mod record;
pub mod show;
pub mod store;
pub mod trace;
mod verdict;
