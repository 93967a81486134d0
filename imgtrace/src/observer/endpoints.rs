//! The endpoints of this run: which listeners are a runtime's, and who serves them.

use std::collections::{BTreeMap, HashMap, HashSet};

use imgtrace_common::{ListenerKey, SocketRow, Watch, action};

use crate::{
    host::{Users, process, runtimes, socket_file},
    model::{Endpoint, EndpointId, EndpointState, Listener, ProcessKey, Runtime, Server, Stamp},
    observation::{Observation, Observed},
};

/// An endpoint that the user declared by `--endpoint KIND=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The label.
    pub runtime: Runtime,
    /// The path as the user gave it, absolute.
    pub path: String,
}

/// A listener as the kernel side reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) listener: ListenerKey,
    /// Address of its `unix_address`.
    pub(super) address: u64,
    /// The path that it is bound to.
    pub(super) name: String,
    /// Who holds it or accepts on it.
    pub(super) server: ProcessKey,
}

impl Found {
    /// Its identity.
    pub(super) fn place(&self) -> Listener {
        Listener {
            device: self.listener.device,
            inode: self.listener.inode,
        }
    }

    /// A listener from a row of the iterator.
    pub(super) fn of_row(row: &SocketRow) -> Self {
        Self {
            listener: ListenerKey {
                inode: row.inode,
                device: row.device,
                reserved: 0,
            },
            address: row.address,
            name: super::processes::text(&row.name),
            server: super::processes::key(row.pid, row.pid_start),
        }
    }
}

struct Entry {
    endpoint: Endpoint,
    address: u64,
    /// Who accepted or read, not only held the listener: an activator holds it and never serves.
    seen_serving: Option<ProcessKey>,
    /// What was observed last; none before the first time.
    said: Option<Endpoint>,
}

/// Endpoints that are gone and still known, so that a refused connection to one can be named.
const GONE_MAX: usize = 256;
/// The same of shims: they come and go with containers, and nobody misses one.
const SHIMS_GONE_MAX: usize = 64;
/// Endpoints at the most, shims included and those that are gone; more are not watched, and the log
/// says so. The kernel's table of listeners has room for twice as many.
const ENDPOINTS_MAX: usize = 4_096;
/// Shims at the most, so that however many there are, a daemon's socket still finds room. A node
/// has some hundred pods at most, each with a shim.
const SHIMS_MAX: usize = 3_072;

/// The endpoints of this run, by number.
pub(super) struct Endpoints {
    entries: BTreeMap<EndpointId, Entry>,
    /// How many there have been.
    count: u32,
    /// The living endpoint of each listener.
    living: HashMap<(u32, u64), EndpointId>,
    declared: Vec<Declared>,
}

impl Endpoints {
    pub(super) fn new(declared: Vec<Declared>) -> Self {
        Self {
            entries: BTreeMap::new(),
            count: 0,
            living: HashMap::new(),
            declared,
        }
    }

    /// File names of declared endpoints: the kernel side is to capture them provisionally too.
    pub(super) fn declared_names(&self) -> impl Iterator<Item = &str> {
        self.declared
            .iter()
            .filter_map(|declared| declared.path.rsplit('/').next())
    }

    /// Declared endpoints on which nobody listens.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Declared> {
        self.declared.iter().filter(|declared| {
            !self.entries.values().any(|entry| {
                entry.endpoint.state == EndpointState::Watched && declared.names(&entry.endpoint)
            })
        })
    }

    /// The endpoint of a listener: a known one, or a new one if it is a runtime's.
    ///
    /// `program` is the file name of the server's program.
    pub(super) fn find(
        &mut self,
        found: &Found,
        program: &str,
        users: &mut Users,
    ) -> Option<EndpointId> {
        let place = (found.listener.device, found.listener.inode);
        if let Some(id) = self.living.get(&place) {
            let entry = self.entries.get_mut(id)?;
            if entry.address == found.address {
                return Some(entry.endpoint.id);
            }
            // The inode number has come back for another socket.
            entry.endpoint.state = EndpointState::Gone;
        }
        let runtime = self.runtime(found, program)?;
        let (known, most) = if runtime == Runtime::Shim {
            (self.shims().count(), SHIMS_MAX)
        } else {
            (self.entries.len(), ENDPOINTS_MAX)
        };
        if known >= most {
            tracing::warn!(
                path = found.name,
                "too many endpoints: this one is not watched"
            );
            return None;
        }
        self.count += 1;
        let id = EndpointId(self.count);
        let path = match runtime {
            Runtime::Shim => found.name.clone(),
            _ => self.path(found),
        };
        let file = socket_file::of_server(found.server.pid, &path, users);
        self.living.insert(place, id);
        let entry = Entry {
            endpoint: Endpoint {
                id,
                runtime,
                path,
                listener: found.place(),
                server: None,
                file,
                joined: 0,
                state: EndpointState::Watched,
            },
            address: found.address,
            seen_serving: None,
            said: None,
        };
        self.entries.insert(id, entry);
        Some(id)
    }

    /// Whose listener it is; what the user declared has the label that they gave it.
    fn runtime(&self, found: &Found, program: &str) -> Option<Runtime> {
        let declared = self.declared.iter().find(|declared| declared.is(found));
        declared.map_or_else(
            || runtimes::of_listener(&found.name, program),
            |declared| Some(declared.runtime),
        )
    }

    /// What a listener's socket is called: the name that it was bound to, unless it was renamed.
    fn path(&self, found: &Found) -> String {
        let known: Vec<&str> = runtimes::basenames().collect();
        let names = [known, self.declared_names().collect()].concat();
        socket_file::renamed(found.server.pid, &found.name, found.place(), &names)
            .unwrap_or_else(|| found.name.clone())
    }

    /// What the kernel side is to do with a known endpoint's connections.
    pub(super) fn watch(&self, id: EndpointId) -> Option<(ListenerKey, Watch)> {
        let entry = self.entries.get(&id)?;
        let listener = entry.endpoint.listener;
        Some((
            ListenerKey {
                inode: listener.inode,
                device: listener.device,
                reserved: 0,
            },
            Watch {
                address: entry.address,
                endpoint: id.0,
                action: if entry.endpoint.state == EndpointState::Watched {
                    action::CAPTURE
                } else {
                    action::IGNORE
                },
            },
        ))
    }

    /// An endpoint by its number.
    pub(super) fn get(&self, id: EndpointId) -> Option<&Endpoint> {
        self.entries.get(&id).map(|entry| &entry.endpoint)
    }

    /// All endpoints, those that are gone too.
    pub(super) fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.entries.values().map(|entry| &entry.endpoint)
    }

    /// Notes who serves an endpoint. True if that is news.
    pub(super) fn served(&mut self, id: EndpointId, by: ProcessKey, exe: Option<String>) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        let server = &mut entry.endpoint.server;
        if server.as_ref().is_some_and(|server| server.process == by) {
            return false;
        }
        *server = Some(Server {
            process: by,
            exe,
            version: None,
        });
        true
    }

    /// Who was seen to serve an endpoint.
    pub(super) fn seen_serving(&self, id: EndpointId) -> Option<ProcessKey> {
        self.entries.get(&id)?.seen_serving
    }

    /// Notes that somebody was seen to serve an endpoint.
    pub(super) fn saw_serving(&mut self, id: EndpointId, by: ProcessKey) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.seen_serving = Some(by);
        }
    }

    /// Whether an endpoint's connections are captured.
    pub(super) fn is_watched(&self, id: EndpointId) -> bool {
        self.get(id)
            .is_some_and(|endpoint| endpoint.state == EndpointState::Watched)
    }

    /// The daemons' endpoints, those that are gone too: all but the shims'.
    pub(super) fn daemons(&self) -> impl Iterator<Item = &Endpoint> {
        self.all()
            .filter(|endpoint| endpoint.runtime != Runtime::Shim)
    }

    fn shims(&self) -> impl Iterator<Item = &Endpoint> {
        self.all()
            .filter(|endpoint| endpoint.runtime == Runtime::Shim)
    }

    /// Whether the daemon behind any watched endpoint, no shim, has died.
    pub(super) fn has_lost_its_server(&self) -> bool {
        let watched = self
            .daemons()
            .filter(|endpoint| endpoint.state == EndpointState::Watched);
        watched
            .filter_map(|endpoint| endpoint.server.as_ref())
            .any(|server| !process::is_running(server.process))
    }

    /// Whether somebody listens under this identity now, the same listener as ever or another.
    pub(super) fn is_living(&self, listener: &ListenerKey) -> bool {
        self.living.contains_key(&(listener.device, listener.inode))
    }

    /// Whether somebody is known to serve an endpoint.
    pub(super) fn is_served(&self, id: EndpointId) -> bool {
        self.get(id)
            .is_some_and(|endpoint| endpoint.server.is_some())
    }

    /// Notes a connection that was there before imgtrace. False if there is no such endpoint.
    pub(super) fn joined(&mut self, id: EndpointId) -> bool {
        let entry = self.entries.get_mut(&id);
        entry.map(|entry| entry.endpoint.joined += 1).is_some()
    }

    /// Marks the endpoints that are not among the listeners any more; gives their kernel keys.
    pub(super) fn retain(&mut self, listening: &[Found]) -> Vec<ListenerKey> {
        let listening: HashSet<(u32, u64, u64)> = listening
            .iter()
            .map(|found| (found.listener.device, found.listener.inode, found.address))
            .collect();
        let mut gone = Vec::new();
        for entry in self.entries.values_mut() {
            let listener = entry.endpoint.listener;
            let place = (listener.device, listener.inode);
            let there = listening.contains(&(place.0, place.1, entry.address));
            if !there && entry.endpoint.state != EndpointState::Gone {
                entry.endpoint.state = EndpointState::Gone;
                self.living.remove(&place);
                gone.push(ListenerKey {
                    inode: place.1,
                    device: place.0,
                    reserved: 0,
                });
            }
        }
        gone
    }

    /// Observes every endpoint of which something has changed.
    pub(super) fn say(&mut self, at: Stamp, out: &mut Vec<Observed>) {
        for entry in self.entries.values_mut() {
            if entry.said.as_ref() != Some(&entry.endpoint) {
                entry.said = Some(entry.endpoint.clone());
                out.push(Observed {
                    at,
                    what: Observation::Endpoint(entry.endpoint.clone()),
                });
            }
        }
        self.forget();
    }

    /// Forgets the endpoints that have been gone longest, beyond [`GONE_MAX`] and
    /// [`SHIMS_GONE_MAX`].
    fn forget(&mut self) {
        for (shims, most) in [(true, SHIMS_GONE_MAX), (false, GONE_MAX)] {
            let gone = self.all().filter(|endpoint| {
                endpoint.state == EndpointState::Gone
                    && (endpoint.runtime == Runtime::Shim) == shims
            });
            let gone: Vec<EndpointId> = gone.map(|endpoint| endpoint.id).collect();
            for id in gone.iter().take(gone.len().saturating_sub(most)) {
                self.entries.remove(id);
            }
        }
    }
}

impl Declared {
    /// Whether the user meant this listener: by the path that it bound, or by the file that our own
    /// root shows there.
    fn is(&self, found: &Found) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        if crate::model::canonical(&found.name) == crate::model::canonical(&self.path) {
            return true;
        }
        // Where stat(2) translates numbers (overlay, btrfs) the bound path has to do.
        std::fs::metadata(&self.path).is_ok_and(|file| {
            let device = rustix::fs::major(file.dev()) << 20 | rustix::fs::minor(file.dev());
            (device, file.ino()) == (found.listener.device, found.listener.inode)
        })
    }

    fn names(&self, endpoint: &Endpoint) -> bool {
        self.is(&Found {
            listener: ListenerKey {
                inode: endpoint.listener.inode,
                device: endpoint.listener.device,
                reserved: 0,
            },
            address: 0,
            name: endpoint.path.clone(),
            server: ProcessKey { pid: 0, start: 0 },
        })
    }
}

#[cfg(test)]
mod tests;
