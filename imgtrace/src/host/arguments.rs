//! Command lines without their secrets: what a caller's `argv` may show.
//!
//! Pure. What a secret looks like by itself (a URL's userinfo, a token) it leaves to
//! `decode::clean`. It knows the options, variables and spellings that container tools use for secrets, and
//! looks into the scripts of `sh -c`. It is best effort, because any program may take a secret
//! anywhere: `docs/privacy.md` lists what is masked. When in doubt it masks too much.

mod options;
mod script;
mod text;

use options::Masker;

/// The most that is kept of one command line, in bytes.
pub const TOTAL: usize = 4096;

/// Words of a command line that are kept: empty ones cost memory too.
const WORDS: usize = 256;

/// A command line that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The words, at most [`TOTAL`] bytes together, secrets masked, broken UTF-8 replaced.
    pub words: Vec<String>,
    /// True if there was more than is kept.
    pub cut: bool,
}

/// Masks a command line: words that end in NUL, as the kernel and `/proc/PID/cmdline` give them.
///
/// `cut` says whether the kernel already kept less than there was.
pub fn mask(raw: &[u8], cut: bool) -> Arguments {
    let (kept, over) = raw.split_at_checked(TOTAL).unwrap_or((raw, &[]));
    let mut result = Arguments {
        words: Vec::new(),
        cut: cut || !over.is_empty(),
    };
    let kept = kept.strip_suffix(b"\0").unwrap_or(kept);
    if kept.is_empty() {
        return result;
    }
    let mut words: Vec<_> = kept
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    if let Some(last) = words.last_mut().filter(|_| result.cut) {
        let whole = text::without_unfinished_url(last).len();
        last.to_mut().truncate(whole);
    }
    let mut room = TOTAL;
    for mut word in Masker::default().line(&words) {
        if room == 0 || result.words.len() == WORDS {
            result.cut = true;
            break;
        }
        if word.len() > room {
            word.truncate(word.floor_char_boundary(room));
            result.cut = true;
        }
        room -= word.len();
        result.words.push(word);
    }
    result
}

#[cfg(test)]
mod tests;
