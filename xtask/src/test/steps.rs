//! The steps of a test run, in order: what is quick and often wrong comes first.

use std::process::Command;

use anyhow::Result;

use super::{Outcome, Part, Run, harness::cargo_test};
use crate::{
    build_ebpf::{Compiler, Options, compiler, object, place},
    imgtrace,
    process::{cargo, run, which},
};

/// One step.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) part: Part,
    pub(super) run: fn(&Run) -> Result<Outcome>,
}

/// All of them.
pub(super) const STEPS: [Step; 8] = [
    step("formatting", Part::Lint, formatting),
    step("clippy", Part::Lint, clippy),
    step("clippy of the kernel programs", Part::Lint, clippy_ebpf),
    step("cargo-deny", Part::Lint, deny),
    step("unit tests", Part::Unit, unit_tests),
    step("kernel object", Part::Whole, kernel_object),
    step("release build", Part::Whole, release_build),
    step("whole-program tests", Part::Whole, whole_program_tests),
];

/// Crates that plain cargo does not build or test: one is for BPF, the other needs a machine.
const EBPF: &str = "--exclude=imgtrace-ebpf";
const WHOLE: &str = "imgtrace-tests";

const fn step(name: &'static str, part: Part, run: fn(&Run) -> Result<Outcome>) -> Step {
    Step { name, part, run }
}

impl Run<'_> {
    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = cargo(&self.workspace.root);
        command.args(args);
        command
    }

    /// A step that needs a toolchain for BPF, skipped where there is none to be had.
    fn with_compiler(&self, step: impl FnOnce(&Compiler) -> Result<Outcome>) -> Result<Outcome> {
        match compiler(self.workspace, &Options::with(self.consent)) {
            Ok(compiler) => step(&compiler),
            Err(error) => Ok(Outcome::Skipped(format!("{error:#}"))),
        }
    }
}

fn passes(command: &mut Command) -> Result<Outcome> {
    run(command).map(|()| Outcome::Passed)
}

fn formatting(run: &Run) -> Result<Outcome> {
    passes(&mut run.cargo(&["fmt", "--all", "--check"]))
}

fn clippy(run: &Run) -> Result<Outcome> {
    passes(&mut run.cargo(&[
        "clippy",
        "--quiet",
        "--workspace",
        EBPF,
        "--all-targets",
        "--",
        "--deny=warnings",
    ]))
}

fn clippy_ebpf(run: &Run) -> Result<Outcome> {
    run.with_compiler(|compiler| {
        Ok(if compiler.lint()? {
            Outcome::Passed
        } else {
            let reason = "the toolchain for BPF has no clippy (Debian: rust-web-clippy)";
            Outcome::Skipped(reason.to_owned())
        })
    })
}

fn deny(run: &Run) -> Result<Outcome> {
    if which("cargo-deny").is_none() {
        return Ok(Outcome::Skipped(
            "not installed (cargo install cargo-deny)".to_owned(),
        ));
    }
    passes(&mut run.cargo(&["deny", "check", "bans", "licenses", "sources"]))
}

fn unit_tests(run: &Run) -> Result<Outcome> {
    let exclude = format!("--exclude={WHOLE}");
    let mut command = run.cargo(&["test", "--workspace", EBPF, &exclude, "--no-fail-fast"]);
    cargo_test(command.args(run.filter)).map(Outcome::Ran)
}

fn kernel_object(run: &Run) -> Result<Outcome> {
    run.with_compiler(|compiler| place(compiler).map(|()| Outcome::Passed))
}

fn release_build(run: &Run) -> Result<Outcome> {
    imgtrace::build(run.workspace).map(|_| Outcome::Passed)
}

fn whole_program_tests(run: &Run) -> Result<Outcome> {
    if !object(run.workspace).is_file() {
        return Ok(Outcome::Skipped(
            "the kernel object could not be built".to_owned(),
        ));
    }
    // The daemons share bridges, ports and the kernel's attention: one test at a time.
    let mut command = run.cargo(&["test", "--package", WHOLE, "--no-fail-fast"]);
    command
        .args(run.filter)
        .args(["--", "--nocapture", "--test-threads=1"])
        .env("IMGTRACE_BIN", imgtrace::path(run.workspace));
    cargo_test(&mut command).map(Outcome::Ran)
}
