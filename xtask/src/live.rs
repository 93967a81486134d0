//! `live`: builds imgtrace and runs it as root; with no runtime to watch, on a lab of its own.

mod story;

use std::{
    env, fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result};

use crate::{
    build_ebpf::{self, build_ebpf},
    imgtrace,
    packages::{Consent, as_root, is_root},
    process::shown,
    workspace::Workspace,
};

/// What `live` was asked.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// Trace the lab's daemons even where the machine has a container runtime of its own
    #[arg(long)]
    lab: bool,
    /// Build nothing and run this program: how `live` calls itself as root
    #[arg(long, hide = true)]
    program: Option<PathBuf>,
    /// Arguments of imgtrace; with any, it is just run
    #[arg(last = true)]
    args: Vec<String>,
}

/// The file names of the sockets on which container runtimes serve their clients.
const SOCKETS: [&str; 6] = [
    "buildkitd.sock",
    "containerd.sock",
    "cri-dockerd.sock",
    "crio.sock",
    "docker.sock",
    "podman.sock",
];

/// Builds what is not built, and traces.
pub(crate) fn live(options: &Options) -> Result<ExitCode> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build(options.consent)?,
    };
    if !options.args.is_empty() {
        return become_program(as_root(&program)?.args(&options.args));
    }
    if !options.lab {
        if let Some(socket) = listening()? {
            println!(
                "live: {socket} listens on this machine: tracing what its clients do (Ctrl-C \
                 ends; `--lab` traces throwaway daemons instead)"
            );
            return become_program(&mut as_root(&program)?);
        }
        println!("live: no container runtime listens on this machine");
    }
    if is_root() {
        return story::trace(&program, options.consent);
    }
    println!("live: the lab's daemons need root, so this goes on under sudo");
    let mut myself = as_root(env::current_exe()?)?;
    myself.args(["live", "--lab", "--program"]).arg(&program);
    if options.consent.is_given() {
        myself.arg("--yes");
    }
    become_program(&mut myself)
}

fn build(consent: Consent) -> Result<PathBuf> {
    let workspace = Workspace::find()?;
    build_ebpf(&workspace, &build_ebpf::Options::with(consent))?;
    imgtrace::build(&workspace)
}

/// Replaces this process, so that signals and the exit code are the program's own.
fn become_program(command: &mut Command) -> Result<ExitCode> {
    println!("live: {}", shown(command));
    let error = command.exec();
    Err(error).with_context(|| format!("failed to start {}", shown(command)))
}

/// A socket in our network namespace that a container runtime listens on.
fn listening() -> Result<Option<String>> {
    let table = fs::read_to_string("/proc/net/unix").context("failed to read /proc/net/unix")?;
    Ok(table.lines().find_map(runtime_socket).map(str::to_owned))
}

/// The path in a line of `/proc/net/unix`, proc(5), if it is a runtime's listening socket.
fn runtime_socket(line: &str) -> Option<&str> {
    // __SO_ACCEPTCON, include/uapi/linux/net.h: the socket listens.
    const LISTENS: &str = "00010000";
    let mut words = line.split_ascii_whitespace();
    let flags = words.nth(3)?;
    let path = words.nth(3)?;
    let name = Path::new(path).file_name()?.to_str()?;
    // A lab that somebody else has up is not this machine's runtime.
    let is_lab = Path::new(path).starts_with(imgtrace_tests::lab::RUN);
    (flags == LISTENS && SOCKETS.contains(&name) && !is_lab).then_some(path)
}

#[cfg(test)]
mod tests;
