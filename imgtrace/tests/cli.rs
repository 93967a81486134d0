//! The program as its users run it: output, exit codes, and what it says when something is wrong.
//!
//! Nothing here needs a privilege. `recordings/v1.jsonl` was made for these tests; every later
//! version must replay it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn imgtrace(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imgtrace"));
    command.args(args).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "IMGTRACE_LOG"] {
        command.env_remove(variable);
    }
    command
}

fn run(args: &[&str]) -> Output {
    imgtrace(args).output().unwrap()
}

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/v1.jsonl")
}

fn replay(args: &[&str]) -> Output {
    let file = recording();
    run(&[&["replay", file.to_str().unwrap()], args].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A file in a folder of its own.
fn file(content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// The exit code, and what is said about a file, with its name left out.
fn complaint(path: &str) -> (Option<i32>, String) {
    let output = run(&["replay", path]);
    assert_eq!(text(&output.stdout), "");
    (
        output.status.code(),
        text(&output.stderr).replace(path, "FILE"),
    )
}

#[test]
fn a_recording_of_version_1_is_replayed_in_every_form() {
    for form in ["text", "wide", "json"] {
        let output = replay(&["-o", form]);
        assert_eq!(
            (output.status.code(), text(&output.stderr).as_str()),
            (Some(0), "")
        );
        insta::assert_snapshot!(format!("replay_{form}"), text(&output.stdout));
    }
    assert_eq!(replay(&[]).stdout, replay(&["-o", "text"]).stdout);
}

#[test]
fn a_replay_does_not_depend_on_the_machine() {
    let plain = replay(&[]).stdout;
    let file = recording();
    let args = ["replay", file.to_str().unwrap()];
    let elsewhere = imgtrace(&args)
        .env("TZ", "Asia/Tokyo")
        .env("LANG", "C")
        .output()
        .unwrap();
    assert_eq!(elsewhere.stdout, plain);
    assert_eq!(replay(&["--speed", "1000"]).stdout, plain);
    assert_eq!(replay(&["--speed", "0"]).stdout, plain);
}

#[test]
fn a_recording_comes_through_a_pipe() {
    let input = fs::File::open(recording()).unwrap();
    let output = imgtrace(&["replay", "-"]).stdin(input).output().unwrap();
    assert_eq!(output.stdout, replay(&[]).stdout);
}

#[test]
fn filters_and_evidence() {
    let pulls = text(&replay(&["--filter", "op=pull", "-o", "json"]).stdout);
    let ids: Vec<&str> = pulls
        .lines()
        .filter(|line| line.contains("\"id\":1,"))
        .collect();
    assert_eq!(ids.len(), 2, "begin and end");
    assert!(!pulls.contains("\"op\":\"create\",\"image\""), "{pulls}");
    let evidence = text(&replay(&["-v"]).stdout);
    assert!(
        evidence.contains("· pid 5000 (docker-compose) is in container"),
        "{evidence}"
    );
}

#[test]
fn a_replay_fails_on_the_findings_that_are_named() {
    for (rules, code) in [
        ("dood", 1),
        ("dind,dood", 1),
        ("dind", 0),
        ("leftover,split", 0),
    ] {
        let plain = replay(&["--filter", "op=push"]);
        let judged = replay(&["--filter", "op=push", "--fail-on", rules]);
        assert_eq!(judged.status.code(), Some(code), "{rules}");
        assert_eq!((judged.stdout, judged.stderr), (plain.stdout, plain.stderr));
    }
    let wrong = replay(&["--fail-on", "doodle"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = text(&wrong.stderr);
    assert!(said.contains("socket-grant"), "all rules are named: {said}");
}

#[test]
fn a_cut_recording_is_replayed_up_to_its_last_whole_line() {
    let whole = fs::read(recording()).unwrap();
    let full = text(&replay(&["-o", "json"]).stdout);
    let ends: Vec<usize> = whole
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at)
        .collect();
    let cuts = ends
        .iter()
        .skip(1)
        .step_by(4)
        .flat_map(|&end| [end - 1, end, end + 1, end + 9]);
    for cut in cuts.filter(|&cut| cut < whole.len() - 1) {
        let (_folder, path) = file(&whole[..cut]);
        let output = run(&["replay", &path, "-o", "json"]);
        assert_eq!(output.status.code(), Some(0), "cut at {cut}");
        assert!(full.starts_with(&text(&output.stdout)), "cut at {cut}");
        let note = text(&output.stderr);
        assert!(
            note.starts_with("imgtrace: note: ") && note.contains("no end mark"),
            "{note}"
        );
    }
}

#[test]
fn what_cannot_be_replayed_says_why_and_what_to_do() {
    let newer = br#"{"format":"imgtrace-recording","version":9,"imgtrace":"2.0.0"}"#;
    let whole = fs::read(recording()).unwrap();
    let mut all = String::new();
    for content in [&newer[..], b"hello\n", b"", &whole[..60], b"\x1f\x8b\x08"] {
        let (_folder, path) = file(content);
        let (code, text) = complaint(&path);
        assert_eq!(code, Some(4), "{text}");
        all.push_str(&text);
    }
    let missing = complaint("/nonexistent/a.jsonl");
    assert_eq!(missing.0, Some(2));
    let folder = tempfile::tempdir().unwrap();
    let directory = complaint(folder.path().to_str().unwrap());
    assert_eq!(directory.0, Some(2));
    insta::assert_snapshot!(format!("{all}{}{}", missing.1, directory.1));
}

#[test]
fn a_damaged_line_ends_the_replay_with_a_failure() {
    let mut damaged = text(&fs::read(recording()).unwrap()).replace("\"disconnected\"", "\"dis");
    damaged.push('\n');
    let (_folder, path) = file(damaged.as_bytes());
    let output = run(&["replay", &path, "-o", "json"]);
    assert_eq!(output.status.code(), Some(4));
    let shown = text(&output.stdout);
    assert!(text(&replay(&["-o", "json"]).stdout).starts_with(&shown) && !shown.is_empty());
    let said = text(&output.stderr);
    assert!(
        said.contains(": line 13 of ") || said.contains("line 13 of"),
        "{said}"
    );
    assert!(
        said.contains("hint: the 12 lines before it are shown"),
        "{said}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = imgtrace(&["replay", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Nobody reads any more before there is anything to print.
    drop(child.stdout.take());
    let written = child
        .stdin
        .take()
        .unwrap()
        .write_all(&fs::read(recording()).unwrap());
    // The program may end before it has read everything.
    assert!(written.map_or_else(|error| error.kind() == io::ErrorKind::BrokenPipe, |()| true));
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr).as_str()),
        (Some(0), "")
    );
}

#[test]
fn colours_are_for_terminals_and_whoever_wants_them() {
    let coloured = |variables: &[(&str, &str)], args: &[&str]| {
        let file = recording();
        let mut command = imgtrace(&[&["replay", file.to_str().unwrap()], args].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&b'\x1b')
    };
    assert!(!coloured(&[], &[]), "a pipe");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--no-color"]));
    assert!(!coloured(&[("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["-o", "json"]));
}

#[test]
fn usage() {
    let help = run(&["--help"]);
    assert_eq!((help.status.code(), help.stderr.len()), (Some(0), 0));
    assert!(text(&help.stdout).starts_with("Who pulled this image"));
    let version = run(&["--version"]);
    assert_eq!(
        text(&version.stdout),
        concat!("imgtrace ", env!("CARGO_PKG_VERSION"), "\n")
    );
    for args in [
        &["repla"][..],
        &["replay"],
        &["--output", "xml"],
        &["replay", "f", "--speed", "-1"],
    ] {
        let wrong = run(args);
        assert_eq!(wrong.status.code(), Some(2), "{args:?}");
        assert_eq!(text(&wrong.stdout), "");
        assert!(text(&wrong.stderr).starts_with("error: "), "{args:?}");
    }
}

#[test]
fn the_demo_needs_nothing_and_shows_the_main_things() {
    let demo = run(&["demo"]);
    assert_eq!((demo.status.code(), demo.stderr.len()), (Some(0), 0));
    let demo = text(&demo.stdout);
    for word in [
        "pull",
        "start",
        "! dood",
        "connect-denied",
        "[container ",
        "summary",
    ] {
        assert!(demo.contains(word), "{word} is missing in {demo}");
    }
    let objects = text(&run(&["demo", "-o", "json"]).stdout);
    assert!(objects.lines().all(|line| line.starts_with("{\"kind\":\"")));
}

#[test]
fn completions_of_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("replay"), "{shell}");
    }
}

#[test]
fn a_recording_tells_what_the_machine_looked_like() {
    let file = recording();
    let topology = |args: &[&str]| run(&[&["topology", file.to_str().unwrap()], args].concat());
    let output = topology(&[]);
    assert_eq!(
        (output.status.code(), text(&output.stderr).as_str()),
        (Some(0), "")
    );
    let shown = text(&output.stdout);
    for part in [
        "sockets\n  e1",
        "daemons\n",
        "stores\n",
        "questions\n",
        "not known, because",
    ] {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
    assert_eq!(topology(&["-o", "text"]).stdout, output.stdout);
    let object: serde_json::Value =
        serde_json::from_slice(&topology(&["-o", "json"]).stdout).unwrap();
    assert_eq!(object["kind"], "topology");
    assert_eq!(object["answers"].as_array().unwrap().len(), 5);
}

#[test]
fn a_topology_of_what_cannot_be_read_fails_as_a_replay_does() {
    let (_folder, path) = file(b"hello\n");
    let missing = run(&["topology", "/nonexistent/a.jsonl"]);
    assert_eq!(run(&["topology", &path]).status.code(), Some(4));
    assert_eq!(missing.status.code(), Some(2));
    for args in [
        &["topology", &path, "--duration", "1s"][..],
        &["topology", &path, "--endpoint", "docker=/a.sock"],
        &["topology", "-o", "wide"],
    ] {
        assert_eq!(run(args).status.code(), Some(2), "{args:?}");
    }
    let mut damaged = text(&fs::read(recording()).unwrap()).replace("\"disconnected\"", "\"dis");
    damaged.push('\n');
    let (_folder, path) = file(damaged.as_bytes());
    let output = run(&["topology", &path]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stdout).contains("sockets\n"),
        "what was whole is shown"
    );
}
