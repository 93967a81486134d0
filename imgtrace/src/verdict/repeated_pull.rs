//! Repeated pull: one client pulls the same image again and again. Registries count that.
//!
//! Said from the third pull that worked within an hour. A pull of what is there already only asks
//! the registry whether it is still the same, and fetches nothing; which of both it was is known
//! where the store's books are. A tag that leads elsewhere than before is news and no repetition,
//! and so is no other try of a pull that failed.

use std::collections::VecDeque;

use super::situations::Situations;
use super::who::Who;
use super::{Now, Seen, Verdict, words};
use crate::correlate::{Bounded, World};
use crate::model::{
    Api, Caller, EndpointId, Finding, Op, Operation, OperationId, Outcome, Rule, Severity, Stamp,
};

/// Clients and images that are remembered.
const MAX_SERIES: usize = 4_096;

/// Pulls that are under way and remembered.
const MAX_UNDER_WAY: usize = 1_024;

/// From so many pulls on it is a repetition: a job may well pull before and after something.
const MANY: usize = 3;

/// Milliseconds in which these must lie.
const WITHIN: f64 = 3_600_000.0;

/// Milliseconds after a pull in which a store's books may not have been read again: that they do not
/// have its image says nothing then.
const BOOKS_LAG: f64 = 2_000.0;

/// By who pulls, what and where.
type Key = (Who, String, EndpointId);

/// The rule.
#[derive(Debug)]
pub(super) struct RepeatedPull {
    series: Bounded<Key, Series>,
    /// Of a pull that has begun, whether its image was there by the store's books.
    under_way: Bounded<OperationId, bool>,
    said: Situations<Key, Effort>,
}

/// What a pull took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// The image was there: the registry was asked for its digest.
    Asked,
    /// It was not there, or not any more.
    Fetched,
    Unknown,
}

/// Pulls of one image by one client, as long as they follow each other within the hour.
#[derive(Debug, Default)]
struct Series {
    /// The latest of them, the last one last.
    latest: VecDeque<(Stamp, OperationId)>,
    first: Stamp,
    count: u64,
    /// Bytes that were fetched, the first time not counted.
    fetched_again: Option<u64>,
    digest: Option<String>,
}

impl RepeatedPull {
    pub(super) const fn new() -> Self {
        Self {
            series: Bounded::new(MAX_SERIES),
            under_way: Bounded::new(MAX_UNDER_WAY),
            said: Situations::new(),
        }
    }
}

impl Verdict for RepeatedPull {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let operation = seen.operation;
        if operation.op != Op::Pull {
            return;
        }
        let Some(outcome) = operation.outcome else {
            if let Some(is_there) = is_there(operation, seen.now.world) {
                self.under_way.insert(operation.id, is_there);
            }
            return;
        };
        let was_there = self.under_way.remove(&operation.id);
        let (Some(key), Outcome::Ok) = (key(operation), outcome) else {
            return;
        };
        let mut series = self.series.remove(&key).unwrap_or_default();
        let was_there = was_there.filter(|there| *there || series.is_in_books(operation.at));
        let effort = effort(operation, was_there);
        series.take(operation, effort, seen.now.at);
        if series.is_repetition() {
            self.said
                .counted(key.clone(), effort, series.count, out, || {
                    finding(seen, effort, &series)
                });
        } else {
            self.said.over(&key, seen.now.at, out);
        }
        self.series.insert(key, series);
    }

    fn dropped(&mut self, id: OperationId) {
        self.under_way.remove(&id);
    }

    fn finish(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        self.said.rest(now.at, out);
    }
}

/// None where it is not known who pulled what.
fn key(operation: &Operation) -> Option<Key> {
    let subject = &operation.subject;
    let image = subject.image.clone().or_else(|| subject.digest.clone())?;
    let who = Who::of(operation.caller.as_ref()?);
    let is_retry = operation.retry_of.is_some();
    (!is_retry && !subject.all_tags).then_some((who, image, operation.endpoint.id?))
}

/// Whether the books of the store have the image as its pull begins; none where they are not known.
fn is_there(operation: &Operation, world: &World) -> Option<bool> {
    let store = operation.store.as_ref()?.id;
    let inventory = world.inventory();
    inventory.get(store)?.listing.as_ref()?;
    let image = operation.subject.image.as_deref()?;
    Some(inventory.find(store, image).is_some())
}

/// The answer of Docker tells bytes only of what it fetches.
fn effort(operation: &Operation, was_there: Option<bool>) -> Effort {
    match (was_there, operation.subject.bytes) {
        (_, Some(bytes)) if bytes > 0 => Effort::Fetched,
        (Some(true), _) => Effort::Asked,
        (Some(false), _) => Effort::Fetched,
        (None, _) => Effort::Unknown,
    }
}

impl Series {
    /// Takes in one more pull; the series begins anew after an hour's rest and with another digest.
    fn take(&mut self, operation: &Operation, effort: Effort, at: Stamp) {
        let digest = operation.subject.digest.clone();
        let is_other = self.digest.is_some() && digest.is_some() && self.digest != digest;
        let rested = |&(last, _): &(Stamp, OperationId)| at.millis_since(last) > WITHIN;
        if is_other || self.latest.back().is_some_and(rested) {
            *self = Self::default();
        }
        if self.count == 0 {
            self.first = at;
        } else if effort == Effort::Fetched
            && let Some(bytes) = operation.subject.bytes
        {
            let before = self.fetched_again.unwrap_or(0);
            self.fetched_again = Some(before.saturating_add(bytes));
        }
        self.count += 1;
        self.digest = digest.or_else(|| self.digest.take());
        self.latest.push_back((at, operation.id));
        if self.latest.len() > MANY {
            self.latest.pop_front();
        }
    }

    /// True if a store's books had been read since the last of them when another began.
    fn is_in_books(&self, begin: Stamp) -> bool {
        let last = self.latest.back();
        last.is_none_or(|(last, _)| begin.millis_since(*last) > BOOKS_LAG)
    }

    /// True if the latest few lie within an hour.
    fn is_repetition(&self) -> bool {
        let ends = self.latest.front().zip(self.latest.back());
        let is_near =
            ends.is_some_and(|((first, _), (last, _))| last.millis_since(*first) <= WITHIN);
        self.latest.len() == MANY && is_near
    }
}

fn finding(seen: &Seen<'_>, effort: Effort, series: &Series) -> Finding {
    let operation = seen.operation;
    let caller = operation.caller.as_ref();
    let who = caller.map_or_else(|| "somebody".to_owned(), words::caller);
    let subject = &operation.subject;
    let image = subject.image.as_deref().or(subject.digest.as_deref());
    let image = image.unwrap_or("an image");
    let took = seen.now.at.millis_since(series.first);
    let (times, took_said) = (words::times(series.count), words::duration(took));
    let what = match effort {
        Effort::Asked => "it was there, and the registry was only asked for its digest".to_owned(),
        Effort::Fetched => match series.fetched_again {
            Some(bytes) => format!("{} were fetched again", words::bytes(bytes)),
            None => "it was fetched again".to_owned(),
        },
        Effort::Unknown => "the registry is asked each time".to_owned(),
    };
    let summary = format!("{who} pulled {image} {times} in {took_said}: {what}");
    Finding {
        evidence: evidence(series, took),
        image: subject.image.clone(),
        operations: series.latest.iter().map(|(_, id)| *id).collect(),
        stores: operation.store.iter().cloned().collect(),
        fetched_bytes: series.fetched_again,
        remedy: Some(remedy(effort, caller, operation.endpoint.api)),
        ..Finding::new(seen.now.at, Rule::RepeatedPull, severity(effort), summary)
    }
}

/// To ask for a digest is cheap, and no more is known where it is not known what was fetched.
const fn severity(effort: Effort) -> Severity {
    match effort {
        Effort::Fetched => Severity::Warning,
        Effort::Asked | Effort::Unknown => Severity::Info,
    }
}

fn evidence(series: &Series, took: f64) -> Vec<String> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an average is shown with three figures"
    )]
    let each = took / series.count.saturating_sub(1).max(1) as f64;
    let interval = format!("one in {} on average", words::duration(each));
    let digest = series.digest.as_ref();
    let same = digest.map(|digest| format!("each time it was {digest}"));
    [Some(interval), same].into_iter().flatten().collect()
}

/// The likely cause and what helps.
fn remedy(effort: Effort, caller: Option<&Caller>, api: Option<Api>) -> String {
    let is_kubelet = api == Some(Api::Cri) && caller.is_some_and(|it| it.name() == "kubelet");
    match (is_kubelet, effort) {
        (true, Effort::Asked | Effort::Unknown) => {
            "imagePullPolicy: Always (the default of :latest) and a container that starts often, \
             maybe in a crash loop: name a tag or digest and take IfNotPresent"
        }
        (true, Effort::Fetched) => {
            "something removes it in between: kubelet's image collection on a full disk, or a \
             clean-up job"
        }
        (false, Effort::Asked | Effort::Unknown) => {
            "a job that pulls in each run, probably: docker run fetches what is missing by itself \
             (--pull=missing)"
        }
        (false, Effort::Fetched) => {
            "something removes it in between, probably a clean-up at the end of each job: keep it, \
             or let a registry on this machine answer (registry-mirrors)"
        }
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
