//! Split: a container drives a runtime outside of it, and what it starts lies in another store than
//! its own image. Two lists of images then differ, and rightly so: there is nothing to clean.
//!
//! Said once for each container and pair of stores, and only where both stores were seen.

use super::placement::{Placement, short};
use super::situations::Situations;
use super::{Seen, Verdict, words};
use crate::model::{Finding, Op, Operation, Outcome, Rule, Severity, StoreId, StoreRef};

/// The rule.
#[derive(Debug)]
pub(super) struct Split {
    /// By container, its own store and the other.
    said: Situations<(String, StoreId, StoreId), ()>,
}

impl Split {
    pub(super) const fn new() -> Self {
        Self {
            said: Situations::new(),
        }
    }
}

impl Verdict for Split {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let operation = seen.operation;
        let is_start = operation.op == Op::Start && operation.outcome == Some(Outcome::Ok);
        let is_outside = |it: &&Placement<'_>| !it.is_inside() && !it.is_daemons();
        let Some(placement) = seen.placement.filter(is_outside).filter(|_| is_start) else {
            return;
        };
        let Some((own, other)) = placement.stores().filter(|(own, other)| own != other) else {
            return;
        };
        let inventory = seen.now.world.inventory();
        let places = inventory.reference(own).zip(inventory.reference(other));
        let Some((from, to)) = places else {
            return;
        };
        let key = (placement.container.id.clone(), own, other);
        self.said
            .stands(key, (), out, || finding(seen, placement, from, to));
    }
}

fn finding(seen: &Seen<'_>, placement: &Placement<'_>, own: StoreRef, other: StoreRef) -> Finding {
    let operation = seen.operation;
    let (here, there) = (words::store(&own), words::store(&other));
    let who = placement.who();
    let summary =
        format!("{who} was made from {here}, what it starts from {there}: nothing to clean");
    let container = placement.container;
    let its = image(container.image.as_deref());
    let evidence = vec![
        format!(
            "the root file system of container {} ({its}) was mounted from {here}",
            container.label()
        ),
        started(operation, &there),
        "the two lists of images differ because each runtime keeps its own".to_owned(),
    ];
    Finding {
        evidence,
        image: operation.subject.image.clone(),
        operations: vec![operation.id],
        stores: vec![own, other],
        ..Finding::new(seen.now.at, Rule::Split, Severity::Info, summary)
    }
}

/// How it is known where the started container lies.
fn started(operation: &Operation, store: &str) -> String {
    let subject = &operation.subject;
    let id = subject.container.as_deref().map(short);
    let name = subject.container_name.as_deref().or(id);
    let name = name.unwrap_or("that it started");
    let image = image(subject.image.as_deref());
    let mounted = operation.rootfs.as_ref().and_then(|rootfs| rootfs.store);
    if mounted.is_some() {
        return format!(
            "the root file system of container {name} ({image}) was mounted from {store}"
        );
    }
    let endpoint = operation.endpoint.path.as_deref().unwrap_or("the endpoint");
    format!(
        "container {name} ({image}) is of {store}, where the daemon behind {endpoint} keeps its images"
    )
}

/// The name of a container's image.
fn image(name: Option<&str>) -> &str {
    name.unwrap_or("its image is not known")
}

#[cfg(test)]
mod tests;
