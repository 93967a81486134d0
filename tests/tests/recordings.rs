//! Recordings of situations (`tests/recordings`, made by `cargo xtask lab run NAME --record FILE`): each replays to the
//! findings that were said live. Needs no root and no daemon.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::run::Run;
use serde_json::Value;

/// How long a replay may take.
const SOON: Duration = Duration::from_secs(30);
/// Bytes of the largest recording that is kept.
const LARGEST: u64 = 200 * 1024;

#[test]
fn replay_to_their_findings() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut files: Vec<_> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "jsonl")
    });
    files.sort();
    ensure!(!files.is_empty(), "no recordings in {}", folder.display());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str());
        let name = name.context("a recording has a name")?;
        ensure!(fs::metadata(&file)?.len() <= LARGEST, "{name} is too large");
        let findings = findings(&file)?;
        settings.bind(|| insta::assert_snapshot!(name, findings));
    }
    Ok(())
}

/// The findings of a recording, and what was said of its stores, as a replay prints them.
fn findings(file: &Path) -> Result<String> {
    let path = file.to_str().context("no UTF-8")?;
    let ended = Run::start(&["replay", path, "--output", "json"])?.ended(SOON)?;
    ensure!(ended.status.success(), "{path}: {}", ended.stderr);
    let mut findings = String::new();
    for line in ended.text().lines() {
        let line: Value = serde_json::from_str(line)?;
        let kind = line.get("kind").and_then(Value::as_str);
        if matches!(kind, Some("finding" | "notice")) {
            findings.push_str(&serde_json::to_string_pretty(&line)?);
            findings.push('\n');
        }
    }
    Ok(findings)
}
