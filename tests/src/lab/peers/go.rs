//! How Go programs are built from pinned modules: one go.mod a folder below `tests/peers`, one set of programs each.

mod sets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{key_of, step};
use crate::lab::{Ran, key, read, say};
pub(super) use sets::{BUILDKIT, CRI_DOCKERD, CRI_O, KUBERNETES, NERDCTL, NEWEST, Set};
use sets::{InC, Program};

/// docker/cli has no go.mod, so Go takes it for a module of Go 1.16 and refuses its newer syntax. No other module minds.
const LANGUAGE: &str = "-gcflags=github.com/docker/cli/...=-lang=go1.26";

impl Set {
    /// What decides what is built: the pins and the recipes.
    pub(super) fn key(&self, sources: &Path) -> Result<u64> {
        let pins = key_of(&sources.join(self.folder), &["go.mod", "go.sum"])?;
        let mut parts = vec![
            pins.to_string(),
            LANGUAGE.to_owned(),
            format!("{:?}", self.programs),
        ];
        parts.extend(self.c.iter().map(|program| format!("{program:?}")));
        Ok(key::of(&parts))
    }

    /// Builds every program into `folder`.
    pub(super) fn build(&self, sources: &Path, folder: &Path) -> Result<()> {
        let go = find_go()?;
        let sources = sources.join(self.folder);
        let pins = read(&sources.join("go.mod"))?;
        for (index, program) in self.programs.iter().enumerate() {
            say(&format!(
                "building {} ({} of {})",
                program.name,
                index + 1,
                self.programs.len()
            ));
            let start = Instant::now();
            let mut command = program.command(&go, &pins, folder)?;
            let built = step(command.current_dir(&sources));
            built.with_context(|| format!("failed to build {}{}", program.name, program.hint()))?;
            say(&format!(
                "{} took {:.0} s",
                program.name,
                start.elapsed().as_secs_f64()
            ));
        }
        match &self.c {
            Some(program) => program.build(&go, &sources, folder),
            None => Ok(()),
        }
    }

    /// Whether a C compiler is needed.
    pub(super) fn needs_c(&self) -> bool {
        self.c.is_some() || self.programs.iter().any(|program| program.cgo)
    }
}

impl InC {
    fn build(&self, go: &Path, pins: &Path, folder: &Path) -> Result<()> {
        let mut list = Command::new(go);
        list.args(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", self.module]);
        let module = Ran::ok(list.env("GOTOOLCHAIN", "local").current_dir(pins))?;
        let sources = Path::new(module.stdout.trim()).join(self.sources);
        let files = fs::read_dir(&sources)
            .with_context(|| format!("failed to read {}", sources.display()))?;
        let files = files.flatten().map(|file| file.path());
        let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "c");
        let mut compile = Command::new("gcc");
        compile.args(["-Os", "-o"]).arg(folder.join(self.name));
        step(compile.args(files.filter(is_source)))
            .with_context(|| format!("failed to build {}", self.name))
    }
}

impl Program {
    fn command(&self, go: &Path, pins: &str, folder: &Path) -> Result<Command> {
        let mut command = Command::new(go);
        command
            .env("CGO_ENABLED", if self.cgo { "1" } else { "0" })
            .env("GOFLAGS", "")
            // A pin that asks for a newer Go must fail here rather than fetch one.
            .env("GOTOOLCHAIN", "local");
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
    go.context("it is built with Go 1.26 or later, which is missing: https://go.dev/dl")
}

#[cfg(test)]
mod tests;
