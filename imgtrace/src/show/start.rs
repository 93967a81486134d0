//! The words for what belongs to starts alone: what was mounted, and why nobody asked.

use crate::model::{Cause, Operation};

use crate::amount;

/// `101 layers, 1.2 GB, overlay2 in s1 docker /var/lib/docker`; none if nothing was seen mounted.
pub(super) fn rootfs(operation: &Operation) -> Option<String> {
    let rootfs = operation.rootfs.as_ref()?;
    let identity = &rootfs.identity;
    let layers = identity.layers.map(|count| match count {
        1 => "1 layer".to_owned(),
        count => format!("{count} layers"),
    });
    let bytes = identity.bytes.map(amount::bytes);
    let store = operation.store.as_ref();
    let store = store.map(|it| format!(" in {} {} {}", it.id, it.kind.as_str(), it.root));
    let driver = format!("{}{}", identity.driver, store.unwrap_or_default());
    let words = layers.into_iter().chain(bytes).chain([driver]);
    Some(words.collect::<Vec<_>>().join(", "))
}

/// `restart policy, 14th time`: why it was started, and the how many-th time it was; none where there
/// is nothing to add to the caller.
pub(super) fn why(operation: &Operation) -> Option<String> {
    let cause = match operation.cause {
        Some(Cause::RestartPolicy) => Some("restart policy"),
        Some(Cause::Recovery) => Some("daemon recovery"),
        Some(Cause::Swarm) => Some("swarm"),
        Some(Cause::CrashLoop) => Some("crash loop"),
        Some(Cause::Unseen) => Some("no client seen"),
        Some(Cause::CommandLine) | None => None,
    };
    let again = operation.restarts.filter(|before| *before > 0);
    let again = again.filter(|_| operation.cause.is_some());
    let again = again.map(|before| format!("{} time", ordinal(before.saturating_add(1))));
    let words: Vec<_> = cause.map(str::to_owned).into_iter().chain(again).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// `1st`, `2nd`, `3rd`, `4th` … `11th`.
fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests;
