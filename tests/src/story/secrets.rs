//! Secrets with a mark, looked for in all that imgtrace writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use rustix::process::Signal;

use crate::run::Run;

/// In every secret. Long enough to be nowhere else, of letters and digits so that nothing escapes it.
pub const MARK: &str = "Zq7xMarkedW9v";
/// How long a line may take after the client has ended.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long imgtrace may take to end.
const END_PATIENCE: Duration = Duration::from_secs(15);

/// One imgtrace for each kind of output, with all that it can be made to log, and a recording.
#[derive(Debug)]
pub struct Listeners {
    runs: Vec<Run>,
    recording: PathBuf,
}

impl Listeners {
    /// Starts them on these sockets (kind and path, as in `--endpoint KIND=PATH`).
    ///
    /// # Errors
    /// One of them does not watch one.
    pub fn start(sockets: &[(&str, &Path)], recording: &Path) -> Result<Self> {
        let endpoint =
            |(kind, path): &(&str, &Path)| format!("--endpoint={kind}={}", path.display());
        let endpoints: Vec<String> = sockets.iter().map(endpoint).collect();
        let recorded = recording.display().to_string();
        let start = |output| {
            let mut args = vec!["-vvv", "--output", output];
            args.extend(endpoints.iter().map(String::as_str));
            if output == "json" {
                args.extend(["--record", &recorded]);
            }
            let mut run = Run::start(&args)?;
            for (_, socket) in sockets {
                run.prints(PATIENCE, &socket.display().to_string())?;
            }
            Ok(run)
        };
        Ok(Self {
            runs: ["json", "text", "wide"]
                .into_iter()
                .map(start)
                .collect::<Result<_>>()?,
            recording: recording.to_owned(),
        })
    }

    /// Ends them once each has printed the `last` word, and looks for the mark in all that they wrote. That they saw
    /// each of these operations says that there was something to look through.
    ///
    /// # Errors
    /// It stands somewhere; the error shows where.
    pub fn heard_none(self, ops: &[&str], last: &str) -> Result<()> {
        for mut run in self.runs {
            run.prints(PATIENCE, last)?;
            run.signal(Signal::INT)?;
            let ended = run.ended(END_PATIENCE)?;
            let stdout = ended.text();
            for op in ops {
                ensure!(stdout.contains(op), "no {op} was seen in\n{stdout}");
            }
            ensure!(ended.stderr.lines().count() > 3, "no log: {}", ended.stderr);
            clean("stdout", &stdout)?;
            clean("stderr", &ended.stderr)?;
        }
        let text = fs::read_to_string(&self.recording)?;
        ensure!(text.contains(last), "nothing was recorded");
        clean("the recording", &text)
    }
}

/// Whether the mark is nowhere in a text, as it is or in base64.
fn clean(place: &str, text: &str) -> Result<()> {
    let mut forms = vec![MARK.to_owned()];
    for before in 0..3 {
        let whole = base64(&[vec![b' '; before], MARK.as_bytes().to_vec()].concat());
        // What its neighbours have no part in: whole groups of three bytes.
        let groups = (before + MARK.len()) / 3;
        forms.extend(
            whole
                .get(if before == 0 { 0 } else { 4 }..groups * 4)
                .map(str::to_owned),
        );
    }
    for form in forms {
        if let Some(at) = text.find(&form) {
            let line = text.get(..at).unwrap_or_default().lines().count();
            let near: String = text
                .get(at.saturating_sub(200)..)
                .unwrap_or(text)
                .chars()
                .take(260)
                .collect();
            bail!("a secret stands in {place}, line {line}: …{near}…");
        }
    }
    Ok(())
}

/// Base64 by RFC 4648 section 5, which is Docker's for headers; section 4 differs in two signs that no mark has.
pub fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(group.get(at).copied().unwrap_or(0))
        });
        for sign in 0..4 {
            if sign > group.len() {
                text.push('=');
            } else {
                let index = usize::try_from(bits >> (18 - 6 * sign) & 63).unwrap_or_default();
                text.extend(SIGNS.get(index).map(|sign| char::from(*sign)));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
