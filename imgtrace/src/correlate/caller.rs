//! Who asked: from the processes of a connection to the caller of an operation.

use super::World;
use super::ancestry;
use super::cgroup::{Nested, Place};
use super::connections::Connection;
use crate::model::{Caller, CallerContainer, Pod, Process, ProcessKey};

/// A caller, and how it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// Who asked; none where that is not known.
    pub(crate) caller: Option<Caller>,
    /// True if it is concluded and not seen.
    pub(crate) inferred: bool,
    /// What it rests on, a sentence each; empty for the ordinary case.
    pub(crate) evidence: Vec<String>,
}

impl Attribution {
    /// Who asked on a connection: the process that connected, or the one that reads the answers
    /// where that is another.
    pub(crate) fn of(world: &World, connection: &Connection) -> Self {
        let mut evidence = Vec::new();
        let asked = match (connection.client, connection.speaker) {
            (Some(client), None) => client,
            (client, Some(speaker)) => {
                let connected = client.map_or_else(
                    || "it is not known who connected".to_owned(),
                    |client| format!("{} connected", mention(world, client)),
                );
                let reads = mention(world, speaker);
                evidence.push(format!("{connected}, {reads} reads the answers"));
                speaker
            }
            (None, None) => {
                evidence.push(unknown(connection));
                return Self {
                    evidence,
                    ..Self::default()
                };
            }
        };
        let caller = world.process(&asked).map(|it| describe(world, it));
        evidence.extend(reservation(world, asked));
        Self {
            inferred: connection.speaker.is_some() && caller.is_some(),
            caller,
            evidence,
        }
    }

    /// A process that was seen as it asked.
    pub(crate) fn seen(world: &World, key: ProcessKey) -> Self {
        Self {
            caller: world.process(&key).map(|it| describe(world, it)),
            inferred: false,
            evidence: reservation(world, key).into_iter().collect(),
        }
    }
}

/// Why a process is not known as well as it should be.
fn reservation(world: &World, key: ProcessKey) -> Option<String> {
    let pid = key.pid;
    if world.process(&key).is_none() {
        return Some(format!("nothing is known of pid {pid} but its number"));
    }
    world
        .is_described_late(&key)
        .then(|| format!("what pid {pid} runs was read from /proc, some time after it connected"))
}

fn unknown(connection: &Connection) -> String {
    if connection.joined {
        "the connection was there before imgtrace, and who holds it could not be told".to_owned()
    } else {
        "who connected could not be told".to_owned()
    }
}

/// `pid 4711 (docker)`.
pub(crate) fn mention(world: &World, key: ProcessKey) -> String {
    match world.process(&key) {
        Some(process) => format!("pid {} ({})", key.pid, process.comm),
        None => format!("pid {}", key.pid),
    }
}

fn describe(world: &World, process: &Process) -> Caller {
    let place = Place::of(&process.cgroups).unwrap_or_default();
    Caller {
        key: process.key,
        comm: process.comm.clone(),
        exe: process.exe.clone(),
        args: process.args.clone(),
        uid: process.uid,
        user: process.user.clone(),
        ancestors: ancestry::up_to_boundary(&process.ancestors),
        container: container(world, &place),
        pod: place.containers.iter().rev().find_map(|it| pod(world, it)),
        unit: place.unit,
    }
}

/// A container of which only the ids are known, and those of the containers around it.
pub(super) fn named(world: &World, id: &str, outer: &[String]) -> CallerContainer {
    let known = world.containers.anywhere(id);
    CallerContainer {
        id: id.to_owned(),
        name: known.and_then(|known| known.name.clone()),
        image: known.and_then(|known| known.image.clone()),
        runtime: known.and_then(|known| known.runtime),
        outer: outer.to_vec(),
    }
}

fn container(world: &World, place: &Place) -> Option<CallerContainer> {
    let (innermost, outer) = place.containers.split_last()?;
    let known = world.containers.anywhere(&innermost.id);
    let seen_on = known.and_then(|known| known.seen_on.first());
    let seen_on = seen_on.and_then(|id| world.endpoints.get(*id));
    Some(CallerContainer {
        id: innermost.id.clone(),
        name: known.and_then(|known| known.name.clone()),
        image: known.and_then(|known| known.image.clone()),
        runtime: innermost
            .runtime
            .or_else(|| known.and_then(|known| known.runtime))
            .or_else(|| seen_on.map(|endpoint| endpoint.runtime)),
        outer: outer.iter().map(|nested| nested.id.clone()).collect(),
    })
}

/// The pod of a container: by its control group, else by what was seen of it on a socket.
fn pod(world: &World, nested: &Nested) -> Option<Pod> {
    let by_uid = nested.pod_uid.as_deref().map(|uid| world.pods.named(uid));
    let known = || world.containers.anywhere(&nested.id);
    let seen = || world.containers.pod_of(known()?);
    match by_uid {
        Some(pod) if pod.name.is_none() => seen().or(Some(pod)),
        Some(pod) => Some(pod),
        None => seen(),
    }
}

#[cfg(test)]
mod tests;
