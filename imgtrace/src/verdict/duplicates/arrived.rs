//! How an image came into a store, in words: fetched, loaded, built, or nobody knows.

use super::arrivals::Arrival;
use super::copies::called;
use super::overlap::{Both, fetched};
use super::place::Place;
use crate::correlate::Inventory;
use crate::model::{Op, OperationId, StoredImage};
use crate::verdict::{double_pull, words};

/// How an image came into a store.
pub(in crate::verdict) struct Arrived<'a> {
    pub(in crate::verdict) operation: Option<OperationId>,
    op: Option<Op>,
    /// The name that was asked for.
    asked: Option<&'a str>,
    /// Bytes that were fetched: as the stream told.
    pub(in crate::verdict) told: Option<u64>,
    /// The same, or else as the archives' sizes tell.
    pub(in crate::verdict) fetched: Option<u64>,
    /// Further stores that have it.
    pub(in crate::verdict) others: Vec<Place>,
}

impl<'a> Arrived<'a> {
    pub(super) fn of(arrival: &'a Arrival, others: Vec<Place>) -> Self {
        let by = arrival.by.as_ref();
        let told = by.filter(|by| by.op == Op::Pull).and_then(|by| by.bytes);
        Self {
            operation: by.map(|by| by.id),
            op: by.map(|by| by.op),
            asked: by.and_then(|by| by.name.as_deref()),
            told,
            fetched: told,
            others,
        }
    }

    /// With the bytes that were fetched; the image that came is the first of `both`.
    pub(super) fn new(
        arrival: &'a Arrival,
        both: &Both<'_>,
        inventory: &Inventory,
        others: Vec<Place>,
    ) -> Self {
        let mut arrived = Self::of(arrival, others);
        if arrived.op == Some(Op::Pull) && arrived.told.is_none() {
            arrived.fetched = fetched(inventory, arrival.store, both);
        }
        arrived
    }

    /// What to call an image that came: as it was asked for, if it bears that name.
    pub(in crate::verdict) fn name<'b>(&self, image: &'b StoredImage) -> &'b str {
        let asked = |name: &&String| Some(name.as_str()) == self.asked;
        let asked = image.names.iter().find(asked);
        asked.map_or_else(|| called(image), String::as_str)
    }

    /// `71 MB fetched again`, `loaded, not fetched`.
    pub(in crate::verdict) fn how(&self) -> String {
        let deed = double_pull::deed(self.op);
        match self.fetched.filter(|_| self.op == Some(Op::Pull)) {
            Some(bytes) => format!("{} {deed}", words::bytes(bytes)),
            None => deed.to_owned(),
        }
    }

    /// How it is known how it came, a sentence each.
    pub(in crate::verdict) fn evidence(&self, second: &Place) -> Vec<String> {
        let label = &second.label;
        let mut evidence = Vec::new();
        if self.operation.is_none() {
            evidence.push(format!(
                "{label} lists it since now; nobody was seen to ask for it"
            ));
        }
        match (self.told, self.fetched) {
            (Some(told), _) => {
                let bytes = words::bytes(told);
                evidence.push(format!("the answer to the pull told of {bytes} fetched"));
            }
            (None, Some(bytes)) => {
                let bytes = words::bytes(bytes);
                evidence.push(format!(
                    "the archives of the layers that {label} did not have are {bytes}"
                ));
            }
            (None, None) => {}
        }
        evidence
    }

    /// The further stores that have it, in a sentence.
    pub(in crate::verdict) fn elsewhere(&self) -> Option<String> {
        let labels = self.others.iter().map(|place| place.label.as_str());
        let all = words::list(labels);
        (!all.is_empty()).then(|| format!("it is in {all} as well"))
    }
}
