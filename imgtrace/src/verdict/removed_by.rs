//! Removed by: an image or a container is gone, who removed it through which socket, and who used
//! it last.
//!
//! Said only where it may surprise: the one who removed it is not the one who brought it or used it
//! last, or came through another runtime's socket. Who cleans up behind himself, and `--rm`, is not
//! mentioned. What only untags an image is no removal of it, unless the name is what was used.

mod uses;

use std::collections::VecDeque;

use self::uses::{Use, Uses, keys};
use super::placement::short;
use super::situations::Situations;
use super::who::{Named, Who};
use super::{Now, Seen, Verdict, words};
use crate::model::{
    EndpointId, Finding, Op, Operation, OperationId, Outcome, ProcessKey, Rule, Severity, Stamp,
    StoreId, StoredImage,
};
use crate::observation::Observation;

/// Operations on stores that are remembered, to know what made an image vanish.
const MAX_RECENT: usize = 256;

/// Milliseconds after its end in which an operation may still be what made an image vanish: the
/// stores' indexes are read a moment later.
const SOON: f64 = 10_000.0;

/// The rule.
#[derive(Debug)]
pub(super) struct RemovedBy {
    uses: Uses,
    recent: VecDeque<Recent>,
    /// By who removed and who had used, where, and whether it was a container.
    said: Situations<(Option<Who>, Who, Option<EndpointId>, bool), ()>,
}

/// An operation that changes what a store holds.
#[derive(Debug)]
struct Recent {
    id: OperationId,
    store: StoreId,
    op: Op,
    /// None where it is not known who asked.
    asked: Option<Use>,
    /// What it removes, by all names.
    keys: Vec<String>,
    ended: Option<Stamp>,
}

/// What is gone.
#[derive(Debug)]
struct Gone<'a> {
    what: String,
    image: Option<&'a str>,
    is_container: bool,
    /// Who removed it; none if nobody was seen.
    by: Option<&'a Use>,
    /// How that is known where no request was seen.
    writer: Option<String>,
    store: Option<StoreId>,
}

impl RemovedBy {
    pub(super) const fn new() -> Self {
        Self {
            uses: Uses::new(),
            recent: VecDeque::new(),
            said: Situations::new(),
        }
    }

    /// Notes an operation that changes a store, from its begin to a while after its end.
    fn follow(&mut self, operation: &Operation, now: &Now<'_>) {
        let ended = operation.outcome.map(|_| now.at);
        if let Some(known) = self.recent.iter_mut().find(|it| it.id == operation.id) {
            known.ended = ended;
            return;
        }
        let Some(store) = &operation.store else {
            return;
        };
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent {
            id: operation.id,
            store: store.id,
            op: operation.op,
            asked: Use::of(operation, now.at),
            keys: keys(operation, now.world),
            ended,
        });
    }

    /// The end of a removal of an image that worked.
    fn removed_image(&mut self, operation: &Operation, now: &Now<'_>, out: &mut Vec<Finding>) {
        let recent = self.recent.iter().find(|it| it.id == operation.id);
        let (Some(recent), Some(by)) = (recent, Use::of(operation, now.at)) else {
            return;
        };
        let store = recent.store;
        let Some(used) = self.uses.take_image(store, &recent.keys) else {
            return;
        };
        let image = operation.subject.image.as_deref();
        let gone = Gone {
            what: image
                .or(operation.subject.digest.as_deref())
                .unwrap_or("an image")
                .to_owned(),
            image,
            is_container: false,
            by: Some(&by),
            writer: None,
            store: Some(store),
        };
        self.say(&gone, &used, now, out);
    }

    fn removed_container(&mut self, operation: &Operation, now: &Now<'_>, out: &mut Vec<Finding>) {
        let by = Use::of(operation, now.at);
        let (Some(by), Some(used)) = (by, self.uses.take_container(operation)) else {
            return;
        };
        let subject = &operation.subject;
        let id = subject.container.as_deref().map(short);
        let name = subject.container_name.as_deref().or(id).unwrap_or("?");
        let image = subject.image.as_deref();
        let of = image.map(|image| format!(" ({image})")).unwrap_or_default();
        let gone = Gone {
            what: format!("container {name}{of}"),
            image,
            is_container: true,
            by: Some(&by),
            writer: None,
            store: operation.store.as_ref().map(|store| store.id),
        };
        self.say(&gone, &used, now, out);
    }

    /// An image is gone from a store's index.
    fn vanished(
        &mut self,
        store: StoreId,
        image: &StoredImage,
        writer: Option<ProcessKey>,
        now: &Now<'_>,
        out: &mut Vec<Finding>,
    ) {
        // A name that leads elsewhere now was given anew.
        let is_gone = |name: &&String| now.world.inventory().find(store, name).is_none();
        let names = image.names.iter().filter(is_gone).cloned();
        let all: Vec<_> = names
            .chain([image.id.clone()])
            .chain(image.digest.clone())
            .collect();
        let is_near = |it: &&Recent| {
            let is_fresh = it
                .ended
                .is_none_or(|ended| now.at.millis_since(ended) <= SOON);
            it.store == store && is_fresh
        };
        let near = || self.recent.iter().rev().filter(is_near);
        let removal = near().find(|it| is_removal(it.op));
        if removal.is_none() && near().next().is_some() {
            return;
        }
        let by = removal.and_then(|it| it.asked.clone());
        let is_known = removal.is_none() || by.is_some();
        // The index is read a moment later: what has used the name since is another life of it.
        let until = removal.and_then(|it| it.ended).unwrap_or(now.at);
        let used = self.uses.take_image_of(store, &all, until);
        let Some(used) = used.filter(|_| is_known) else {
            return;
        };
        let caller = writer
            .filter(|_| by.is_none())
            .and_then(|key| now.world.caller(key));
        let writer = caller.as_ref().map(Named::of);
        if writer
            .as_ref()
            .is_some_and(|writer| writer.who == used.by.who)
        {
            return;
        }
        let gone = Gone {
            what: image.name().unwrap_or(&image.id).to_owned(),
            image: image.name(),
            is_container: false,
            by: by.as_ref(),
            writer: writer.map(|writer| writer.said),
            store: Some(store),
        };
        self.say(&gone, &used, now, out);
    }

    fn say(&mut self, gone: &Gone<'_>, used: &Use, now: &Now<'_>, out: &mut Vec<Finding>) {
        if gone.by.is_some_and(|by| is_expected(by, used, now)) {
            return;
        }
        let by = gone.by.map(|by| by.by.who.clone());
        let endpoint = gone.by.and_then(|by| by.endpoint);
        let key = (by, used.by.who.clone(), endpoint, gone.is_container);
        self.said.met(key, (), out, || finding(gone, used, now));
    }
}

impl Verdict for RemovedBy {
    fn operation(&mut self, seen: &Seen<'_>, out: &mut Vec<Finding>) {
        let (operation, now) = (seen.operation, seen.now);
        if changes_store(operation) {
            self.follow(operation, now);
        }
        match (operation.op, operation.outcome) {
            (Op::RemoveImage, Some(Outcome::Ok)) => self.removed_image(operation, now, out),
            (Op::RemoveContainer, Some(Outcome::Ok)) => self.removed_container(operation, now, out),
            (op, Some(Outcome::Error)) if is_removal(op) => self.dropped(operation.id),
            (op, Some(Outcome::Ok)) if is_use(op) => {
                self.uses.note(operation, now.at, now.world);
            }
            _ => {}
        }
    }

    fn observed(&mut self, what: &Observation, now: &Now<'_>, out: &mut Vec<Finding>) {
        if let Observation::ImageVanished {
            store,
            image,
            writer,
        } = what
        {
            self.vanished(*store, image, *writer, now, out);
        }
    }

    fn dropped(&mut self, id: OperationId) {
        self.recent.retain(|recent| recent.id != id);
    }

    fn finish(&mut self, now: &Now<'_>, out: &mut Vec<Finding>) {
        self.said.rest(now.at, out);
    }
}

const fn is_removal(op: Op) -> bool {
    matches!(op, Op::RemoveImage | Op::Prune)
}

/// True for what may make a name of a store's index go or lead elsewhere.
fn changes_store(operation: &Operation) -> bool {
    let is_of_images = operation
        .subject
        .what
        .as_deref()
        .is_none_or(|what| what == "images");
    match operation.op {
        Op::Prune => is_of_images,
        Op::RemoveImage => true,
        op => brings_image(op),
    }
}

const fn brings_image(op: Op) -> bool {
    matches!(
        op,
        Op::Pull | Op::Import | Op::Load | Op::AddImage | Op::Build | Op::Commit | Op::Tag
    )
}

const fn is_use(op: Op) -> bool {
    brings_image(op)
        || matches!(
            op,
            Op::Save | Op::Push | Op::Create | Op::Start | Op::Restart | Op::Exec
        )
}

/// True if the one who removed it is the one who had it, at the same runtime.
fn is_expected(by: &Use, used: &Use, now: &Now<'_>) -> bool {
    let runtime = |it: &Use| Some(now.world.endpoint(it.endpoint?)?.runtime);
    by.by.who == used.by.who && runtime(by) == runtime(used)
}

fn finding(gone: &Gone<'_>, used: &Use, now: &Now<'_>) -> Finding {
    let Gone { what, by, .. } = gone;
    let store = gone
        .store
        .and_then(|id| now.world.inventory().reference(id));
    let place = store.as_ref().filter(|_| !gone.is_container);
    let place = place.map(|store| format!(" from {}", words::store(store)));
    let place = place.unwrap_or_default();
    let removed = match by {
        Some(by) => format!("{} removed {what}{place}{}", by.by.said, through(by)),
        None => format!("{what} is gone{place}, and nobody was seen asking for that"),
    };
    let did = if gone.is_container {
        used.of_container()
    } else {
        used.of_image()
    };
    let ago = words::duration(now.at.millis_since(used.at));
    let last = format!(
        "{} had {did} last, {ago} before{}",
        used.by.said,
        through(used)
    );
    let is_elsewhere = by.is_some_and(|by| by.endpoint != used.endpoint);
    let severity = if is_elsewhere {
        Severity::Warning
    } else {
        Severity::Info
    };
    let operations = by.iter().map(|by| by.operation).chain([used.operation]);
    Finding {
        evidence: evidence(gone, used, now),
        image: gone.image.map(str::to_owned),
        operations: operations.collect(),
        stores: store.into_iter().collect(),
        ..Finding::new(
            now.at,
            Rule::RemovedBy,
            severity,
            format!("{removed}; {last}"),
        )
    }
}

fn through(used: &Use) -> String {
    let path = used.path.as_ref();
    path.map(|path| format!(" through {path}"))
        .unwrap_or_default()
}

fn evidence(gone: &Gone<'_>, used: &Use, now: &Now<'_>) -> Vec<String> {
    let mut evidence = vec![format!(
        "operation {} ({}) by pid {} was its last use that was seen",
        used.operation.0,
        used.op.as_str(),
        used.by.process.pid
    )];
    if let Some(by) = gone.by {
        let (op, pid) = (by.op.as_str(), by.by.process.pid);
        evidence.push(format!(
            "operation {} ({op}) by pid {pid} removed it",
            by.operation.0
        ));
        if by.endpoint != used.endpoint && gone.store.is_some() {
            let both = [by.endpoint, used.endpoint];
            let paths = both.iter().filter_map(|id| now.world.endpoint((*id)?));
            let paths = words::list(paths.map(|endpoint| endpoint.path.as_str()));
            evidence.push(format!(
                "{paths} lead to one store: what goes in one goes in both"
            ));
        }
    }
    let writer = gone.writer.as_ref();
    evidence.extend(writer.map(|writer| format!("{writer} wrote the store's index")));
    evidence
}

#[cfg(test)]
mod tests;
