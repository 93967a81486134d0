//! What is alive while a recording is written, so that the next file of a rotation can be
//! replayed on its own: endpoints, processes, connections, requests under way, stores and the images
//! in them, root file systems that are mounted, containers that run.
//!
//! Names that were learnt in an earlier file are not repeated.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

mod stock;

use stock::Stock;

use crate::model::{
    Endpoint, EndpointId, EndpointState, LossKind, MountId, OciVerb, ProcessKey, Stamp, StoreId,
};
use crate::observation::{ConnectionId, Observation, Observed, RequestId};

/// Processes that nothing needs yet and that are remembered: they may connect in the next file.
const MAX_PROCESSES: usize = 512;

/// Connections and requests that are remembered. More than the capture side follows at once; what
/// does not fit is counted as lost in the next file.
const MAX_ALIVE: usize = 32_768;

/// What a remembered observation is about; the order is that in which they must be repeated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Endpoint(EndpointId),
    Process(ProcessKey),
    Connection(ConnectionId),
    Speaker(ConnectionId),
    Request(RequestId),
    Store(StoreId),
    Mount(MountId),
    Running(String),
    /// A socket in a container: which container, where in it.
    Held(String, EndpointId, String),
    Surveyed,
}

/// The observations that still hold.
#[derive(Debug, Default)]
pub(super) struct Context {
    alive: BTreeMap<About, Observed>,
    /// Endpoints and connections that need a process.
    used: HashMap<ProcessKey, usize>,
    /// Processes in the order of their first description.
    processes: VecDeque<ProcessKey>,
    /// Requests of a connection end with it.
    requests: BTreeMap<ConnectionId, Vec<RequestId>>,
    stock: Stock,
    forgotten: u64,
    latest: Stamp,
}

/// What the next file repeats.
#[derive(Debug)]
pub(super) struct Alive {
    /// Without this it could not be replayed: endpoints first, then processes, connections and
    /// requests.
    pub(super) needed: Vec<Observed>,
    /// Processes that may yet connect, the newest first.
    pub(super) recent: Vec<Observed>,
}

impl Context {
    /// Takes note of an observation.
    pub(super) fn observe(&mut self, observed: &Observed) {
        self.latest = observed.at;
        match &observed.what {
            Observation::Endpoint(endpoint) => {
                self.forget(&About::Endpoint(endpoint.id));
                let there = endpoint.state != EndpointState::Gone;
                if there && self.remember(About::Endpoint(endpoint.id), observed) {
                    self.use_process(server(endpoint), true);
                }
            }
            Observation::Process(process) => self.process(process.key, observed),
            Observation::Connected {
                connection, client, ..
            } => {
                self.forget(&About::Connection(*connection));
                if self.remember(About::Connection(*connection), observed) {
                    self.use_process(*client, true);
                }
            }
            Observation::Speaker {
                connection,
                process,
            } => {
                self.forget(&About::Speaker(*connection));
                if self.remember(About::Speaker(*connection), observed) {
                    self.use_process(Some(*process), true);
                }
            }
            Observation::Disconnected { connection } => self.disconnected(*connection),
            Observation::RequestBegan {
                request,
                connection,
                ..
            } => {
                self.forget(&About::Request(*request));
                if self.remember(About::Request(*request), observed) {
                    self.requests.entry(*connection).or_default().push(*request);
                }
            }
            Observation::RequestProgress { request, subject } => {
                let begun = self.alive.get_mut(&About::Request(*request));
                if let Some(Observation::RequestBegan { subject: known, .. }) =
                    begun.map(|begun| &mut begun.what)
                {
                    known.update(subject.clone());
                }
            }
            Observation::RequestEnded { request, .. }
            | Observation::RequestWithdrawn { request } => self.forget(&About::Request(*request)),
            Observation::Store { .. }
            | Observation::Mounted { .. }
            | Observation::Unmounted { .. }
            | Observation::OciRuntime { .. }
            | Observation::ContainerRuns { .. } => self.container(observed),
            Observation::SocketSeen {
                endpoint,
                container,
                path,
                ..
            } => {
                let about = About::Held(container.clone(), *endpoint, path.clone());
                self.remember(about, observed);
            }
            Observation::Surveyed { .. } => {
                self.remember(About::Surveyed, observed);
            }
            Observation::ImageAppeared { .. }
            | Observation::ImageVanished { .. }
            | Observation::StoreListed { .. }
            | Observation::Inventoried => self.forgotten += self.stock.observe(observed),
            Observation::Refused { .. }
            | Observation::Learned { .. }
            | Observation::Anomaly { .. }
            | Observation::Lost { .. }
            | Observation::Notice { .. }
            | Observation::Tick
            | Observation::End => {}
        }
    }

    /// Takes note of a store, of what is mounted, and of what runs. In the next file it was there
    /// before.
    fn container(&mut self, observed: &Observed) {
        let at = observed.at;
        match &observed.what {
            Observation::Store { id, users, .. } => {
                self.forget(&About::Store(*id));
                if self.remember(About::Store(*id), observed) {
                    for user in users {
                        self.use_process(Some(user.process), true);
                    }
                }
            }
            Observation::Mounted {
                rootfs, mounter, ..
            } => {
                let what = Observation::Mounted {
                    rootfs: rootfs.clone(),
                    mounter: *mounter,
                    already: true,
                };
                self.remember(About::Mount(rootfs.mount), &Observed { at, what });
            }
            Observation::Unmounted { mount } => {
                let gone = self.alive.remove(&About::Mount(*mount));
                let Some(Observation::Mounted { rootfs, .. }) = gone.map(|gone| gone.what) else {
                    return;
                };
                if let Some(id) = rootfs.identity.container {
                    self.ended(&id);
                }
            }
            Observation::OciRuntime {
                verb: OciVerb::Start | OciVerb::Run | OciVerb::Restore,
                process,
                container,
                ..
            } => self.runs(container, &[], *process, at),
            Observation::OciRuntime {
                verb: OciVerb::Delete,
                container,
                ..
            } => self.ended(container),
            Observation::ContainerRuns {
                container,
                outer,
                process,
                ..
            } => self.runs(container, outer, *process, at),
            _ => {}
        }
    }

    /// A container has ended, and holds nothing any more.
    fn ended(&mut self, container: &str) {
        self.alive.remove(&About::Running(container.to_owned()));
        let first = About::Held(container.to_owned(), EndpointId(0), String::new());
        let held = self.alive.range(first..).map(|(about, _)| about);
        let its = |about: &&About| matches!(about, About::Held(of, ..) if of == container);
        let held: Vec<About> = held.take_while(its).cloned().collect();
        for about in held {
            self.alive.remove(&about);
        }
    }

    fn runs(&mut self, container: &str, outer: &[String], process: ProcessKey, at: Stamp) {
        let what = Observation::ContainerRuns {
            container: container.to_owned(),
            outer: outer.to_vec(),
            process,
            already: true,
        };
        let about = About::Running(container.to_owned());
        self.remember(about, &Observed { at, what });
    }

    /// What holds now.
    pub(super) fn alive(&mut self) -> Alive {
        let recent = |key: &&ProcessKey| !self.used.contains_key(key);
        let recent: BTreeSet<_> = self.processes.iter().filter(recent).copied().collect();
        let needed = self.alive.iter().filter(|(about, _)| match about {
            About::Process(key) => !recent.contains(key),
            _ => true,
        });
        let mut needed: Vec<Observed> = needed.map(|(_, observed)| observed.clone()).collect();
        let newest = self
            .processes
            .iter()
            .rev()
            .filter(|key| recent.contains(key));
        let recent = newest.filter_map(|key| self.alive.get(&About::Process(*key)).cloned());
        let recent = recent.collect();
        needed.extend(self.stock.alive().cloned());
        let records = std::mem::take(&mut self.forgotten);
        if records > 0 {
            let lost = Observation::Lost {
                what: LossKind::Table,
                connection: None,
                records,
                bytes: 0,
            };
            needed.push(Observed {
                at: self.latest,
                what: lost,
            });
        }
        Alive { needed, recent }
    }

    /// Keeps an observation, or a newer one in the place of an older; false if there is no room.
    fn remember(&mut self, about: About, observed: &Observed) -> bool {
        let room = self.alive.len() < MAX_ALIVE || self.alive.contains_key(&about);
        if room {
            self.alive.insert(about, observed.clone());
        } else {
            self.forgotten += 1;
        }
        room
    }

    fn process(&mut self, key: ProcessKey, observed: &Observed) {
        let new = !self.alive.contains_key(&About::Process(key));
        if self.remember(About::Process(key), observed) && new {
            self.processes.push_back(key);
            self.make_room();
        }
    }

    /// Drops the oldest process that nothing needs. Those that are needed are as many as there are
    /// endpoints and connections, so the search is short.
    fn make_room(&mut self) {
        while self.processes.len() > MAX_PROCESSES + self.used.len() {
            let unused = self
                .processes
                .iter()
                .position(|key| !self.used.contains_key(key));
            let Some(oldest) = unused.and_then(|at| self.processes.remove(at)) else {
                return;
            };
            self.alive.remove(&About::Process(oldest));
        }
    }

    /// Counts an endpoint or connection that needs a process, or no longer does.
    fn use_process(&mut self, key: Option<ProcessKey>, more: bool) {
        let Some(key) = key else { return };
        let count = self.used.entry(key).or_default();
        *count = if more {
            *count + 1
        } else {
            count.saturating_sub(1)
        };
        if *count == 0 {
            self.used.remove(&key);
        }
    }

    fn forget(&mut self, about: &About) {
        match self.alive.remove(about).map(|observed| observed.what) {
            Some(Observation::Endpoint(endpoint)) => self.use_process(server(&endpoint), false),
            Some(Observation::Connected { client, .. }) => self.use_process(client, false),
            Some(Observation::Speaker { process, .. }) => self.use_process(Some(process), false),
            Some(Observation::Store { users, .. }) => {
                for user in users {
                    self.use_process(Some(user.process), false);
                }
            }
            Some(Observation::RequestBegan {
                request,
                connection,
                ..
            }) => {
                if let Some(requests) = self.requests.get_mut(&connection) {
                    requests.retain(|&other| other != request);
                    if requests.is_empty() {
                        self.requests.remove(&connection);
                    }
                }
            }
            _ => {}
        }
    }

    fn disconnected(&mut self, connection: ConnectionId) {
        self.forget(&About::Connection(connection));
        self.forget(&About::Speaker(connection));
        for request in self.requests.remove(&connection).unwrap_or_default() {
            self.forget(&About::Request(request));
        }
    }
}

/// Who serves an endpoint: rules ask where it lives.
fn server(endpoint: &Endpoint) -> Option<ProcessKey> {
    endpoint.server.as_ref().map(|server| server.process)
}

#[cfg(test)]
mod tests;
