//! The shapes in which secrets stand in text.

use std::ops::Range;

use super::names;
use super::quoted::{arguments, command, output};

/// What stands in a secret's place.
pub(crate) const MASK: &str = "***";

/// Finds the first secret at or behind a position. Ranges are never empty.
type Rule = fn(&str, usize) -> Option<Range<usize>>;

/// In this order: a later rule would miss what an earlier one has torn apart.
const RULES: [Rule; 10] = [
    output, command, arguments, variable, userinfo, login, query, header, keyed, token,
];

/// What else ends a key whose value is a secret however it is written, beside [`names::NAMES`].
const KEYS: [&str; 2] = ["pwd", "accesskeyid"];
/// The same, but also words of ordinary sentences, beside [`names::WORDS`]: not if only `: ` follows.
const WEAK_KEYS: [&str; 6] = [
    "pass",
    "auth",
    "username",
    "signature",
    "buildarg",
    "cookie",
];
/// What stands around keys and values, also where JSON is quoted in JSON.
const QUOTES: [char; 3] = ['"', '\'', '\\'];
/// What follows `Bearer` where it is no token.
const BEARER_WORDS: [&str; 8] = [
    "",
    "realm",
    "service",
    "scope",
    "error",
    "token",
    "auth",
    "authentication",
];
/// How tokens begin: JSON in base64 (`{"`, `{ "`, `{` and a line end), and those of registries.
const TOKENS: [&str; 20] = [
    "eyJ",
    "eyAi",
    "ewog",
    "ewoJ",
    "ewoi",
    "dckr_pat_",
    "dckr_oat_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "npm_",
    "xoxb-",
    "hf_",
    "SWMTKN-",
    "AKIA",
    "ASIA",
];
/// Bytes from which on something that begins like a token is one.
const MIN_TOKEN: usize = 12;

/// The rules that need no words around: for text that is no message.
const FORMS: [Rule; 2] = [userinfo, token];

/// The text with the userinfo of its URLs and with its tokens replaced.
pub(crate) fn mask_forms(text: &str) -> String {
    FORMS
        .iter()
        .fold(text.to_owned(), |text, &rule| mask_all(&text, rule))
}

/// The text with every secret replaced.
pub(super) fn mask(text: &str) -> String {
    RULES
        .iter()
        .fold(text.to_owned(), |text, &rule| mask_all(&text, rule))
}

fn mask_all(text: &str, rule: Rule) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(secret) = rule(text, at).filter(|secret| secret.end > at) {
        masked.push_str(text.get(at..secret.start).unwrap_or_default());
        masked.push_str(MASK);
        at = secret.end;
    }
    masked.push_str(tail(text, at));
    masked
}

/// `environment variable "…" badly formed`, `invalid environment variable: …`: without its `=` a
/// variable may be all value.
fn variable(text: &str, from: usize) -> Option<Range<usize>> {
    let name = "environment variable";
    let start = from + tail(text, from).find(name)? + name.len();
    let rest = tail(text, start);
    if let Some(quoted) = rest.strip_prefix(" \"") {
        return hide(true, start + 2, until(quoted, |c| c == '"').len());
    }
    let line = until(rest.strip_prefix(": ")?, |c| matches!(c, '\r' | '\n'));
    hide(true, start + 2, line.len())
}

/// `scheme://user:password@host`: everything up to the `@`. What looks like a port and is none is
/// a password with a `/` or `?` in it.
fn userinfo(text: &str, from: usize) -> Option<Range<usize>> {
    tail(text, from)
        .match_indices("://")
        .find_map(|(at, scheme)| {
            let start = from + at + scheme.len();
            let word = word(text, start);
            let authority = until(word, |c| matches!(c, '/' | '?' | '#'));
            if let Some(end) = authority.rfind('@') {
                return hide(true, start, end);
            }
            let host = authority.trim_end_matches([':', '.', ',']);
            let port = host.split_once(':')?.1;
            let odd = !host.starts_with('[') && !port.bytes().all(|b| b.is_ascii_digit());
            hide(odd, start, word.rfind('@').unwrap_or(word.len()))
        })
}

/// `user:password@host` without a scheme; `name:tag@sha256:…` is none.
fn login(text: &str, from: usize) -> Option<Range<usize>> {
    tail(text, from).match_indices('@').find_map(|(at, _)| {
        let at = from + at;
        let user = text.get(from..at)?.rsplit(is_stop).next()?;
        let digest = tail(text, at + 1).starts_with("sha");
        let is_login = user.contains(':') && !user.contains("://") && !digest;
        hide(is_login, at - user.len(), user.len())
    })
}

/// `?key=value&…`: nothing of a query is shown.
fn query(text: &str, from: usize) -> Option<Range<usize>> {
    tail(text, from).match_indices('?').find_map(|(at, _)| {
        let start = from + at + 1;
        let word = word(text, start).trim_end_matches([':', '.', ',']);
        let key = word.split_once('=')?.0;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-%~[]".contains(c);
        hide(!key.is_empty() && key.chars().all(plain), start, word.len())
    })
}

/// `Authorization: …` to the end of the line; `Bearer …` and `Basic …` unless what follows is an
/// attribute of a challenge or the rest of a sentence.
fn header(text: &str, from: usize) -> Option<Range<usize>> {
    words(text, from).find_map(|(end, name)| {
        let rest = tail(text, end);
        let value = rest.trim_start_matches(QUOTES).strip_prefix([':', '=']);
        if let Some(value) = value.filter(|_| names::is_header(name)) {
            let line = until(value, |c| matches!(c, '\r' | '\n'));
            return hide(true, text.len() - value.len(), line.len());
        }
        let value = word(rest.strip_prefix(' ')?, 0);
        let sentence = value.bytes().all(|b| b.is_ascii_lowercase());
        let is_secret = match name.to_ascii_lowercase().as_str() {
            "bearer" => !BEARER_WORDS.contains(&until(value, |c| c == '=')),
            "basic" => !sentence && value.len() >= 4,
            _ => false,
        };
        hide(is_secret, end + 1, value.len())
    })
}

/// `password=…`, `"token":"…"`, `--password …`, `-u user:…`.
fn keyed(text: &str, from: usize) -> Option<Range<usize>> {
    words(text, from).find_map(|(end, key)| {
        let login = matches!(key, "-u" | "--user");
        let strong = ends_with_any(key, &names::NAMES) || ends_with_any(key, &KEYS);
        let weak = || ends_with_any(key, &names::WORDS) || ends_with_any(key, &WEAK_KEYS);
        if !(login || strong || weak()) {
            return None;
        }
        let value = value_of(key, strong, tail(text, end))?;
        let bare = value.trim_start_matches(QUOTES);
        let open = bare.len() == value.len();
        let start = text.len() - bare.len();
        let bare = until(bare, |c| match c {
            ')' => open,
            _ => is_stop(c) || matches!(c, ',' | ';' | '&' | '}' | ']'),
        });
        hide(!login || bare.contains(':'), start, bare.len())
    })
}

/// What follows a key as its value, with its quotes; null if the key is only a word.
fn value_of<'a>(key: &str, strong: bool, rest: &'a str) -> Option<&'a str> {
    let bare = rest.trim_start_matches(QUOTES);
    let separated = ["=", ":", "%3D", "%3d", "%3A", "%3a"]
        .iter()
        .find_map(|separator| bare.strip_prefix(separator));
    match separated {
        Some(_) if rest.starts_with(": ") && !strong => None,
        Some(value) => Some(value.trim_start_matches(' ')),
        None if key.starts_with('-') => rest.strip_prefix(' '),
        None => None,
    }
}

fn ends_with_any(key: &str, keys: &[&str]) -> bool {
    let key = names::compact(key);
    let several = key.strip_suffix('s').unwrap_or(&key);
    keys.iter()
        .any(|end| key.ends_with(end) || several.ends_with(end))
}

/// Something that begins like a token.
fn token(text: &str, from: usize) -> Option<Range<usize>> {
    words(text, from).find_map(|(end, word)| {
        let start = end - word.len();
        let begins = TOKENS.iter().any(|prefix| word.starts_with(prefix));
        let inside = |c: char| c.is_ascii_alphanumeric() || "_.~+/=-".contains(c);
        let token = until(tail(text, start), |c| !inside(c));
        hide(begins && token.len() >= MIN_TOKEN, start, token.len())
    })
}

/// Words of letters, digits, `-` and `_`, each with its end.
fn words(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let outside = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let mut at = from;
    tail(text, from)
        .split_inclusive(outside)
        .map(move |part| {
            let word = part.trim_end_matches(outside);
            let end = at + word.len();
            at += part.len();
            (end, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

fn is_stop(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\' | '(' | ')')
}

/// What stands at a position, up to a space, quote or bracket.
fn word(text: &str, at: usize) -> &str {
    until(tail(text, at), is_stop)
}

pub(super) fn until(text: &str, stop: impl Fn(char) -> bool) -> &str {
    text.split(stop).next().unwrap_or_default()
}

pub(super) fn tail(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

pub(super) fn hide(is_secret: bool, start: usize, len: usize) -> Option<Range<usize>> {
    (is_secret && len > 0).then_some(start..start + len)
}
