//! Double pull: the same content gets into a second store of this machine while it is in a first,
//! or was in two when imgtrace came.
//!
//! The sentences of the rule. What is where, and what came how, is `duplicates`'.

use super::duplicates::{Arrived, Begins, Copies, Place, called, sameness};
use super::words;
use crate::correlate::{Inventory, SameBy};
use crate::model::{Finding, Op, OperationId, Rule, Severity, Stamp, StoreRef, StoredImage};

/// Images that a standing finding names, the largest first.
const LISTED: usize = 8;

/// A pull begins of what another store has: by its digest, or by its name.
pub(super) fn begins(at: Stamp, begins: &Begins<'_>) -> Finding {
    let name = short(begins.name);
    let (first, second) = (&begins.first.label, begins.into);
    let size = begins.size.map(|it| format!(" ({})", words::bytes(it)));
    let size = size.unwrap_or_default();
    let (summary, evidence) = if begins.is_digest {
        (
            format!("{name} is in {first} already{size}; {second} fetches it again"),
            format!("{first} lists that digest as {}", called(begins.image)),
        )
    } else {
        (
            format!(
                "{name} is in {first} already{size} and is pulled into {second}: \
                 whether it is the same content shows when it ends"
            ),
            format!(
                "{first} lists an image of that name: {}",
                digest(begins.image)
            ),
        )
    };
    Finding {
        evidence: vec![evidence],
        image: Some(begins.name.to_owned()),
        operations: vec![begins.operation],
        stores: places([Some(begins.first), begins.second]),
        remedy: Some(
            "if both runtimes need it, nothing; else let who asks use the runtime that has it"
                .to_owned(),
        ),
        ..Finding::new(at, Rule::DoublePull, Severity::Warning, summary)
    }
}

/// An image has come into a second store, the second of `copies`.
pub(super) fn settled(at: Stamp, copies: &Copies<'_>, arrived: &Arrived<'_>) -> Option<Finding> {
    let both = copies.only()?;
    let (first, second) = (&copies.first.label, &copies.second.label);
    let name = arrived.name(both.other);
    let their = called(both.one);
    let is_named = name == their || both.one.names.iter().any(|known| known == name);
    let (name, other) = (short(name), short(their));
    let what = match both.by {
        SameBy::Layers => format!("{name} in {second} has the same files as {other} in {first}"),
        _ if is_named => format!("{name} is in {first} and now in {second} too"),
        _ => format!("{name} in {second} is {other} of {first} under another name"),
    };
    let mut parts = vec![arrived.how()];
    let cost = copies.costs.1.total();
    parts.extend(cost.map(|it| format!("{} on disk twice", words::bytes(it))));
    let mut evidence = vec![sameness(both)];
    evidence.extend(arrived.evidence(&copies.second));
    evidence.extend(copies.evidence());
    evidence.extend(arrived.elsewhere());
    let mut stores = vec![copies.first.store.clone(), copies.second.store.clone()];
    stores.extend(arrived.others.iter().map(|place| place.store.clone()));
    Some(Finding {
        evidence,
        image: Some(arrived.name(both.other).to_owned()),
        operations: arrived.operation.into_iter().collect(),
        stores,
        fetched_bytes: arrived.fetched,
        wasted_bytes: copies.wasted(true),
        remedy: Some(copies.remedy()),
        ..Finding::new(
            at,
            Rule::DoublePull,
            Severity::Warning,
            format!("{what}: {}", parts.join(", ")),
        )
    })
}

/// What came bears a name of an image of another store, and is another one.
pub(super) fn differs(
    at: Stamp,
    (first, theirs): (&Place, &StoredImage),
    (second, image): (&Place, &StoredImage),
    arrived: &Arrived<'_>,
) -> Finding {
    let name = arrived.name(image);
    let is_one_index = theirs.digest.is_some() && theirs.digest == image.digest;
    let (here, there) = (&second.label, &first.label);
    let summary = if is_one_index {
        format!(
            "{} is in {there} for {} and in {here} for {}: no duplicate",
            short(name),
            platforms(theirs),
            platforms(image)
        )
    } else {
        format!(
            "{} in {here} is another image than in {there}: no duplicate",
            short(name)
        )
    };
    Finding {
        evidence: vec![
            format!("{there} has {}, {}", digest(theirs), platforms(theirs)),
            format!("{here} has {}, {}", digest(image), platforms(image)),
        ],
        image: Some(name.to_owned()),
        operations: arrived.operation.into_iter().collect(),
        stores: vec![first.store.clone(), second.store.clone()],
        ..Finding::new(at, Rule::DoublePull, Severity::Info, summary)
    }
}

/// What was said when a pull began could not be settled.
pub(super) fn unsettled(
    at: Stamp,
    name: &str,
    first: &Place,
    second: Option<&Place>,
    operation: OperationId,
) -> Finding {
    let name_short = short(name);
    let there = &first.label;
    let summary = match second {
        Some(second) => format!(
            "whether {name_short} is in {there} and {} twice could not be told: the latter does \
             not list it",
            second.label
        ),
        None => format!(
            "whether {name_short} is on disk twice could not be told: it is in {there}, and where \
             it was pulled into is not known"
        ),
    };
    Finding {
        image: Some(name.to_owned()),
        operations: vec![operation],
        stores: places([Some(first), second]),
        ..Finding::new(at, Rule::DoublePull, Severity::Info, summary)
    }
}

/// Images that were in two stores when they were first looked at.
pub(super) fn standing(at: Stamp, copies: &Copies<'_>, inventory: &Inventory) -> Finding {
    let (first, second) = (&copies.first.label, &copies.second.label);
    let wasted = copies.wasted(false);
    let bytes = wasted.map(|it| format!(" ({})", words::bytes(it)));
    let bytes = bytes.unwrap_or_default();
    let summary = match copies.only() {
        Some(both) if both.by == SameBy::Layers => format!(
            "{} in {second} has the same files as {} in {first}{bytes}",
            short(called(both.other)),
            short(called(both.one))
        ),
        Some(both) => format!(
            "{}{bytes} is both in {first} and {second}",
            short(called(both.one))
        ),
        None => {
            let count = copies.images.len() as u64;
            let images = words::count(count, "image");
            format!("{images}{bytes} are both in {first} and {second}")
        }
    };
    let mut evidence = copies.largest(LISTED);
    evidence.extend(copies.evidence());
    evidence.extend(copies.namesakes(inventory));
    Finding {
        evidence,
        image: copies.only().map(|both| called(both.one).to_owned()),
        stores: vec![copies.first.store.clone(), copies.second.store.clone()],
        wasted_bytes: wasted,
        remedy: Some(copies.remedy()),
        ..Finding::new(at, Rule::DoublePull, Severity::Warning, summary)
    }
}

/// The stores that are known.
fn places(places: [Option<&Place>; 2]) -> Vec<StoreRef> {
    let known = places.into_iter().flatten();
    known.map(|place| place.store.clone()).collect()
}

/// Digits of a digest in a sentence.
const SHORT_DIGEST: usize = 12;

/// A name, a digest in it cut.
pub(super) fn short(name: &str) -> String {
    let Some((before, digits)) = name.split_once("sha256:") else {
        return name.to_owned();
    };
    match digits.get(..SHORT_DIGEST) {
        Some(first) if first != digits => format!("{before}sha256:{first}…"),
        _ => name.to_owned(),
    }
}

/// `sha256:…`: what an image came as.
fn digest(image: &StoredImage) -> &str {
    image.digest.as_deref().unwrap_or(&image.id)
}

/// `linux/amd64 and linux/arm64`.
fn platforms(image: &StoredImage) -> String {
    let known: Vec<_> = image
        .variants
        .iter()
        .filter_map(|it| it.platform.as_deref())
        .collect();
    if known.is_empty() {
        "a platform that is not known".to_owned()
    } else {
        words::list(known)
    }
}

/// What an operation did to bring an image: `fetched again`, `loaded`.
pub(super) const fn deed(op: Option<Op>) -> &'static str {
    match op {
        Some(Op::Pull) => "fetched again",
        Some(Op::Load) => "loaded, not fetched",
        Some(Op::Import) => "imported, not fetched",
        Some(Op::Build) => "built, not fetched",
        Some(Op::Commit) => "committed, not fetched",
        _ => "brought into it",
    }
}
