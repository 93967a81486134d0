//! Commands and their output, which runtimes and builders quote in errors. Either may hold any
//! secret in any shape, so that nothing of them is shown.
//!
//! What is quoted mostly comes without escapes and may hold what stands behind it. So it ends
//! where that stands last, and in a text that is cut, or in doubt, with the text.

use std::ops::Range;

use super::secret::{hide, tail, until};

/// What stands before and behind a quoted command or instruction.
const QUOTATIONS: [(&str, &str); 5] = [
    // BuildKit `solver/llbsolver/ops/exec.go`, since v0.11 and before.
    ("process \"", "\" did not complete successfully"),
    ("executor failed running [", "]: "),
    // The classic builder, moby `daemon/builder/dockerfile/dispatchers.go`.
    ("The command '", "' returned a non-zero code"),
    // Buildah `imagebuildah/stage_executor.go`; other instructions take no commands.
    ("building at STEP \"RUN ", "\": while running runtime"),
    // Dockerfile parsers: `ENV` and `LABEL` without a `=`.
    ("can't find = in \"", "\". Must be of the form"),
];

/// A command that was run, or an instruction of a build, up to where the sentence goes on.
pub(super) fn command(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = tail(text, from);
    let found = QUOTATIONS.iter().filter_map(|(before, behind)| {
        let start = rest.find(before)? + before.len();
        let quoted = tail(rest, start);
        let len = quoted.rfind(behind).unwrap_or(quoted.len());
        hide(true, from + start, len)
    });
    found.min_by_key(|secret| secret.start)
}

/// `exec: "program argument…": not found`, where a whole command was given as the program's name
/// (Go `os/exec`, `Error`): all but its first word, and that, too, where it is the command of an exec
/// (`OCI runtime exec failed: …`, containerd `cmd/containerd-shim-runc-v2/process/exec.go`).
pub(super) fn arguments(text: &str, from: usize) -> Option<Range<usize>> {
    let before = "exec: \"";
    tail(text, from).match_indices(before).find_map(|(at, _)| {
        let start = from + at + before.len();
        let quoted = tail(text, start);
        let quoted = quoted
            .split_once("\": ")
            .map_or(quoted, |(quoted, _)| quoted);
        let is_of_exec = text
            .get(..start)
            .is_some_and(|so_far| so_far.contains("exec failed"));
        let shown = if is_of_exec {
            0
        } else {
            until(quoted, char::is_whitespace).len() + 1
        };
        let len = quoted.len().saturating_sub(shown);
        hide(true, start + shown, len)
    })
}

/// What a command has written: `command error: …, stdout: …, stderr: …, exit code 1` (CRI-O
/// `internal/oci/oci.go`, `ExecSyncError`).
pub(super) fn output(text: &str, from: usize) -> Option<Range<usize>> {
    let before = ", stdout: ";
    let error = from + tail(text, from).find("command error: ")?;
    let start = error + tail(text, error).find(before)? + before.len();
    let written = tail(text, start);
    let end = written.rsplit_once(", exit code ");
    let end = end.filter(|(_, code)| code.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    hide(
        true,
        start,
        end.map_or(written, |(written, _)| written).len(),
    )
}
