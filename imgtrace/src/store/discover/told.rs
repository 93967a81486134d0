//! What a daemon was told: options on its command line, keys in its configuration.

use crate::store::View;

/// Bytes of a configuration that are read.
const FILE_MOST: u64 = 1 << 20;

/// The last value of an option, `--name VALUE` or `--name=VALUE`, by any of its names, and the name
/// that was used.
pub(super) fn option<'a>(args: &'a [String], names: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let mut found = args.iter().enumerate().skip(1).rev();
    found.find_map(|(at, arg)| {
        names.iter().find_map(|&name| {
            let rest = arg.strip_prefix(name)?;
            if rest.is_empty() {
                return args.get(at + 1).map(|value| (name, value.as_str()));
            }
            rest.strip_prefix('=').map(|value| (name, value))
        })
    })
}

/// All values of an option.
pub(super) fn options<'a>(args: &'a [String], name: &'a str) -> impl Iterator<Item = &'a str> {
    args.iter().enumerate().filter_map(move |(at, arg)| {
        let rest = arg.strip_prefix(name)?;
        if rest.is_empty() {
            return args.get(at + 1).map(String::as_str);
        }
        rest.strip_prefix('=')
    })
}

/// A configuration's text.
pub(super) fn file(view: &View, path: &str) -> Option<String> {
    let bytes = view.read(path, FILE_MOST)?;
    String::from_utf8(bytes).ok()
}

/// The value of a key of a configuration's first table (TOML): the line `key = "value"` or
/// `key = 'value'` before any `[table]`.
pub(super) fn top_key(text: &str, key: &str) -> Option<String> {
    let top = text.lines().map(str::trim);
    let mut top = top.take_while(|line| !line.starts_with('['));
    top.find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then(|| string(value.trim()))?
    })
}

/// A TOML string in one line; escapes are none in a path that anybody writes.
fn string(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, _) = value.get(1..)?.split_once(quote)?;
    Some(value.to_owned())
}

/// The home folder of a user, from the passwd that a process sees.
pub(super) fn home(view: &View, uid: u32) -> Option<String> {
    let text = file(view, "/etc/passwd")?;
    homes(&text)
        .find(|(of, _)| *of == uid)
        .map(|(_, home)| home.to_owned())
}

/// The users of a passwd and their home folders.
pub(super) fn homes(passwd: &str) -> impl Iterator<Item = (u32, &str)> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':').skip(2);
        let uid = fields.next()?.parse().ok()?;
        let home = fields.nth(2)?.trim_end_matches('/');
        home.starts_with('/').then_some((uid, home))
    })
}

#[cfg(test)]
mod tests;
