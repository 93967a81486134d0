//! BuildKit's API, `moby.buildkit.v1.Control` (github.com/moby/buildkit
//! `api/services/control/control.proto`), as buildkitd and dockerd speak it.
//!
//! What a build's own session says (`/session`) is no operation, and nothing here reads it.

mod message;

#[cfg(test)]
mod tests;

use super::named;
use super::rpc::{Operation, Payload, Procedure, Role, Shape};
use crate::model::{Api, DigestKind, Op, Subject, image_id};
use crate::observation::Fact;
use message::{Attr, ListWorkersResponse, SolveRequest, SolveResponse, UsageRecord};

/// Names of one build that are kept.
const MAX_IMAGES: usize = 64;
/// What the names of dockerd's own workers end in (moby
/// `daemon/internal/builder-next/worker/worker.go`): their version is not the daemon's.
const IN_DOCKERD: &str = "-moby";

/// What a method is followed for.
pub(super) fn control(method: &str) -> Option<Role> {
    Some(match method {
        "Solve" => operation(&SOLVE),
        "Prune" => operation(&PRUNE),
        "ListWorkers" => Role::Look(workers),
        _ => return None,
    })
}

fn operation(procedure: &'static Procedure) -> Role {
    Role::Operation(Box::new(Operation::new(procedure)))
}

/// Number of `SolveRequest.Internal`.
const INTERNAL: u32 = 11;
/// Why a build may be none: its field is not reached, since a `Definition` before it may be long.
const NOT_REACHED: &str = "the request was not read to where a client's own look at the daemon would be told from a build";

/// An internal solve is a client that looks what the daemon can do. Of one that is cut before it
/// says so a build is concluded: a look is short, and what is long is a build.
const SOLVE: Procedure = Procedure {
    api: Api::BuildKit,
    shape: Shape::Unary,
    asked: |payload| {
        let asked: SolveRequest = payload.read();
        if !payload.is_beyond(INTERNAL) {
            payload.doubt(NOT_REACHED);
        }
        (!asked.internal).then(|| (Op::Build, build(&asked)))
    },
    answered: |payload, subject| {
        let answer: SolveResponse = payload.read();
        let digest = value(&answer.exporter_response, "containerimage.digest");
        if let Some(digest) = digest.and_then(image_id) {
            subject.digest = Some(digest);
            subject.digest_kind = Some(DigestKind::Unknown);
        }
    },
};

/// The answer has a record for each thing that was removed.
const PRUNE: Procedure = Procedure {
    api: Api::BuildKit,
    shape: Shape::Stream,
    asked: |_| {
        let subject = Subject {
            what: Some("build-cache".to_owned()),
            ..Subject::default()
        };
        Some((Op::Prune, subject))
    },
    answered: |payload, subject| {
        let record: UsageRecord = payload.read();
        let size = u64::try_from(record.size).unwrap_or_default();
        let sum = subject.bytes.unwrap_or_default().saturating_add(size);
        subject.bytes = Some(sum);
    },
};

/// `name` of the exporters: references with commas between them.
fn build(asked: &SolveRequest) -> Subject {
    let exporters = asked.exporters.iter();
    let mut names: Vec<_> = exporters
        .filter_map(|exporter| value(&exporter.attrs, "name"))
        .collect();
    if names.is_empty() {
        names.extend(value(&asked.exporter_attrs, "name"));
    }
    let names = names.into_iter().flat_map(|names| names.split(','));
    let mut images: Vec<String> = Vec::new();
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        let name = named::reference(name);
        if images.len() < MAX_IMAGES && !images.contains(&name) {
            images.push(name);
        }
    }
    Subject {
        image: images.first().cloned(),
        images,
        ..Subject::default()
    }
}

fn value<'a>(attrs: &'a [Attr], key: &str) -> Option<&'a str> {
    let attr = attrs.iter().find(|attr| attr.key == key)?;
    std::str::from_utf8(&attr.value).ok()
}

fn workers(payload: &mut Payload, facts: &mut Vec<Fact>) {
    let answer: ListWorkersResponse = payload.read();
    let mut versions = answer
        .record
        .into_iter()
        .filter_map(|worker| worker.version);
    let own = versions.find(|told| !told.version.ends_with(IN_DOCKERD));
    facts.extend(own.and_then(|told| named::version(&told.version)));
}
