//! Half a duplicate: the same content is in two namespaces of one containerd. The archives of its
//! layers lie there once for both; unpacked they are once for each.
//!
//! The sentences of the rule. What is where, and what came how, is `duplicates`'.

use super::double_pull::short;
use super::duplicates::{Arrived, Begins, Copies, Place, called, is_half, sameness};
use super::words;
use crate::correlate::Inventory;
use crate::model::{Finding, Rule, Severity, Stamp, StoreRef};

/// Images that a standing finding names, the largest first.
const LISTED: usize = 8;

/// Why no archive is there twice (containerd `core/metadata/content.go`: a blob is one file of the
/// root, each namespace has a record of it; with `content_sharing_policy = "isolated"` a namespace
/// gets that record only if it brings the whole content, which is then not kept again).
const SHARED: &str = "containerd keeps an archive once for all namespaces; a second one fetches it \
                      only where content_sharing_policy is isolated";

/// A pull begins of what another namespace of the same containerd has; none if it is no such pull.
pub(super) fn begins(at: Stamp, begins: &Begins<'_>, inventory: &Inventory) -> Option<Finding> {
    let second = begins.second?;
    if !is_half(inventory, begins.first.id(), second.id()) {
        return None;
    }
    let name = short(begins.name);
    let until = if begins.is_digest {
        "its layers are unpacked again"
    } else {
        "if it is the same content, its layers are unpacked again"
    };
    let summary = format!(
        "{name} is in namespace {} of {} already and is pulled into {}: {until}",
        namespace(begins.first),
        root(&begins.first.store),
        namespace(second)
    );
    Some(Finding {
        evidence: vec![SHARED.to_owned()],
        image: Some(begins.name.to_owned()),
        operations: vec![begins.operation],
        stores: vec![begins.first.store.clone(), second.store.clone()],
        ..Finding::new(at, Rule::HalfDuplicate, Severity::Info, summary)
    })
}

/// An image has come into a second namespace.
pub(super) fn settled(at: Stamp, copies: &Copies<'_>, arrived: &Arrived<'_>) -> Option<Finding> {
    let both = copies.only()?;
    let name = arrived.name(both.other);
    let mut evidence = vec![sameness(both), SHARED.to_owned()];
    evidence.extend(arrived.evidence(&copies.second));
    evidence.extend(copies.evidence());
    Some(Finding {
        evidence,
        image: Some(name.to_owned()),
        operations: arrived.operation.into_iter().collect(),
        fetched_bytes: arrived.told,
        ..finding(at, &short(name), copies, true)
    })
}

/// Images that were in two namespaces when they were first looked at.
pub(super) fn standing(at: Stamp, copies: &Copies<'_>) -> Finding {
    let what = copies.only().map_or_else(
        || words::count(copies.images.len() as u64, "image"),
        |both| short(called(both.one)),
    );
    let mut evidence = copies.largest(LISTED);
    evidence.push(SHARED.to_owned());
    evidence.extend(copies.evidence());
    Finding {
        evidence,
        image: copies.only().map(|both| called(both.one).to_owned()),
        ..finding(at, &what, copies, false)
    }
}

fn finding(at: Stamp, what: &str, copies: &Copies<'_>, is_second_later: bool) -> Finding {
    let is = if copies.only().is_some() { "is" } else { "are" };
    let twice = copies.costs.1.unpacked.map_or_else(
        || "unpacked twice".to_owned(),
        |it| format!("{} unpacked twice", words::bytes(it)),
    );
    let summary = format!(
        "{what} {is} in two namespaces of {}, {} and {}: archives shared, {twice}",
        root(&copies.first.store),
        namespace(&copies.first),
        namespace(&copies.second)
    );
    Finding {
        stores: vec![copies.first.store.clone(), copies.second.store.clone()],
        wasted_bytes: copies.wasted(is_second_later),
        remedy: Some(copies.remedy()),
        ..Finding::new(at, Rule::HalfDuplicate, Severity::Warning, summary)
    }
}

fn namespace(place: &Place) -> &str {
    place.store.namespace.as_deref().unwrap_or("default")
}

/// `containerd:/var/lib/containerd`.
fn root(store: &StoreRef) -> String {
    format!("{}:{}", store.kind.as_str(), store.root)
}
