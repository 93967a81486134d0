//! What it costs to find the operation that a daemon's request is part of, while many others are under way.
//!
//! `cargo bench -p imgtrace --bench correlate`. One round is one request of a client of cri-dockerd and
//! the one that cri-dockerd makes of dockerd for it: four observations, which become one operation.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use imgtrace::model::{
    Api, Basis, Correlation, Endpoint, EndpointId, EndpointState, Listener, Op, Outcome,
    ProcessKey, Report, Runtime, Server, Stamp, Subject,
};
use imgtrace::observation::{ConnectionId, Observation, Observed, RequestId};
use imgtrace::trace::Trace;

/// Clients' requests that are under way all the time.
const MANY: [u64; 3] = [0, 1_000, 8_000];

/// What the requests of a round have in common with each other alone.
#[derive(Clone, Copy)]
enum About {
    /// A container by its id, in a stop.
    Container,
    /// An image, in a pull.
    Image,
}

impl About {
    const fn op(self) -> Op {
        match self {
            Self::Container => Op::Stop,
            Self::Image => Op::Pull,
        }
    }

    fn subject(self, number: u64) -> Subject {
        let mut subject = Subject::default();
        match self {
            Self::Container => subject.container = Some(format!("{number:064x}")),
            Self::Image => subject.image = Some(format!("docker.io/library/of-{number}:1")),
        }
        subject
    }
}

const CLIENT: u32 = 700;
const CRI_DOCKERD: u32 = 800;
const DOCKERD: u32 = 900;

const fn key(pid: u32) -> ProcessKey {
    ProcessKey { pid, start: 1 }
}

/// A client's connection to cri-dockerd, and cri-dockerd's to dockerd.
const OUTER: u64 = 1;
const INNER: u64 = 2;

struct Wave {
    trace: Trace,
    requests: u64,
    micros: u64,
    reports: Vec<Report>,
}

impl Wave {
    /// The two daemons, and clients' requests that go on for ever.
    fn with(about: About, under_way: u64) -> Self {
        let mut wave = Self {
            trace: Trace::new(),
            requests: 0,
            micros: 0,
            reports: Vec::new(),
        };
        for (number, runtime, server) in [
            (1, Runtime::CriDockerd, CRI_DOCKERD),
            (2, Runtime::Docker, DOCKERD),
        ] {
            wave.see(Observation::Endpoint(Endpoint {
                id: EndpointId(number),
                runtime,
                path: format!("/run/{number}.sock"),
                listener: Listener {
                    device: 25,
                    inode: u64::from(number),
                },
                server: Some(Server {
                    process: key(server),
                    exe: None,
                    version: None,
                }),
                file: None,
                joined: 0,
                state: EndpointState::Watched,
            }));
        }
        for (connection, endpoint, client) in [(OUTER, 1, CLIENT), (INNER, 2, CRI_DOCKERD)] {
            wave.see(Observation::Connected {
                connection: ConnectionId(connection),
                endpoint: EndpointId(endpoint),
                client: Some(key(client)),
                joined: false,
            });
        }
        for number in 0..under_way {
            wave.begin(OUTER, Api::Cri, about, number);
        }
        wave
    }

    /// Tells an observation, 50 µs after the last.
    fn see(&mut self, what: Observation) {
        self.micros += 50;
        let at = Stamp {
            mono: self.micros * 1_000,
            wall: 0,
        };
        self.trace
            .observe(&Observed { at, what }, &mut self.reports);
    }

    fn begin(&mut self, connection: u64, api: Api, about: About, number: u64) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.see(Observation::RequestBegan {
            request,
            connection: ConnectionId(connection),
            api,
            op: about.op(),
            subject: about.subject(number),
            began: None,
            basis: Basis::OBSERVED,
            correlation: Correlation::default(),
        });
        request
    }

    fn end(&mut self, request: RequestId) {
        self.see(Observation::RequestEnded {
            request,
            outcome: Outcome::Ok,
            error: None,
            subject: Subject::default(),
        });
    }

    fn round(&mut self, about: About) {
        let number = 1_000_000 + self.requests;
        let outer = self.begin(OUTER, Api::Cri, about, number);
        let inner = self.begin(INNER, Api::Docker, about, number);
        self.end(inner);
        self.reports.clear();
        self.end(outer);
        let whole = |report: &Report| matches!(report, Report::Ended(it) if it.hops.len() == 1);
        assert!(self.reports.iter().any(whole), "the two are one operation");
    }
}

fn joining(criterion: &mut Criterion) {
    for (name, about) in [
        ("joining by id", About::Container),
        ("joining by image", About::Image),
    ] {
        let mut group = criterion.benchmark_group(name);
        for many in MANY {
            let mut wave = Wave::with(about, many);
            group.bench_function(BenchmarkId::from_parameter(many), |bencher| {
                bencher.iter(|| black_box(&mut wave).round(about));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = joining
}
criterion_main!(benches);
