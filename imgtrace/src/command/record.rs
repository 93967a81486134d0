//! `imgtrace record FILE`.

use super::Exit;
use super::args::{CommonArgs, RecordArgs};
use super::error::Failure;
use super::live::{self, Target};

/// Watches and records; prints what `imgtrace` prints unless it is to be quiet.
pub(super) fn run(args: &RecordArgs, common: &CommonArgs) -> Result<Exit, Failure> {
    let file = Some(args.file.as_path());
    let target = Target {
        file,
        rotation: &args.rotation,
        quiet: args.quiet,
        fail_on: &args.judge.fail_on,
    };
    live::watch(&args.watch, &target, &args.show, common)
}
