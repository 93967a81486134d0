//! The steps of a test run, in order: what is quick and often wrong comes first.

use std::process::Command;

use anyhow::Result;

use super::{Outcome, Part, Run, harness::cargo_test};
use crate::{
    build_ebpf::{Compiler, Options, compiler, object, place},
    imgtrace,
    lab::{provide_packages, provide_peers},
    process::{cargo, run, which},
};

/// One step.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) part: Part,
    pub(super) run: fn(&Run) -> Result<Outcome>,
}

/// All of them.
pub(super) const STEPS: [Step; 11] = [
    step("formatting", Part::Lint, formatting),
    step("clippy", Part::Lint, clippy),
    step("clippy of the kernel programs", Part::Lint, clippy_ebpf),
    step("cargo-deny", Part::Lint, deny),
    step("unit tests", Part::Unit, unit_tests),
    step("doc tests", Part::Unit, doc_tests),
    step("kernel object", Part::Whole, kernel_object),
    step("release build", Part::Whole, release_build),
    step("packages of the lab", Part::Whole, lab_packages),
    step("peers of the lab", Part::Whole, lab_peers),
    step("whole-program tests", Part::Whole, whole_program_tests),
];

/// The crate of the kernel programs, which only a toolchain for BPF builds.
const EBPF: &str = "--exclude=imgtrace-ebpf";

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
    let args = [
        "test",
        "--workspace",
        EBPF,
        "--no-fail-fast",
        "--lib",
        "--bins",
    ];
    cargo_test(run.cargo(&args).args(run.filter)).map(Outcome::Ran)
}

fn doc_tests(run: &Run) -> Result<Outcome> {
    let args = ["test", "--workspace", EBPF, "--no-fail-fast", "--doc"];
    cargo_test(run.cargo(&args).args(run.filter)).map(Outcome::Ran)
}

fn kernel_object(run: &Run) -> Result<Outcome> {
    run.with_compiler(|compiler| place(compiler).map(|()| Outcome::Passed))
}

fn release_build(run: &Run) -> Result<Outcome> {
    imgtrace::build(run.workspace).map(|_| Outcome::Passed)
}

fn lab_packages(run: &Run) -> Result<Outcome> {
    Ok(match provide_packages(run.consent) {
        Ok(()) => Outcome::Passed,
        Err(error) => Outcome::Skipped(format!("{error:#}")),
    })
}

fn lab_peers(run: &Run) -> Result<Outcome> {
    let failed = provide_peers(run.consent);
    Ok(if failed.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Skipped(failed.join("; "))
    })
}

fn whole_program_tests(run: &Run) -> Result<Outcome> {
    if !object(run.workspace).is_file() {
        return Ok(Outcome::Skipped(
            "the kernel object could not be built".to_owned(),
        ));
    }
    // What is under tests/ of any package may need root, the kernel and each other's absence.
    let args = ["test", "--workspace", EBPF, "--no-fail-fast", "--test=*"];
    let mut command = run.cargo(&args);
    command
        .args(run.filter)
        .args(["--", "--nocapture", "--test-threads=1"])
        .env("IMGTRACE_BIN", imgtrace::path(run.workspace))
        // RUST_BACKTRACE, which CI sets, is for panics: the stack of an error hides what it says.
        .env("RUST_LIB_BACKTRACE", "0");
    cargo_test(&mut command).map(Outcome::Ran)
}
