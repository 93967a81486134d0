//! Builds, runs and tests imgtrace. One command per file; what they share stands beside them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command line talks to its terminal"
)]

mod bench;
mod build_ebpf;
mod imgtrace;
mod lab;
mod live;
mod no_daemons;
mod packages;
mod process;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use workspace::Workspace;

/// Builds, runs and tests imgtrace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Build the kernel object that is embedded in the binary
    BuildEbpf(build_ebpf::Options),
    /// Build imgtrace and run it; on a machine without containers, trace a lab's
    Live(live::Options),
    /// Check everything: formatting, lints, tests with and without real daemons
    Test(test::Options),
    /// Measure what imgtrace costs others, how soon it says what it sees, and what decoding costs
    Bench(bench::Options),
    /// Start, use and stop throwaway container daemons
    #[command(subcommand)]
    Lab(lab::Command),
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::BuildEbpf(options) => build_ebpf::build_ebpf(&Workspace::find()?, options)?,
        Command::Live(options) => return live::live(options),
        Command::Test(options) => return test::test(&Workspace::find()?, options),
        Command::Bench(options) => bench::bench(options)?,
        Command::Lab(command) => lab::lab(command)?,
    }
    Ok(ExitCode::SUCCESS)
}
