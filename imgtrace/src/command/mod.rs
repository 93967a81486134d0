//! The command line: parse, run, exit code. One subcommand a file.
//!
//! It holds what the pure parts must not: stdout, the terminal, the clock, the time zone.

mod args;
mod completions;
mod demo;
mod doctor;
mod error;
mod live;
mod log;
mod progress;
mod record;
mod replay;
mod screen;
mod session;
mod topology;
mod watch;
mod zone;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use error::{Failure, Kind};

/// How a run that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// What was asked for is done, or nobody reads the output any more.
    Done,
    /// SIGINT or SIGTERM; everything was ended in an orderly way.
    Interrupted,
    /// There was a finding that the run is to fail on, however it ended.
    Found,
}

impl Exit {
    /// This end of a run, or the finding that stands above it: who stops a run that has found what
    /// it looked for wants to know that, and a live run has no other end.
    fn unless_found(self, is_found: bool) -> Self {
        if is_found { Self::Found } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Interrupted => Self::from(130),
            Exit::Found => Self::from(1),
        }
    }
}

/// Runs the program with its arguments, the first of which is its own name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args).and_then(Cli::checked) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, and a reader that has gone away is no error.
            let _ = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    log::begin(cli.common.verbose);
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.code()
        }
    }
}

/// What waits for records and signals: nothing of a run needs a second thread for that.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Internal, "failed to begin").because(error))
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let common = cli.common;
    match cli.command {
        None => live::run(&cli.live, &common),
        Some(Command::Record(args)) => record::run(&args, &common),
        Some(Command::Replay(args)) => replay::run(&args, &common),
        Some(Command::Topology(args)) => topology::run(&args, &common),
        Some(Command::Demo(args)) => demo::run(&args, &common),
        Some(Command::Doctor) => doctor::run(&common),
        Some(Command::Completions { shell }) => completions::run(shell, &mut Cli::command()),
    }
}
