//! `imgtrace demo`: a recording that is built in, for a first look without root.
//!
//! `demo.jsonl` was recorded in the lab (Debian's Docker 20.10, a registry on loopback) while a
//! script ran a container, executed something in it, started a container that holds docker.sock
//! and starts another through it, pulled what is not there, tagged, pushed, was refused as
//! nobody, and cleaned up. Only the name of that machine's pid 1 was changed, to `init`.

use std::io::{self, IsTerminal};

use super::Exit;
use super::args::{CommonArgs, DemoArgs};
use super::error::Failure;
use super::replay::{Source, replay};

/// The recording.
const RECORDING: &[u8] = include_bytes!("demo.jsonl");

/// Replays it: on a terminal as fast as it happened, else at once.
pub(super) fn run(args: &DemoArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    let natural = if io::stdout().is_terminal() { 1.0 } else { 0.0 };
    let source = Source {
        name: "the demo".to_owned(),
        input: Box::new(RECORDING),
        speed: args.speed.unwrap_or(natural),
        at_once: false,
    };
    replay(source, &args.show, &[], common)
}
