//! The script of `sh -c`, split where a shell would split it (POSIX.1-2017 XCU 2.2, 2.3).
//!
//! Words keep their quotes and what stands between them stays as it was written, so that a masked
//! script reads like the original. What the shell would expand is not expanded.

use super::options::Masker;
use crate::decode::clean::MASK;

/// What ends a word outside quotes.
const BREAKS: &str = ";|&()<>";

/// Masks a script that stands `depth` levels deep in a command line.
pub(super) fn mask(script: &str, depth: u8) -> String {
    let mut out = String::with_capacity(script.len());
    let mut masker = Masker::nested(depth);
    let piped = script.contains("password-stdin");
    // Of `echo SECRET | docker login --password-stdin`, up to the pipe.
    let mut echoing = false;
    let mut rest = script;
    while !rest.is_empty() {
        let (between, after) = rest.split_at_checked(gap(rest)).unwrap_or((rest, ""));
        out.push_str(between);
        if between.contains([';', '|', '&', '(', '\n']) {
            masker.begin_command();
            echoing = false;
        }
        let (word, after) = after.split_at_checked(word(after)).unwrap_or((after, ""));
        rest = after;
        if word.is_empty() {
            continue;
        }
        let secret = echoing || (piped && between.contains("<<<"));
        out.push_str(&if secret {
            MASK.to_owned()
        } else if word == script {
            inside_quotes(word, depth).unwrap_or_else(|| masker.word(word))
        } else {
            masker.word(word)
        });
        echoing |= piped && matches!(word, "echo" | "printf");
    }
    out
}

/// Masks a script that is one quoted word of another script; null if it is not quoted.
fn inside_quotes(word: &str, depth: u8) -> Option<String> {
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = word.strip_prefix(quote)?;
    // The closing quote is missing where the command line was cut.
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    let shown = if quote == '"' {
        mask(&inner.replace("\\\"", "\""), depth)
    } else {
        mask(inner, depth)
    };
    Some(format!("{quote}{shown}{quote}"))
}

/// Length of the blanks and operators that `text` begins with.
fn gap(text: &str) -> usize {
    text.find(|c: char| !c.is_whitespace() && !BREAKS.contains(c))
        .unwrap_or(text.len())
}

/// Length of the word that `text` begins with, its quotes included; an open quote takes the rest.
fn word(text: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (c, quote) {
            ('\\', None | Some('"')) => escaped = true,
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            _ if c.is_whitespace() || BREAKS.contains(c) => return at,
            _ => {}
        }
    }
    text.len()
}
