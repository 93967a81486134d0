//! Observations for tests, in the order of a story: each call is one line of a recording.

mod stores;

pub(crate) use stores::{MB, containerd_store, docker_store, packed, sha, stored};

use super::Trace;
use crate::correlate::World;
use crate::model::{
    Ancestor, Api, Basis, Cgroups, Correlation, Endpoint, EndpointId, EndpointState, Finding,
    Listener, Op, Operation, Outcome, Process, ProcessKey, Report, Runtime, Server, Source, Stamp,
    Subject,
};
use crate::observation::{ConnectionId, Fact, Observation, Observed, RequestId};

/// 64 hex digits that begin with `digits` and go on with zeros.
pub(crate) fn id(digits: &str) -> String {
    format!("{digits:0<64}")
}

/// The identity of a process in these stories: started at pid × 10.
pub(crate) fn key(pid: u32) -> ProcessKey {
    ProcessKey {
        pid,
        start: u64::from(pid) * 10,
    }
}

/// A process on the host, called `/usr/bin/comm`, as the kernel described it.
pub(crate) fn process(pid: u32, comm: &str) -> Process {
    Process {
        key: key(pid),
        comm: comm.to_owned(),
        exe: Some(format!("/usr/bin/{comm}")),
        args: Some(vec![comm.to_owned()]),
        args_cut: false,
        uid: 1000,
        gid: 1000,
        user: Some("go".to_owned()),
        ancestors: Vec::new(),
        cgroups: in_group("/user.slice/user-1000.slice/session-3.scope"),
        mount_ns: 1,
        pid_ns: 1,
        source: Source::Kernel,
    }
}

/// Control groups with one path, on v2.
pub(crate) fn in_group(path: &str) -> Cgroups {
    Cgroups {
        v1: None,
        v2: Some(path.to_owned()),
    }
}

/// A chain of ancestors, parent first, pids from 900 down.
pub(crate) fn ancestors(comms: &[&str]) -> Vec<Ancestor> {
    let pids = (1..=900).rev();
    let named = pids.zip(comms);
    named
        .map(|(pid, comm)| Ancestor {
            key: key(pid),
            comm: (*comm).to_owned(),
        })
        .collect()
}

/// A docker endpoint at `/run/docker.sock`, served by `server`.
pub(crate) fn endpoint(number: u32, server: Option<u32>) -> Endpoint {
    Endpoint {
        id: EndpointId(number),
        runtime: Runtime::Docker,
        path: "/run/docker.sock".to_owned(),
        listener: Listener {
            device: 25,
            inode: u64::from(number),
        },
        server: server.map(|pid| Server {
            process: key(pid),
            exe: None,
            version: None,
        }),
        file: None,
        joined: 0,
        state: EndpointState::Watched,
    }
}

/// A subject with an image.
pub(crate) fn image(name: &str) -> Subject {
    Subject {
        image: Some(name.to_owned()),
        ..Subject::default()
    }
}

/// A subject with a container.
pub(crate) fn container(given: &str) -> Subject {
    Subject {
        container: Some(given.to_owned()),
        ..Subject::default()
    }
}

/// A request with everything that may be known of it.
pub(crate) struct Asked {
    pub(crate) api: Api,
    pub(crate) connection: u64,
    pub(crate) op: Op,
    pub(crate) subject: Subject,
    pub(crate) began: Option<Stamp>,
    pub(crate) basis: Basis,
    pub(crate) correlation: Correlation,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            api: Api::Docker,
            connection: 1,
            op: Op::Pull,
            subject: Subject::default(),
            began: None,
            basis: Basis::OBSERVED,
            correlation: Correlation::default(),
        }
    }
}

/// A run that is told line by line; a millisecond lies between two lines.
pub(crate) struct Scene {
    trace: Trace,
    pub(super) millis: u64,
    requests: u64,
    /// Everything that was reported so far.
    pub(crate) reports: Vec<Report>,
    /// Every line, to tell the story again.
    pub(crate) told: Vec<Observed>,
}

impl Scene {
    /// Nothing has been seen.
    pub(crate) fn new() -> Self {
        Self {
            trace: Trace::new(),
            millis: 0,
            requests: 0,
            reports: Vec::new(),
            told: Vec::new(),
        }
    }

    /// A host's dockerd (pid 800) behind endpoint 1.
    pub(crate) fn with_docker() -> Self {
        let mut scene = Self::new();
        let mut dockerd = process(800, "dockerd");
        dockerd.cgroups = in_group("/system.slice/docker.service");
        scene.process(dockerd);
        scene.see(Observation::Endpoint(endpoint(1, Some(800))));
        scene
    }

    pub(crate) fn now(&self) -> Stamp {
        Stamp {
            mono: self.millis * 1_000_000,
            wall: i64::try_from(self.millis * 1_000).unwrap(),
        }
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.millis += millis;
    }

    /// Tells one line; returns what it made to show.
    pub(crate) fn see(&mut self, what: Observation) -> &[Report] {
        self.millis += 1;
        let observed = Observed {
            at: self.now(),
            what,
        };
        let before = self.reports.len();
        self.trace.observe(&observed, &mut self.reports);
        self.told.push(observed);
        &self.reports[before..]
    }

    pub(crate) fn process(&mut self, process: Process) {
        self.see(Observation::Process(process));
    }

    /// A process connects to an endpoint.
    pub(crate) fn connect(&mut self, connection: u64, endpoint: u32, pid: u32) {
        self.see(Observation::Connected {
            connection: ConnectionId(connection),
            endpoint: EndpointId(endpoint),
            client: Some(key(pid)),
            joined: false,
        });
    }

    pub(crate) fn disconnect(&mut self, connection: u64) {
        self.see(Observation::Disconnected {
            connection: ConnectionId(connection),
        });
    }

    pub(crate) fn speak(&mut self, connection: u64, pid: u32) {
        self.see(Observation::Speaker {
            connection: ConnectionId(connection),
            process: key(pid),
        });
    }

    pub(crate) fn learn(&mut self, connection: u64, fact: Fact) {
        self.see(Observation::Learned {
            connection: ConnectionId(connection),
            fact,
        });
    }

    /// A daemon `comm` behind an endpoint, at `/run/comm.sock`.
    pub(crate) fn daemon(&mut self, number: u32, runtime: Runtime, pid: u32, comm: &str) {
        self.process(process(pid, comm));
        self.see(Observation::Endpoint(Endpoint {
            runtime,
            path: format!("/run/{comm}.sock"),
            ..endpoint(number, Some(pid))
        }));
    }

    /// A request of Docker's API is understood; returns its number.
    pub(crate) fn begin(&mut self, connection: u64, op: Op, subject: Subject) -> RequestId {
        self.begin_in(Api::Docker, connection, op, subject)
    }

    /// A request is understood; returns its number.
    pub(crate) fn begin_in(
        &mut self,
        api: Api,
        connection: u64,
        op: Op,
        subject: Subject,
    ) -> RequestId {
        self.begin_as(Asked {
            api,
            connection,
            op,
            subject,
            ..Asked::default()
        })
    }

    /// A request is understood, with everything that may be known of it; returns its number.
    pub(crate) fn begin_as(&mut self, asked: Asked) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.see(Observation::RequestBegan {
            request,
            connection: ConnectionId(asked.connection),
            api: asked.api,
            op: asked.op,
            subject: asked.subject,
            began: asked.began,
            basis: asked.basis,
            correlation: asked.correlation,
        });
        request
    }

    /// A request has ended well, without a look at what that made.
    pub(crate) fn finish(&mut self, request: RequestId, subject: Subject) {
        self.see(Observation::RequestEnded {
            request,
            outcome: Outcome::Ok,
            error: None,
            subject,
        });
    }

    /// A request that works at once, with no operation of its own expected.
    pub(crate) fn pass(&mut self, api: Api, connection: u64, op: Op, subject: Subject) {
        let request = self.begin_in(api, connection, op, subject);
        self.finish(request, Subject::default());
    }

    /// A second goes by.
    pub(crate) fn tick(&mut self) {
        self.wait(1_000);
        self.see(Observation::Tick);
    }

    /// A request has worked.
    pub(crate) fn end(&mut self, request: RequestId, subject: Subject) -> Operation {
        self.see(Observation::RequestEnded {
            request,
            outcome: Outcome::Ok,
            error: None,
            subject,
        });
        self.last_ended()
    }

    /// A request has failed.
    pub(crate) fn fail(&mut self, request: RequestId, error: &str) -> Operation {
        self.see(Observation::RequestEnded {
            request,
            outcome: Outcome::Error,
            error: Some(error.to_owned()),
            subject: Subject::default(),
        });
        self.last_ended()
    }

    /// A request that works at once, and what it became.
    pub(crate) fn ask(&mut self, connection: u64, op: Op, subject: Subject) -> Operation {
        let request = self.begin(connection, op, subject);
        self.end(request, Subject::default())
    }

    /// A container is created on a connection.
    pub(crate) fn create(&mut self, connection: u64, name: &str, of: &str, id: &str) -> Operation {
        let named = Subject {
            container_name: Some(name.to_owned()),
            ..image(of)
        };
        let request = self.begin(connection, Op::Create, named);
        self.end(request, container(id))
    }

    /// What is known at this point.
    pub(crate) fn world(&self) -> &World {
        self.trace.correlator.world()
    }

    pub(crate) fn last_ended(&self) -> Operation {
        self.ended().last().unwrap().clone()
    }

    pub(crate) fn last_began(&self) -> Operation {
        let began = self.reports.iter().rev().find_map(|report| match report {
            Report::Began(operation) => Some(operation.clone()),
            _ => None,
        });
        began.unwrap()
    }

    /// Operations that ended, in order.
    pub(crate) fn ended(&self) -> Vec<Operation> {
        let ended = self.reports.iter().filter_map(|report| match report {
            Report::Ended(operation) => Some(operation.clone()),
            _ => None,
        });
        ended.collect()
    }

    /// Findings so far.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let findings = self.reports.iter().filter_map(|report| match report {
            Report::Finding(finding) => Some(finding.clone()),
            _ => None,
        });
        findings.collect()
    }
}
