//! Secrets that a name in front of them gives away: in assignments, queries, headers and JSON.

use crate::decode::clean::names::{self, compact};
use crate::decode::clean::{MASK, mask_forms};

/// Last words of a name that make it harmless: it names a place or a limit, not the secret.
const HARMLESS_ENDS: &[&str] = &["file", "path", "dir", "stdin", "ttl", "url"];

/// crictl's option for user name and password in base64; as a whole name only, since
/// `--with-registry-auth IMAGE` takes no value.
const AUTH: &str = "auth";

/// What stands in names of secrets.
fn names() -> impl Iterator<Item = &'static str> {
    names::NAMES.into_iter().chain(names::WORDS)
}

/// Whether the word after an option called `name` (without dashes) is a secret: its name ends
/// like one, so that `--password-stdin IMAGE` keeps its image.
pub(super) fn takes_secret(name: &str) -> bool {
    let compact = compact(name);
    let compact = compact.strip_suffix('s').unwrap_or(&compact);
    names().any(|part| compact.ends_with(part.trim_end_matches('s')))
        || ends_like_password(compact)
        || name.ends_with("pass")
        || name == AUTH
}

/// Whether the value of an assignment to `name` is a secret.
pub(super) fn holds_secret(name: &str) -> bool {
    let compact = compact(name);
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or(name);
    !HARMLESS_ENDS
        .iter()
        .any(|end| last.eq_ignore_ascii_case(end))
        && (names().any(|part| compact.contains(part))
            || ends_like_password(&compact)
            || compact == AUTH)
}

/// Whether a variable or parameter called `name` holds a secret: as [`holds_secret`], and
/// everything with a key or an auth in it.
pub(super) fn is_secret_variable(name: &str) -> bool {
    holds_secret(name)
        || name.contains("KEY")
        || (name != "SSH_AUTH_SOCK"
            && name
                .split(['-', '_', '.'])
                .any(|part| part.eq_ignore_ascii_case("auth") || part.eq_ignore_ascii_case("key")))
}

fn ends_like_password(compact: &str) -> bool {
    compact.ends_with("pass")
        || (compact.ends_with("pwd") && compact != "pwd" && compact != "oldpwd")
}

/// Masks `text`, which is one word or one argument, from what its parts look like.
pub(super) fn mask(text: &str) -> String {
    mask_forms(&named(text))
}

/// Whether `text` has an HTTP header or a JSON member that is a secret, whose value has blanks.
pub(super) fn has_field(text: &str) -> bool {
    next_name(text).is_some_and(|(start, sign)| {
        start == 0 || text.get(sign..).is_some_and(|rest| rest.starts_with(':'))
    })
}

/// Whether `word` ends in the name and colon of a secret HTTP header.
pub(super) fn ends_with_header(word: &str) -> bool {
    word.strip_suffix(':')
        .is_some_and(|head| names::is_header(head.get(name_start(head)..).unwrap_or("")))
}

/// Length of the name before the `=` of `NAME=value`; null if `word` is no assignment.
pub(super) fn assignment(word: &str) -> Option<usize> {
    let at = word.find('=')?;
    let name = word.get(..at)?;
    let first = name.bytes().next()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    ((first.is_ascii_alphabetic() || first == b'_') && name.bytes().all(fits)).then_some(at)
}

/// Masks what follows a telling name: `NAME=`, `"name":`, `Header:`.
///
/// In a URL's query the value ends at the next `&` or `#`; elsewhere it takes all that follows,
/// since a secret may hold any character.
fn named(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((name, sign)) = next_name(rest) {
        let (before, value) = rest.split_at_checked(sign + 1).unwrap_or((rest, ""));
        out.push_str(before);
        out.push_str(MASK);
        let query = before
            .get(..name)
            .is_some_and(|head| head.ends_with(['?', '&']));
        let end = value.find(['&', '#']).filter(|_| query);
        rest = end.and_then(|end| value.get(end..)).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Where the next telling name begins, and where the `=` or `:` after it stands.
fn next_name(text: &str) -> Option<(usize, usize)> {
    text.match_indices(['=', ':']).find_map(|(sign, what)| {
        let before = text.get(..sign)?;
        let head = before.trim_end();
        let quoted = head.strip_suffix(['"', '\'']);
        let head = quoted.map_or(head, |head| head.trim_end_matches('\\'));
        let start = name_start(head);
        let name = head.get(start..)?.trim_start_matches('-');
        let value = text.get(sign + 1..)?;
        let telling = match (what, quoted.is_some()) {
            ("=", false) if head.len() == before.len() => is_secret_variable(name),
            (":", true) => is_secret_variable(name),
            (":", false) => head.len() == before.len() && names::is_header(name),
            _ => false,
        };
        (telling && !value.is_empty() && !name.is_empty()).then_some((start, sign))
    })
}

/// Where the name begins that `head` ends with.
fn name_start(head: &str) -> usize {
    head.char_indices()
        .rev()
        .find(|(_, c)| !c.is_ascii_alphanumeric() && !"_-.".contains(*c))
        .map_or(0, |(at, c)| at + c.len_utf8())
}

/// `text`, cut by force, without a URL at its end whose userinfo may have lost its `@`.
pub(super) fn without_unfinished_url(text: &str) -> &str {
    text.rfind("://")
        .and_then(|at| text.split_at_checked(at + 3))
        .filter(|(_, rest)| !rest.contains(['@', '/', '?', '#']))
        .map_or(text, |(before, _)| before)
}
