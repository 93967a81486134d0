//! The newest Docker and containerd, built from Go modules pinned in one go.mod.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{key_of, step};
use crate::lab::{key, read, say};

/// One program and how it is built.
#[derive(Debug)]
struct Program {
    name: &'static str,
    package: &'static str,
    /// Linked against C libraries; without it the program is static.
    cgo: bool,
    tags: &'static str,
    /// Module whose version in go.mod is written to a variable, which upstream's Makefile does.
    version: Option<(&'static str, &'static str)>,
}

/// In the order in which they are built: one shares packages with the next.
const PROGRAMS: [Program; 7] = [
    Program {
        name: "containerd",
        package: "github.com/containerd/containerd/v2/cmd/containerd",
        cgo: false,
        tags: "",
        version: None,
    },
    Program {
        name: "ctr",
        package: "github.com/containerd/containerd/v2/cmd/ctr",
        cgo: false,
        tags: "",
        version: None,
    },
    Program {
        name: "containerd-shim-runc-v2",
        package: "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        cgo: false,
        tags: "",
        version: None,
    },
    Program {
        name: "dockerd",
        package: "github.com/moby/moby/v2/cmd/dockerd",
        cgo: true,
        // It would link with libnftables, which the lab's daemons have no use for.
        tags: "no_libnftables",
        version: Some((
            "github.com/moby/moby/v2",
            "github.com/moby/moby/v2/dockerversion.Version",
        )),
    },
    Program {
        name: "runc",
        package: "github.com/opencontainers/runc",
        cgo: true,
        // dockerd's default profile is refused by a runc without it.
        tags: "seccomp",
        version: None,
    },
    Program {
        name: "docker",
        package: "github.com/docker/cli/cmd/docker",
        cgo: false,
        tags: "",
        version: Some((
            "github.com/docker/cli",
            "github.com/docker/cli/cli/version.Version",
        )),
    },
    Program {
        name: "docker-compose",
        package: "github.com/docker/compose/v5/cmd",
        cgo: false,
        tags: "",
        version: Some((
            "github.com/docker/compose/v5",
            "github.com/docker/compose/v5/internal.Version",
        )),
    },
];

/// docker/cli has no go.mod, so Go takes it for a module of Go 1.16 and refuses its newer syntax.
const LANGUAGE: &str = "-gcflags=github.com/docker/cli/...=-lang=go1.26";

/// What decides what is built: the pins and the recipes.
pub(super) fn key(sources: &Path) -> Result<u64> {
    let pins = key_of(sources, &["go.mod", "go.sum"])?;
    Ok(key::of(&[
        pins.to_string(),
        LANGUAGE.to_owned(),
        format!("{PROGRAMS:?}"),
    ]))
}

/// Builds every program into `folder`.
pub(super) fn build(sources: &Path, folder: &Path) -> Result<()> {
    let go = find_go()?;
    let pins = read(&sources.join("go.mod"))?;
    for (index, program) in PROGRAMS.iter().enumerate() {
        say(&format!(
            "building {} ({} of {})",
            program.name,
            index + 1,
            PROGRAMS.len()
        ));
        let start = Instant::now();
        let mut command = program.command(&go, &pins, folder)?;
        let built = step(command.current_dir(sources));
        built.with_context(|| format!("failed to build {}{}", program.name, program.hint()))?;
        say(&format!(
            "{} took {:.0} s",
            program.name,
            start.elapsed().as_secs_f64()
        ));
    }
    Ok(())
}

impl Program {
    fn command(&self, go: &Path, pins: &str, folder: &Path) -> Result<Command> {
        let mut command = Command::new(go);
        command
            .env("CGO_ENABLED", if self.cgo { "1" } else { "0" })
            .env("GOFLAGS", "");
        command.args([
            "build",
            "-mod=readonly",
            "-buildvcs=false",
            "-trimpath",
            LANGUAGE,
            "-tags",
            self.tags,
        ]);
        let mut link = "-s -w".to_owned();
        if let Some((module, variable)) = self.version {
            let version =
                pinned(pins, module).with_context(|| format!("go.mod does not pin {module}"))?;
            link = format!("{link} -X {variable}={version}");
        }
        command
            .arg("-ldflags")
            .arg(link)
            .arg("-o")
            .arg(folder.join(self.name))
            .arg(self.package);
        Ok(command)
    }

    fn hint(&self) -> &'static str {
        if self.cgo {
            " (it needs gcc, pkg-config and libseccomp-dev)"
        } else {
            ""
        }
    }
}

/// The version of a module in go.mod, without what is no part of the program's own number.
fn pinned<'a>(pins: &'a str, module: &str) -> Option<&'a str> {
    let mut words = pins.lines().map(str::split_whitespace);
    let version =
        words.find_map(|mut words| (words.next() == Some(module)).then(|| words.next())?)?;
    Some(
        version
            .trim_start_matches('v')
            .trim_end_matches("+incompatible"),
    )
}

/// `go` on PATH, or where its own installer and Debian's backports put it.
fn find_go() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/local/go/bin".into(), "/usr/lib/go/bin".into()]);
    let go = folders
        .map(|folder| folder.join("go"))
        .find(|go| go.exists());
    go.context(
        "the newest Docker is built with Go 1.26 or later, which is missing: https://go.dev/dl",
    )
}

#[cfg(test)]
mod tests;
