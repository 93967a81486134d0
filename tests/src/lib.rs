//! The lab: throwaway container daemons for tests and demonstrations, and the tracer that watches them.
//!
//! Knows how to provide, start, use and end real daemons and clients, and how to run the imgtrace program beside
//! them. Knows nothing of how imgtrace works: whole-program tests compare what the lab did with what imgtrace printed.

pub mod lab;
pub mod run;
pub mod stores;
pub mod story;
pub mod tracer;
