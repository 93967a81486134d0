//! The containers that have a runtime's socket in them.

use crate::correlate::World;
use crate::correlate::bounded::Bounded;
use crate::correlate::caller::{self, Attribution};
use crate::model::{EndpointId, Holder, MountId, OciVerb, ProcessKey};
use crate::observation::Observation;

/// Sockets in containers that are remembered.
const MAX_HELD: usize = 8_192;

/// Root file systems of containers that are remembered.
const MAX_MOUNTS: usize = 16_384;

/// A socket in a container, by its path there.
type Key = (EndpointId, String, String);

#[derive(Debug)]
struct Held {
    outer: Vec<String>,
    process: ProcessKey,
    read_only: bool,
    ended: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Holders {
    held: Bounded<Key, Held>,
    /// Of which container a root file system is.
    mounts: Bounded<MountId, String>,
}

impl Holders {
    pub(super) const fn new() -> Self {
        Self {
            held: Bounded::new(MAX_HELD),
            mounts: Bounded::new(MAX_MOUNTS),
        }
    }

    /// Takes in what was observed of containers.
    pub(super) fn observe(&mut self, what: &Observation) {
        match what {
            Observation::SocketSeen {
                endpoint,
                container,
                outer,
                process,
                path,
                read_only,
            } => {
                let held = Held {
                    outer: outer.clone(),
                    process: *process,
                    read_only: *read_only,
                    ended: false,
                };
                let key = (*endpoint, container.clone(), path.clone());
                self.held.insert(key, held);
            }
            Observation::Mounted { rootfs, .. } => {
                if let Some(container) = &rootfs.identity.container {
                    self.mounts.insert(rootfs.mount, container.clone());
                }
            }
            Observation::Unmounted { mount } => {
                if let Some(container) = self.mounts.remove(mount) {
                    self.ended(&container);
                }
            }
            Observation::OciRuntime {
                verb: OciVerb::Delete,
                container,
                ..
            } => self.ended(container),
            _ => {}
        }
    }

    fn ended(&mut self, container: &str) {
        let its = self.held.iter().filter(|((_, of, _), _)| of == container);
        let its: Vec<Key> = its.map(|(key, _)| key.clone()).collect();
        for key in its {
            if let Some(held) = self.held.get_mut(&key) {
                held.ended = true;
            }
        }
    }

    /// The containers that have a socket; those that have ended stand last.
    pub(super) fn of(&self, endpoint: EndpointId, world: &World) -> Vec<Holder> {
        let first = (endpoint, String::new(), String::new());
        let its = self.held.from(&first);
        let its = its.take_while(|((of, ..), _)| *of == endpoint);
        let mut holders: Vec<Holder> = its
            .map(|((_, container, path), held)| held.holder(container, path, world))
            .collect();
        holders.sort_by_key(|holder| holder.ended);
        holders
    }
}

impl Held {
    fn holder(&self, container: &str, path: &str, world: &World) -> Holder {
        let seen = Attribution::seen(world, self.process).caller;
        let (known, pod) = seen.map_or((None, None), |seen| (seen.container, seen.pod));
        let known = known.filter(|known| known.id == container);
        Holder {
            pod: pod.filter(|_| known.is_some()),
            container: known.unwrap_or_else(|| caller::named(world, container, &self.outer)),
            path: path.to_owned(),
            read_only: self.read_only,
            ended: self.ended,
        }
    }
}
