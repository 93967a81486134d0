//! Whatever is seen in whatever order: nothing panics, and no operation is lost or said twice.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::Trace;
use super::scene::{container, endpoint, id, image, in_group, key, process};
use crate::model::{
    Api, Basis, Correlation, Denial, Endpoint, EndpointId, LossKind, MountId, OciVerb, Op, Outcome,
    Process, ProcessKey, Report, Role, Rootfs, RootfsIdentity, Runtime, Source, Stamp, StoreId,
    Subject,
};
use crate::observation::{Anomaly, ConnectionId, Fact, Observation, Observed, RequestId};

fn some_process() -> impl Strategy<Value = Process> {
    let source = prop_oneof![
        Just(Source::Kernel),
        Just(Source::Accept),
        Just(Source::Proc)
    ];
    let comm = prop_oneof![Just("docker"), Just("haproxy"), Just("dockerd")];
    let group = prop_oneof![
        Just("/system.slice/docker.service".to_owned()),
        Just(format!("/docker/{}", id("a1"))),
        Just(format!("/docker/{}/docker/{}", id("a1"), id("b1"))),
    ];
    (0..6_u32, comm, group, source).prop_map(|(pid, comm, group, source)| Process {
        cgroups: in_group(&group),
        source,
        ..process(pid, comm)
    })
}

fn some_key() -> impl Strategy<Value = ProcessKey> {
    (0..6_u32).prop_map(key)
}

fn some_connection() -> impl Strategy<Value = ConnectionId> {
    (0..6_u64).prop_map(ConnectionId)
}

fn some_subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        Just(Subject::default()),
        Just(image("docker.io/library/abcd:latest")),
        Just(container("web")),
        Just(container("a1")),
        Just(container(&id("a1"))),
        Just(Subject {
            digest: Some(format!("sha256:{}", id("abcd"))),
            ..Subject::default()
        }),
        Just(Subject {
            exec: Some(id("e1")),
            ..Subject::default()
        }),
    ]
}

fn some_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (prop::option::of(Just("web")), prop::option::of(Just("a:1"))).prop_map(|(name, image)| {
            Fact::Container {
                id: id("a1"),
                name: name.map(str::to_owned),
                image: image.map(str::to_owned),
                pod: None,
                sandbox: None,
            }
        }),
        Just(Fact::Image {
            id: format!("sha256:{}", id("abcd")),
            names: vec!["a:1".to_owned()],
        }),
        Just(Fact::Exec {
            id: id("e1"),
            container: "web".to_owned(),
        }),
        Just(Fact::Version {
            version: "28.5.2".to_owned(),
        }),
    ]
}

fn some_api() -> impl Strategy<Value = Api> {
    prop::sample::select(vec![Api::Docker, Api::Cri, Api::Containerd, Api::Shim])
}

fn some_correlation() -> impl Strategy<Value = Correlation> {
    let trace = prop::option::of(Just("5".repeat(32)));
    let lease = prop::option::of(Just(id("a1")));
    (trace, lease, any::<bool>()).prop_map(|(trace, lease, by_client)| Correlation {
        lease,
        trace,
        by_client,
    })
}

fn some_endpoint() -> impl Strategy<Value = Endpoint> {
    let runtime = prop::sample::select(vec![
        Runtime::Docker,
        Runtime::CriDockerd,
        Runtime::Containerd,
        Runtime::Shim,
    ]);
    (0..3_u32, prop::option::of(0..6_u32), runtime).prop_map(|(number, server, runtime)| Endpoint {
        runtime,
        ..endpoint(number, server)
    })
}

fn some_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Pull),
        Just(Op::Create),
        Just(Op::Start),
        Just(Op::RemoveContainer),
        Just(Op::RemoveImage),
        Just(Op::Tag),
        Just(Op::Exec),
    ]
}

fn some_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::Error),
        Just(Outcome::Unknown)
    ]
}

fn about_connections() -> impl Strategy<Value = Observation> {
    let connected = (
        some_connection(),
        0..3_u32,
        prop::option::of(some_key()),
        any::<bool>(),
    );
    prop_oneof![
        some_process().prop_map(Observation::Process),
        some_endpoint().prop_map(Observation::Endpoint),
        connected.prop_map(
            |(connection, endpoint, client, joined)| Observation::Connected {
                connection,
                endpoint: EndpointId(endpoint),
                client,
                joined,
            }
        ),
        (some_connection(), some_key()).prop_map(|(connection, process)| Observation::Speaker {
            connection,
            process,
        }),
        some_connection().prop_map(|connection| Observation::Disconnected { connection }),
        some_key().prop_map(|process| Observation::Refused {
            process,
            path: "/run/docker.sock".to_owned(),
            endpoint: None,
            runtime: Runtime::Docker,
            denial: Denial::default(),
            seen: true,
        }),
    ]
}

/// Requests are numbered by place in the story: a request begins once.
fn about_requests() -> impl Strategy<Value = Observation> {
    let request = || (0..40_u64).prop_map(RequestId);
    prop_oneof![
        3 => (some_connection(), some_api(), some_op(), some_subject(), some_correlation())
            .prop_map(|(connection, api, op, subject, correlation)| Observation::RequestBegan {
                request: RequestId(0),
                connection,
                api,
                op,
                subject,
                began: None,
                basis: Basis::OBSERVED,
                correlation,
            }),
        1 => request().prop_map(|request| Observation::RequestWithdrawn { request }),
        1 => (request(), some_subject())
            .prop_map(|(request, subject)| Observation::RequestProgress { request, subject }),
        2 => (request(), some_outcome(), some_subject()).prop_map(
            |(request, outcome, subject)| Observation::RequestEnded {
                request,
                outcome,
                error: Some("No such container: web".to_owned()),
                subject,
            }
        ),
    ]
}

fn about_the_rest() -> impl Strategy<Value = Observation> {
    prop_oneof![
        (some_connection(), some_fact())
            .prop_map(|(connection, fact)| Observation::Learned { connection, fact }),
        some_connection().prop_map(|connection| Observation::Anomaly {
            connection,
            anomaly: Anomaly::LostFraming,
        }),
        (prop::option::of(some_connection()), 0..9_u64).prop_map(|(connection, records)| {
            Observation::Lost {
                what: LossKind::Buffer,
                connection,
                records,
                bytes: records,
            }
        }),
        Just(Observation::Tick),
    ]
}

fn some_rootfs() -> impl Strategy<Value = Rootfs> {
    let runtime = prop::sample::select(vec![Runtime::Docker, Runtime::Podman, Runtime::Containerd]);
    let role = prop::sample::select(vec![Role::Container, Role::Working, Role::Sandbox]);
    let of = prop::option::of(prop_oneof![Just(id("a1")), Just("web".to_owned())]);
    (0..4_u64, runtime, role, of).prop_map(|(mount, runtime, role, container)| Rootfs {
        mount: MountId(mount),
        path: "/merged".to_owned(),
        host_path: None,
        mount_ns: 1,
        store: Some(StoreId(1)),
        identity: RootfsIdentity {
            container,
            container_name: Some("web".to_owned()),
            restart_policy: Some("always".to_owned()),
            ..RootfsIdentity::new(runtime, role, "overlay2")
        },
    })
}

fn about_the_machine() -> impl Strategy<Value = Observation> {
    let verb = prop::sample::select(vec![OciVerb::Create, OciVerb::Start, OciVerb::Delete]);
    let of = || prop_oneof![Just(id("a1")), Just("web".to_owned())];
    prop_oneof![
        (some_rootfs(), prop::option::of(some_key()), any::<bool>()).prop_map(
            |(rootfs, mounter, already)| Observation::Mounted {
                rootfs,
                mounter,
                already,
            }
        ),
        (0..4_u64).prop_map(|mount| Observation::Unmounted {
            mount: MountId(mount)
        }),
        (some_key(), verb, of()).prop_map(|(process, verb, container)| {
            Observation::OciRuntime {
                process,
                verb,
                container,
                namespace: None,
                bundle: None,
            }
        }),
        (some_key(), of(), any::<bool>()).prop_map(|(process, container, already)| {
            Observation::ContainerRuns {
                container,
                outer: Vec::new(),
                process,
                already,
            }
        }),
    ]
}

/// A story that ends, with requests numbered as they begin and up to two seconds between two lines.
fn some_story() -> impl Strategy<Value = Vec<Observed>> {
    let line = prop_oneof![
        3 => about_connections(),
        3 => about_requests(),
        2 => about_the_machine(),
        1 => about_the_rest()
    ];
    let pace = prop::sample::select(vec![1, 100, 2_000]);
    (prop::collection::vec(line, 0..80), pace).prop_map(|(mut lines, millis)| {
        lines.push(Observation::End);
        let mut requests = 0;
        let numbered = lines.into_iter().zip(1..).map(|(mut what, number)| {
            if let Observation::RequestBegan { request, .. } = &mut what {
                *request = RequestId(requests);
                requests += 1;
            }
            let at = Stamp {
                mono: number * millis * 1_000_000,
                wall: 0,
            };
            Observed { at, what }
        });
        numbered.collect()
    })
}

fn tell(story: &[Observed]) -> Vec<Report> {
    let mut trace = Trace::new();
    let mut reports = Vec::new();
    for observed in story {
        trace.observe(observed, &mut reports);
    }
    reports
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_operation_that_begins_ends_once(story in some_story()) {
        let mut open = BTreeMap::new();
        let mut ended = BTreeSet::new();
        let mut last = 0;
        for report in tell(&story) {
            match report {
                Report::Began(operation) => {
                    prop_assert!(operation.id.0 > last);
                    last = operation.id.0;
                    open.insert(operation.id, operation.op);
                }
                Report::Progress(operation) => {
                    prop_assert!(open.contains_key(&operation.id));
                }
                Report::Ended(operation) if operation.op != Op::ConnectDenied => {
                    prop_assert_eq!(open.remove(&operation.id), Some(operation.op));
                    prop_assert!(operation.outcome.is_some());
                    ended.insert(operation.id);
                }
                Report::Withdrawn { id, .. } => {
                    prop_assert!(open.remove(&id).is_some() || ended.remove(&id));
                }
                Report::Merged { id, into, .. } => {
                    prop_assert!(open.remove(&id).is_some());
                    prop_assert!(open.contains_key(&into) || ended.contains(&into));
                }
                Report::Ended(operation) => {
                    prop_assert!(operation.id.0 > last);
                    last = operation.id.0;
                }
                _ => {}
            }
        }
        prop_assert!(open.is_empty());
    }

    #[test]
    fn the_summary_adds_up(story in some_story()) {
        let reports = tell(&story);
        let Some(Report::Summary(summary)) = reports.last() else {
            panic!("a story ends with its summary");
        };
        let counted: u64 = summary
            .operations
            .iter()
            .map(|count| count.ok + count.error + count.unknown)
            .sum();
        let callers: u64 = summary.callers.iter().map(|count| count.operations).sum();
        let (mut ended, mut findings, mut lost) = (0, 0, 0);
        let mut alive = BTreeMap::new();
        for report in &reports {
            match report {
                Report::Ended(operation) => {
                    alive.insert(operation.id, operation.count);
                    ended += operation.count;
                }
                Report::Withdrawn { id, .. } => ended -= alive.remove(id).unwrap_or(0),
                Report::Finding(_) => findings += 1,
                Report::Loss(loss) => lost += loss.records,
                _ => {}
            }
        }
        prop_assert_eq!(counted, ended);
        prop_assert_eq!(callers + summary.other_callers, ended);
        prop_assert_eq!(summary.findings.iter().map(|it| it.count).sum::<u64>(), findings);
        prop_assert_eq!(summary.losses.iter().map(|it| it.records).sum::<u64>(), lost);
        let told: u64 = story
            .iter()
            .filter_map(|observed| match observed.what {
                Observation::Lost { records, .. } => Some(records),
                _ => None,
            })
            .sum();
        prop_assert_eq!(lost, told, "no loss is lost");
    }

    #[test]
    fn equal_stories_give_equal_reports(story in some_story()) {
        prop_assert_eq!(tell(&story), tell(&story));
    }
}
