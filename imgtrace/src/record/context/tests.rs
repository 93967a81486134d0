use super::*;
use crate::model::{
    Api, Basis, Correlation, EndpointId, Op, Outcome, Role, Rootfs, RootfsIdentity, Runtime,
    Subject,
};

fn at(mono: u64, what: Observation) -> Observed {
    Observed {
        at: Stamp { mono, wall: 0 },
        what,
    }
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey {
        pid,
        start: u64::from(pid),
    }
}

fn process(pid: u32) -> Observation {
    let json = serde_json::json!({
        "pid": pid, "start": pid, "comm": "docker", "exe": null, "args": null, "uid": 0, "gid": 0,
        "user": null, "ancestors": [], "cgroups": {}, "mount_ns": 0, "pid_ns": 0,
        "source": "kernel",
    });
    Observation::Process(serde_json::from_value(json).unwrap())
}

fn connected(connection: u64, pid: u32) -> Observation {
    Observation::Connected {
        connection: ConnectionId(connection),
        endpoint: EndpointId(1),
        client: Some(key(pid)),
        joined: false,
    }
}

fn began(request: u64, connection: u64, image: &str) -> Observation {
    Observation::RequestBegan {
        request: RequestId(request),
        connection: ConnectionId(connection),
        api: Api::Docker,
        op: Op::Pull,
        subject: Subject {
            image: Some(image.to_owned()),
            ..Subject::default()
        },
        began: None,
        basis: Basis::OBSERVED,
        correlation: Correlation::default(),
    }
}

fn observe(context: &mut Context, all: impl IntoIterator<Item = Observation>) {
    for (mono, what) in (1..).zip(all) {
        context.observe(&at(mono, what));
    }
}

#[test]
fn what_has_ended_is_not_repeated() {
    let mut context = Context::default();
    let subject = Subject {
        bytes: Some(7),
        ..Subject::default()
    };
    let more = Observation::RequestProgress {
        request: RequestId(2),
        subject,
    };
    let ended = Observation::RequestEnded {
        request: RequestId(1),
        outcome: Outcome::Ok,
        error: None,
        subject: Subject::default(),
    };
    let gone = Observation::Disconnected {
        connection: ConnectionId(2),
    };
    observe(
        &mut context,
        [
            process(10),
            connected(1, 10),
            connected(2, 10),
            began(1, 1, "a"),
            began(2, 1, "b"),
            began(3, 2, "c"),
            more,
            ended,
            gone,
            Observation::Tick,
        ],
    );
    let alive = context.alive().needed;
    let expected = Subject {
        image: Some("b".to_owned()),
        bytes: Some(7),
        ..Subject::default()
    };
    assert_eq!(alive.len(), 3);
    assert_eq!(alive[0], at(1, process(10)));
    assert_eq!(alive[1], at(2, connected(1, 10)));
    let Observation::RequestBegan {
        request, subject, ..
    } = &alive[2].what
    else {
        panic!("{:?}", alive[2]);
    };
    assert_eq!((*request, subject), (RequestId(2), &expected));
}

#[test]
fn processes_are_bounded_but_for_those_in_use() {
    let mut context = Context::default();
    let many = u32::try_from(MAX_PROCESSES).unwrap() * 3;
    let first = [process(1), connected(1, 1)];
    observe(
        &mut context,
        first.into_iter().chain((2..many).map(process)),
    );
    let Alive { needed, recent } = context.alive();
    assert_eq!(needed, [at(1, process(1)), at(2, connected(1, 1))]);
    assert!(recent.len() <= MAX_PROCESSES + 1, "{}", recent.len());
    assert_eq!(recent[0].what, process(many - 1), "the newest first");
}

#[test]
fn whoever_serves_an_endpoint_is_needed_as_long_as_it_is_there() {
    let endpoint = |pid: u32, state: &str| {
        let json = serde_json::json!({
            "id": "e1", "runtime": "docker", "path": "/a", "listener": {"device": 1, "inode": 2},
            "server": {"pid": pid, "start": pid, "exe": null, "version": null}, "file": null,
            "joined": 0, "state": state,
        });
        Observation::Endpoint(serde_json::from_value(json).unwrap())
    };
    let mut context = Context::default();
    observe(
        &mut context,
        [
            process(1),
            process(2),
            endpoint(1, "watched"),
            endpoint(2, "watched"),
        ],
    );
    let alive = context.alive();
    assert_eq!(
        alive.needed,
        [at(4, endpoint(2, "watched")), at(2, process(2))]
    );
    assert_eq!(alive.recent, [at(1, process(1))]);
    observe(&mut context, [endpoint(2, "gone")]);
    assert!(context.alive().needed.is_empty() && context.used.is_empty());
}

#[test]
fn connections_without_room_are_counted() {
    let mut context = Context::default();
    let many = u64::try_from(MAX_ALIVE).unwrap() + 5;
    observe(
        &mut context,
        (0..many).map(|connection| connected(connection, 1)),
    );
    observe(
        &mut context,
        (0..many).map(|connection| began(connection, 0, "x")),
    );
    let lost = context.alive().needed.pop().unwrap();
    let Observation::Lost { what, records, .. } = lost.what else {
        panic!("{lost:?}")
    };
    assert_eq!((what, records), (LossKind::Table, 5 + many));
    observe(
        &mut context,
        (0..many).map(|connection| Observation::Disconnected {
            connection: ConnectionId(connection),
        }),
    );
    assert!(
        context.alive().needed.is_empty() && context.used.is_empty() && context.requests.is_empty()
    );
}

fn mounted(mount: u64, container: &str) -> Observation {
    Observation::Mounted {
        rootfs: Rootfs {
            mount: MountId(mount),
            path: "/merged".to_owned(),
            host_path: None,
            mount_ns: 1,
            store: None,
            identity: RootfsIdentity {
                container: Some(container.to_owned()),
                ..RootfsIdentity::new(Runtime::Docker, Role::Container, "overlay2")
            },
        },
        mounter: None,
        already: false,
    }
}

fn called(verb: OciVerb, container: &str) -> Observation {
    Observation::OciRuntime {
        process: key(7),
        verb,
        container: container.to_owned(),
        namespace: None,
        bundle: None,
    }
}

#[test]
fn what_runs_and_is_mounted_was_there_before_the_next_file() {
    let mut context = Context::default();
    let unmounted = Observation::Unmounted { mount: MountId(2) };
    observe(
        &mut context,
        [
            mounted(1, "one"),
            called(OciVerb::Create, "one"),
            called(OciVerb::Start, "one"),
            mounted(2, "two"),
            called(OciVerb::Run, "two"),
            unmounted,
            called(OciVerb::Run, "three"),
            called(OciVerb::Delete, "three"),
        ],
    );
    let needed = context.alive().needed;
    let [mount, runs] = needed.as_slice() else {
        panic!("{needed:?}");
    };
    assert!(matches!(
        &mount.what,
        Observation::Mounted { rootfs, already: true, .. } if rootfs.mount == MountId(1)
    ));
    assert!(matches!(
        &runs.what,
        Observation::ContainerRuns { container, already: true, .. } if container == "one"
    ));
}

#[test]
fn a_socket_in_a_container_is_repeated_until_the_container_ends() {
    let held = |container: &str, path: &str| Observation::SocketSeen {
        endpoint: EndpointId(1),
        container: container.to_owned(),
        outer: Vec::new(),
        process: key(1),
        path: path.to_owned(),
        read_only: false,
    };
    let surveyed = Observation::Surveyed { crictl: Vec::new() };
    let mut context = Context::default();
    observe(
        &mut context,
        [
            held("one", "/a"),
            held("one", "/b"),
            held("two", "/a"),
            surveyed.clone(),
            called(OciVerb::Delete, "one"),
        ],
    );
    let needed = context.alive().needed.into_iter().map(|it| it.what);
    assert_eq!(needed.collect::<Vec<_>>(), [held("two", "/a"), surveyed]);
}
