//! What a machine lacks: asks, and installs it from the distribution's packages.

use std::{
    env,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail, ensure};

use crate::process::{output, run, which};

/// Whether things may be installed without asking.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Consent {
    /// Install what is missing without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

impl Consent {
    /// Whether there is no need to ask: `--yes`, CI, or no terminal to ask on.
    pub(crate) fn is_given(self) -> bool {
        self.yes || env::var_os("CI").is_some() || !io::stdin().is_terminal()
    }

    /// Says what is about to happen, and asks unless there is no need.
    ///
    /// # Errors
    /// The answer is no.
    pub(crate) fn ask(self, what: &str) -> Result<()> {
        println!("{what}");
        if self.is_given() {
            return Ok(());
        }
        print!("Go ahead? [Y/n] ");
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        ensure!(
            matches!(answer.trim(), "" | "y" | "Y" | "yes"),
            "nothing was installed, as you asked"
        );
        Ok(())
    }
}

/// Whether this machine installs packages with apt.
pub(crate) fn has_apt() -> bool {
    which("apt-get").is_some() && which("apt-cache").is_some()
}

/// Refreshes the lists of packages, so that [`candidate`] knows today's.
pub(crate) fn refresh() -> Result<()> {
    run(as_root("apt-get")?.args(["update", "-qq"]))
}

/// The version of a package that apt would install, `None` where it knows none.
pub(crate) fn candidate(package: &str) -> Option<String> {
    let policy = output(
        Command::new("apt-cache")
            .args(["policy", package])
            .env("LC_ALL", "C"),
    )
    .ok()?;
    policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .map(str::to_owned)
}

/// Installs packages with apt, no more than they need; where another would have to go for them
/// (docker-ce for docker.io), apt refuses.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    // Through env(1), because sudo would drop the variable.
    run(as_root("env")?
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install"])
        .args(["-qq", "--yes", "--no-install-recommends", "--no-remove"])
        .args(packages)
        .stdin(Stdio::null()))
}

/// Whether we are root ourselves.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs as root: itself where we are root, else through sudo.
///
/// # Errors
/// We are not root and there is no sudo.
pub(crate) fn as_root(program: impl AsRef<Path>) -> Result<Command> {
    let program = program.as_ref();
    if is_root() {
        return Ok(Command::new(program));
    }
    let Some(sudo) = which("sudo") else {
        bail!(
            "{} must run as root and there is no sudo: run this as root",
            program.display()
        );
    };
    let mut command = Command::new(sudo);
    command.arg("--").arg(program);
    Ok(command)
}
