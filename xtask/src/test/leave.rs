//! Which tests may be skipped in CI, and why.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

#[cfg(test)]
mod tests;

/// The checked-in list, relative to the workspace.
pub(super) const FILE: &str = "tests/ci-skips.txt";

/// Reads the list: `name: reason`, one a line; empty lines and lines with `#` in front say nothing.
///
/// # Errors
/// The file cannot be read, or a line gives no reason.
pub(super) fn read(root: &Path) -> Result<BTreeMap<String, String>> {
    let path = root.join(FILE);
    let text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    parse(&text).with_context(|| format!("failed to read {}", path.display()))
}

fn parse(text: &str) -> Result<BTreeMap<String, String>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, reason) = line
                .split_once(": ")
                .with_context(|| format!("`{line}` gives no reason"))?;
            Ok((name.to_owned(), reason.trim().to_owned()))
        })
        .collect()
}
