//! Builds, runs and tests imgtrace. One command per file; what they share stands beside them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command line talks to its terminal"
)]

mod build_ebpf;
mod lab;
mod no_daemons;
mod imgtrace;
mod packages;
mod process;
mod test;
mod workspace;

use anyhow::Result;
use clap::Parser;

use workspace::Workspace;

/// Builds, runs and tests imgtrace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Build the kernel object that is embedded in the binary
    BuildEbpf(build_ebpf::Options),
    /// Start, use and stop throwaway container daemons
    #[command(subcommand)]
    Lab(lab::Command),
    /// Check everything: formatting, lints, tests with and without real daemons
    Test(test::Options),
}

fn main() -> Result<()> {
    let workspace = Workspace::find()?;
    match Command::parse() {
        Command::BuildEbpf(options) => build_ebpf::build_ebpf(&workspace, &options).map(drop),
        Command::Lab(command) => lab::lab(&command),
        Command::Test(options) => test::test(&workspace, &options),
    }
}
