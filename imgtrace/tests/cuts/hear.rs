//! What the decoder says of a conversation, and whether a part of it says more than the whole.

use std::collections::HashMap;

use imgtrace::{
    decode::{Connection, Event, Exchange, Segment},
    model::{Api, Op, Outcome, Stamp, Subject},
    observation::Fact,
};

/// One operation, with all that was said of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation {
    api: Api,
    op: Op,
    subject: Subject,
    observed: bool,
    outcome: Option<Outcome>,
}

/// All that a conversation told.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    operations: Vec<Operation>,
    facts: Vec<Fact>,
}

fn events(segments: &[Segment], joined: bool) -> Vec<Event> {
    let mut connection = Connection::new(joined);
    let mut events = Vec::new();
    for segment in segments {
        connection.push(segment.clone(), &mut events);
    }
    let end = segments.last().map_or_else(Stamp::default, |last| last.at);
    connection.close(end, &mut events);
    events
}

/// The events of a conversation as far as they do not depend on how its bytes were grouped: no
/// times, and progress as part of what it is the progress of.
pub(crate) fn told(segments: &[Segment], joined: bool) -> Vec<String> {
    let mut subjects: HashMap<Exchange, Subject> = HashMap::new();
    let mut told = Vec::new();
    for event in events(segments, joined) {
        match event {
            Event::Began {
                exchange,
                api,
                op,
                subject,
                basis,
                correlation,
                ..
            } => {
                let words =
                    format!("{exchange:?} {api:?} {op:?} {subject:?} {basis:?} {correlation:?}");
                subjects.insert(exchange, subject);
                told.push(words);
            }
            Event::Progress { exchange, subject } => {
                subjects.entry(exchange).or_default().update(subject);
            }
            Event::Ended {
                exchange,
                outcome,
                error,
                subject,
                ..
            } => {
                let mut all = subjects.remove(&exchange).unwrap_or_default();
                all.update(subject);
                told.push(format!("{exchange:?} {outcome:?} {error:?} {all:?}"));
            }
            other => told.push(format!("{other:?}")),
        }
    }
    told
}

/// The operations of a conversation, and what else was learnt.
pub(crate) fn hear(segments: &[Segment], joined: bool) -> Heard {
    let mut heard = Heard::default();
    let mut open: HashMap<Exchange, usize> = HashMap::new();
    for event in events(segments, joined) {
        match event {
            Event::Began {
                exchange,
                api,
                op,
                subject,
                basis,
                ..
            } => {
                open.insert(exchange, heard.operations.len());
                heard.operations.push(Operation {
                    api,
                    op,
                    subject,
                    observed: basis.is_observed(),
                    outcome: None,
                });
            }
            Event::Progress { exchange, subject } => {
                if let Some(at) = open.get(&exchange) {
                    heard
                        .operations
                        .get_mut(*at)
                        .unwrap()
                        .subject
                        .update(subject);
                }
            }
            Event::Ended {
                exchange,
                outcome,
                subject,
                ..
            } => {
                if let Some(at) = open.get(&exchange) {
                    let operation = heard.operations.get_mut(*at).unwrap();
                    operation.subject.update(subject);
                    operation.outcome = Some(outcome);
                }
            }
            Event::Withdrawn { exchange } => {
                let at = open
                    .remove(&exchange)
                    .expect("only what began is withdrawn");
                let operation = heard.operations.get_mut(at).unwrap();
                assert!(!operation.observed, "what was seen is not withdrawn");
            }
            Event::Learned(fact) => heard.facts.push(fact),
            Event::Anomaly(_) => {}
        }
    }
    heard
}

impl Heard {
    /// API, operation, and whether it was observed, of each.
    pub(crate) fn operations(&self) -> impl Iterator<Item = String> {
        self.operations.iter().map(|operation| {
            let how = if operation.observed {
                "observed"
            } else {
                "inferred"
            };
            format!("{} {} {how}", operation.api.as_str(), operation.op.as_str())
        })
    }

    /// Every operation that is said to be observed is one of the whole conversation, each its own,
    /// and so is every thing that has an id.
    pub(crate) fn check_against(&self, whole: &Self, what: &str) {
        let observed: Vec<&Operation> = self
            .operations
            .iter()
            .filter(|operation| operation.observed)
            .collect();
        let mut partner = vec![None; whole.operations.len()];
        for index in 0..observed.len() {
            let mut tried = vec![false; whole.operations.len()];
            assert!(
                pair(
                    index,
                    &observed,
                    &whole.operations,
                    &mut partner,
                    &mut tried
                ),
                "{what}: {:#?} is invented; there are {:#?}",
                observed.get(index),
                whole.operations
            );
        }
        for id in self.facts.iter().filter_map(id) {
            let known = whole
                .facts
                .iter()
                .filter_map(self::id)
                .any(|known| known == id);
            assert!(known, "{what}: {id} is invented");
        }
    }
}

/// Finds a partner for one operation, others making room (augmenting paths of a bipartite graph).
fn pair(
    index: usize,
    parts: &[&Operation],
    whole: &[Operation],
    partner: &mut Vec<Option<usize>>,
    tried: &mut Vec<bool>,
) -> bool {
    for (at, candidate) in whole.iter().enumerate() {
        if tried[at] || !parts[index].may_be(candidate) {
            continue;
        }
        tried[at] = true;
        let free = match partner[at] {
            None => true,
            Some(other) => pair(other, parts, whole, partner, tried),
        };
        if free {
            partner[at] = Some(index);
            return true;
        }
    }
    false
}

impl Operation {
    /// Whether this, as it was seen in a part, may be that of the whole: it says nothing else.
    fn may_be(&self, whole: &Self) -> bool {
        let outcome = match self.outcome {
            None | Some(Outcome::Unknown) => true,
            known => known == whole.outcome,
        };
        (self.api, self.op) == (whole.api, whole.op)
            && outcome
            && says_no_more(&self.subject, &whole.subject)
    }
}

/// Whether every field is absent or as in the whole; of lists and byte counts a part is enough.
fn says_no_more(part: &Subject, whole: &Subject) -> bool {
    fn same<T: PartialEq>(part: Option<&T>, whole: Option<&T>) -> bool {
        part.is_none() || part == whole
    }
    macro_rules! same {
        ($($field:ident)*) => { $(same(part.$field.as_ref(), whole.$field.as_ref()) &&)* true };
    }
    same!(image digest digest_kind platform target container container_name sandbox pod namespace what exec)
        && part.images.iter().all(|image| whole.images.contains(image))
        && (!part.all_tags || whole.all_tags)
        && part.bytes <= whole.bytes
}

fn id(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::Container { id, .. }
        | Fact::Sandbox { id, .. }
        | Fact::Image { id, .. }
        | Fact::Exec { id, .. } => Some(id),
        Fact::Version { .. } | Fact::ApiVersion { .. } => None,
    }
}
