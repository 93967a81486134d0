//! What can be typed. What it means is known where it is used.

mod endpoint;
mod probe;
mod quantity;
mod rule;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

pub(super) use endpoint::EndpointArg;
pub(super) use probe::ProbeArg;

use crate::model::Rule;
use crate::record::Rotation;
use crate::show::topology::Form;
use crate::show::{Output, Term};

/// Files that a rotated recording is kept in if nothing else is said.
const DEFAULT_FILES: u32 = 5;

const EXAMPLES: &str = "\
Examples:
  imgtrace demo                                 see what it looks like
  sudo imgtrace                                 watch every container runtime of this machine
  sudo imgtrace --filter op=pull,create         only pulls and container creations
  sudo imgtrace --filter 'caller!=kubelet'      all but what kubelet asks for
  sudo imgtrace record -q --max-size 100M night.jsonl
  sudo imgtrace --fail-on double-pull,socket-grant --duration 10m
  imgtrace replay night.jsonl -o json | jq 'select(.kind == \"operation\")'

Exit codes: 0 done, 1 a finding of --fail-on, 2 usage, 3 a privilege or kernel feature is missing,
4 a damaged or too new recording, 5 internal, 130 interrupted (1 if there was a finding of --fail-on).";

/// Who pulled this image, who started this container, and why is it on this disk twice?
///
/// imgtrace watches the sockets of Docker, Podman, containerd, CRI servers and BuildKit in the kernel
/// and prints every operation with the process, container and pod that caused it. It changes nothing
/// on the host and needs no configuration of the daemons.
/// Without a command it watches until it is interrupted.
#[derive(Debug, Parser)]
#[command(name = "imgtrace", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(subcommand_help_heading = "Commands", disable_help_subcommand = true)]
pub(super) struct Cli {
    // Live first: a heading holds for everything that is flattened after it.
    #[command(flatten)]
    pub(super) live: LiveArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch and keep what is seen in a file that can be replayed
    Record(RecordArgs),
    /// Print a recording as the live run printed it; needs no privileges
    Replay(ReplayArgs),
    /// Show sockets, daemons, clients and stores, and answer what people check by hand
    Topology(TopologyArgs),
    /// Play a recording that is built in: a first look, without root
    Demo(DemoArgs),
    /// Say what this machine allows, and what to do about the rest
    Doctor,
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    const fn name(&self) -> &'static str {
        match self {
            Self::Record(_) => "record",
            Self::Replay(_) => "replay",
            Self::Topology(_) => "topology",
            Self::Demo(_) => "demo",
            Self::Doctor => "doctor",
            Self::Completions { .. } => "completions",
        }
    }
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct CommonArgs {
    #[arg(
        long,
        global = true,
        help = "No colours; so it is without a terminal and with NO_COLOR"
    )]
    pub(super) no_color: bool,
    /// Print evidence, and say on stderr what imgtrace does; more with -vv and -vvv
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// How reports are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(super) struct ShowArgs {
    /// The form of the output
    #[arg(short, long, value_name = "FORM", value_enum)]
    pub(super) output: Option<Output>,
    /// Show only some operations, by op, image, container, caller, user, pod, runtime, outcome, cause or store;
    /// != leaves out, values stand with commas between them, * is any text
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) filter: Vec<Term>,
}

/// What a run is to fail on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(super) struct JudgeArgs {
    /// Exit with 1 if there was a finding of one of these rules, be it shown or not; a list with
    /// commas between them
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        value_parser = rule::parser(),
    )]
    pub(super) fail_on: Vec<Rule>,
}

/// What is watched, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(super) struct WatchArgs {
    /// Watch a socket that would not be found: docker, podman, containerd, cri-o, cri-dockerd,
    /// dockershim, buildkit, shim or cri, and its path
    #[arg(long = "endpoint", value_name = "KIND=PATH")]
    pub(super) endpoints: Vec<EndpointArg>,
    /// Stop after this time: 30s, 5m, 1h30m
    #[arg(long, value_name = "TIME", value_parser = quantity::duration)]
    pub(super) duration: Option<Duration>,
    /// See mounts in this way or not at all, to try it: mounts=fanotify, mounts=fexit,
    /// mounts=mountinfo; doctor lists the ways
    #[arg(long, value_name = "NAME=KIND")]
    pub(super) probe: Option<ProbeArg>,
}

/// How large a recording may become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(super) struct RotationArgs {
    /// Begin another file when one has this size (100M, 1G), and move the older ones to FILE.1,
    /// FILE.2 …
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    max_size: Option<u64>,
    /// Files that are kept, with --max-size [default: 5]
    #[arg(
        long,
        value_name = "N",
        requires = "max_size",
        value_parser = clap::value_parser!(u32).range(1..=9999),
    )]
    max_files: Option<u32>,
}

impl RotationArgs {
    /// Where a file is full and how many there may be; none without a limit.
    pub(super) fn rotation(&self) -> Option<Rotation> {
        let max_files = self.max_files.unwrap_or(DEFAULT_FILES);
        self.max_size.map(|max_size| Rotation {
            max_size,
            max_files,
        })
    }
}

/// `imgtrace`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(super) struct LiveArgs {
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
    /// Also keep what is seen in FILE, to be replayed
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    #[command(flatten)]
    pub(super) rotation: RotationArgs,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
}

/// `imgtrace record`.
#[derive(Clone, Debug, Args)]
pub(super) struct RecordArgs {
    /// The recording; an existing file is not overwritten
    pub(super) file: PathBuf,
    /// Print nothing, only record
    #[arg(short, long, conflicts_with_all = ["output", "filter"])]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) rotation: RotationArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
}

/// `imgtrace replay`.
#[derive(Clone, Debug, Args)]
pub(super) struct ReplayArgs {
    /// The recording; - is stdin
    pub(super) file: PathBuf,
    /// As fast as it happened times X; without it, or with 0, without waiting
    #[arg(long, value_name = "X", value_parser = quantity::speed)]
    pub(super) speed: Option<f64>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
}

/// `imgtrace topology`.
#[derive(Clone, Debug, Args)]
pub(super) struct TopologyArgs {
    /// A recording to look at instead of this machine, without privileges; - is stdin
    #[arg(conflicts_with_all = ["endpoints", "duration", "probe"])]
    pub(super) file: Option<PathBuf>,
    /// The form of the output
    #[arg(short, long, value_name = "FORM", value_enum)]
    pub(super) output: Option<Form>,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
}

/// `imgtrace demo`.
#[derive(Clone, Debug, Args)]
pub(super) struct DemoArgs {
    /// As fast as it happened times X; 0 is without waiting [default: 1 on a terminal, else 0]
    #[arg(long, value_name = "X", value_parser = quantity::speed)]
    pub(super) speed: Option<f64>,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

impl Cli {
    /// Refuses options of the live run before a command: they would be lost silently.
    pub(super) fn checked(self) -> Result<Self, clap::Error> {
        let Some(command) = self
            .command
            .as_ref()
            .filter(|_| self.live != LiveArgs::default())
        else {
            if self.live.record.is_none() && self.live.rotation.max_size.is_some() {
                let message = "--max-size needs --record FILE: there is nothing else to bound";
                return Err(Self::command().error(ErrorKind::MissingRequiredArgument, message));
            }
            return Ok(self);
        };
        let message = format!(
            "options of the live run stand before '{name}', where they do nothing; \
             those of '{name}' go after it",
            name = command.name()
        );
        Err(Self::command().error(ErrorKind::ArgumentConflict, message))
    }
}
