//! How rules speak of bytes, numbers, stores and callers, so that all findings read alike.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::amount;
use crate::model::{Caller, StoreRef};

/// Names that a list tells; the rest is counted.
const NAMED: usize = 3;

/// `docker:/var/lib/docker`, `containerd:/var/lib/containerd (k8s.io)`.
pub(super) fn store(store: &StoreRef) -> String {
    let place = format!("{}:{}", store.kind.as_str(), store.root);
    match &store.namespace {
        Some(namespace) => format!("{place} ({namespace})"),
        None => place,
    }
}

/// A path as one word of a command to be copied into a shell: whoever runs in a container may have
/// named the folder.
pub(super) fn shell(path: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@:=".contains(&byte);
    if path.bytes().all(is_plain) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(format!("'{}'", path.replace('\'', "'\\''")))
}

/// `1 image`, `3 images`.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// `once`, `twice`, `7 times`.
pub(super) fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{number} times"),
    }
}

/// `a`, `a and b`, `a, b and c`, `a, b, c and 4 more`.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let mut parts: Vec<String> = items
        .by_ref()
        .take(NAMED)
        .map(|item| item.as_ref().to_owned())
        .collect();
    match items.count() {
        0 => {}
        more => parts.push(format!("{more} more")),
    }
    match parts.pop() {
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} and {last}", parts.join(", ")),
        None => String::new(),
    }
}

/// `512 B`, `187 MB`, `1.2 GB`.
pub(super) fn bytes(number: u64) -> String {
    amount::bytes(number)
}

/// Time that has gone by, in words: `812 ms`, `4.0 s`, `12m30s`.
pub(super) fn duration(millis: f64) -> String {
    amount::duration(millis)
}

/// The day of a moment in UTC, `2026-11-22`; from seconds since 1970.
pub(super) fn day(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok();
    let moment = moment.and_then(|it| Timestamp::from_second(it).ok());
    moment.unwrap_or_default().strftime("%F").to_string()
}

/// Who did it and where: `docker (go) in container agent`, `kubelet (root) in kubelet.service`.
pub(super) fn caller(caller: &Caller) -> String {
    let user = caller.user.clone();
    let user = user.unwrap_or_else(|| format!("uid {}", caller.uid));
    let who = format!("{} ({user})", caller.name());
    match place(caller) {
        Some(place) => format!("{who} in {place}"),
        None => who,
    }
}

/// Where a caller lives: its pod, container or unit. A login (`session-3.scope`) is no place.
pub(super) fn place(caller: &Caller) -> Option<String> {
    let is_login = caller.container.is_none() && caller.pod.is_none();
    let place = caller.place();
    place.filter(|place| !is_login || place.strip_suffix(".scope").is_none())
}

#[cfg(test)]
mod tests;
