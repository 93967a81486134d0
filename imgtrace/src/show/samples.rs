//! Reports that a morning might bring, for the tests of this folder.

mod start;

use crate::model::*;
use crate::observation::Anomaly;
pub(super) use start::{restarted, start, store};

/// 2026-01-01 12:04:07.113 in [`zone`], that many milliseconds later.
pub(super) fn at(millis: u32) -> Stamp {
    Stamp {
        mono: 1_000_000_000 + u64::from(millis) * 1_000_000,
        wall: 1_767_265_447_113_000 + i64::from(millis) * 1_000,
    }
}

/// An hour east of UTC.
pub(super) fn zone() -> super::Zone {
    super::Zone {
        name: Some("Europe/Berlin".to_owned()),
        offset: 3_600,
        changes: Vec::new(),
    }
}

pub(super) fn id(digits: &str) -> String {
    digits.chars().cycle().take(64).collect()
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey {
        pid,
        start: u64::from(pid) * 10,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "most fields are optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// `comm` of user go, called from a shell over ssh.
pub(super) fn caller(comm: &str) -> Caller {
    let above = [
        (4700, "bash"),
        (4600, "sshd"),
        (4500, "sshd"),
        (1, "systemd"),
    ];
    Caller {
        key: key(4711),
        comm: comm.chars().take(15).collect(),
        exe: Some(format!("/usr/bin/{comm}")),
        args: Some(vec![comm.to_owned(), "pull".to_owned(), "a b".to_owned()]),
        uid: 1000,
        user: text("go"),
        ancestors: above
            .map(|(pid, comm)| Ancestor {
                key: key(pid),
                comm: comm.to_owned(),
            })
            .to_vec(),
        unit: text("session-3.scope"),
        container: None,
        pod: None,
    }
}

/// `docker-compose` below make, in a container of pod ci/runner-0.
pub(super) fn in_pod() -> Caller {
    Caller {
        exe: text("/usr/libexec/docker/cli-plugins/docker-compose"),
        uid: 0,
        user: text("root"),
        ancestors: vec![
            Ancestor {
                key: key(90),
                comm: "make".to_owned(),
            },
            Ancestor {
                key: key(80),
                comm: "bash".to_owned(),
            },
        ],
        unit: None,
        container: Some(CallerContainer {
            id: id("9f8e7d6c"),
            name: text("agent"),
            image: text("docker.io/library/agent:2"),
            runtime: Some(Runtime::Containerd),
            outer: Vec::new(),
        }),
        pod: Some(Pod {
            namespace: text("ci"),
            name: text("runner-0"),
            uid: text("11111111-2222-3333-4444-555555555555"),
        }),
        ..caller("docker-compose")
    }
}

pub(super) fn docker() -> EndpointRef {
    EndpointRef {
        id: Some(EndpointId(1)),
        runtime: Runtime::Docker,
        api: Some(Api::Docker),
        path: text("/run/docker.sock"),
    }
}

/// An operation that took 812.4 ms and worked.
pub(super) fn operation(op: Op, subject: Subject) -> Operation {
    Operation {
        id: OperationId(17),
        at: at(0),
        ended_at: Some(Stamp {
            mono: at(0).mono + 812_400_000,
            wall: at(0).wall + 812_400,
        }),
        op,
        subject,
        endpoint: docker(),
        caller: Some(caller("docker")),
        hops: Vec::new(),
        outcome: Some(Outcome::Ok),
        error: None,
        confidence: Confidence::Observed,
        inferred_fields: Vec::new(),
        evidence: Vec::new(),
        store: None,
        rootfs: None,
        cause: None,
        restarts: None,
        count: 1,
        denial: None,
        unasked: false,
        retry_of: None,
    }
}

pub(super) fn image(name: &str) -> Subject {
    Subject {
        image: text(name),
        ..Subject::default()
    }
}

pub(super) fn container(name: &str, digits: &str) -> Subject {
    Subject {
        container: Some(id(digits)),
        container_name: text(name),
        ..Subject::default()
    }
}

pub(super) fn pull() -> Operation {
    operation(
        Op::Pull,
        Subject {
            digest: Some(format!("sha256:{}", id("ab12cd34"))),
            digest_kind: Some(DigestKind::Index),
            platform: text("linux/amd64"),
            ..image("docker.io/library/nginx:1.27")
        },
    )
}

/// A pull that failed, and whose image has a long name.
pub(super) fn failed() -> Operation {
    Operation {
        outcome: Some(Outcome::Error),
        error: text("pull access denied for team/private,\nrepository does not exist"),
        ..operation(
            Op::Pull,
            image("registry.example.com:5000/platform/team/private-service:2026.01.01"),
        )
    }
}

pub(super) fn running() -> Operation {
    Operation {
        ended_at: None,
        outcome: None,
        subject: Subject {
            bytes: Some(34_000_000),
            bytes_total: Some(187_000_000),
            ..image("docker.io/library/nginx:1.27")
        },
        ..pull()
    }
}

/// ann may not use Docker's socket.
pub(super) fn denied() -> Operation {
    let caller = Caller {
        user: text("ann"),
        uid: 1001,
        ..caller("docker")
    };
    Operation {
        ended_at: Some(at(0)),
        caller: Some(caller),
        endpoint: EndpointRef {
            api: None,
            ..docker()
        },
        outcome: Some(Outcome::Error),
        error: text("permission denied: /run/docker.sock is root:docker 0660"),
        confidence: Confidence::Inferred,
        inferred_fields: vec!["errno".to_owned()],
        denial: Some(Denial {
            errno: "EACCES".to_owned(),
            socket_mode: text("0660"),
            socket_owner: text("root"),
            socket_group: text("docker"),
            needed_group: text("docker"),
            needed_gid: Some(998),
        }),
        ..operation(Op::ConnectDenied, Subject::default())
    }
}

pub(super) fn endpoint(number: u32) -> Endpoint {
    Endpoint {
        id: EndpointId(number),
        runtime: Runtime::Docker,
        path: "/run/docker.sock".to_owned(),
        listener: Listener {
            device: 25,
            inode: 1234,
        },
        server: Some(Server {
            process: key(812),
            exe: text("/usr/bin/dockerd"),
            version: text("28.5.2"),
        }),
        file: Some(SocketFile {
            mode: 0o140_660,
            uid: 0,
            gid: 999,
            owner: text("root"),
            group: None,
        }),
        joined: 3,
        state: EndpointState::Watched,
    }
}

pub(super) fn dood() -> Finding {
    let summary = "pod ci/runner-0 (containerd) drives /run/docker.sock: web runs beside it";
    Finding {
        evidence: vec!["docker-compose (pid 4711) is in container 9f8e7d6c".to_owned()],
        image: text("docker.io/library/nginx:1.27"),
        operations: vec![OperationId(18)],
        ..Finding::new(at(948), Rule::Dood, Severity::Warning, summary.to_owned())
    }
}

/// A finding with all that one may say.
pub(super) fn double_pull() -> Finding {
    let summary = "docker.io/library/nginx:1.27 is in docker:/var/lib/docker already (187 MB); \
                   containerd fetches it again";
    let store = |number, kind, root: &str, namespace| StoreRef {
        id: StoreId(number),
        kind,
        root: root.to_owned(),
        namespace,
    };
    Finding {
        evidence: vec!["both manifests are sha256:1111".to_owned()],
        stores: vec![
            store(1, StoreKind::Docker, "/var/lib/docker", None),
            store(
                2,
                StoreKind::Containerd,
                "/var/lib/containerd",
                text("k8s.io"),
            ),
        ],
        fetched_bytes: Some(71_000_000),
        wasted_bytes: Some(187_000_000),
        remedy: text("docker rmi docker.io/library/nginx:1.27, if only Kubernetes needs it"),
        count: 2,
        ..Finding::new(
            at(950),
            Rule::DoublePull,
            Severity::Warning,
            summary.to_owned(),
        )
    }
}

pub(super) fn loss() -> Loss {
    Loss {
        at: at(1_000),
        what: LossKind::Buffer,
        endpoint: Some(EndpointId(1)),
        connection: Some(7),
        records: 120,
        bytes: 1_234_567,
    }
}

pub(super) fn notice() -> Notice {
    Notice {
        at: at(1_001),
        about: "tcp-listener".to_owned(),
        text: "dockerd (pid 812) also listens on TCP: what comes in there is not seen".to_owned(),
        endpoint: Some(EndpointId(1)),
    }
}

pub(super) fn summary() -> Summary {
    Summary {
        began: at(0),
        at: at(353_000),
        operations: vec![
            OperationCount {
                op: Op::Pull,
                ok: 3,
                error: 1,
                unknown: 0,
            },
            OperationCount {
                op: Op::RemoveContainer,
                ok: 1,
                error: 0,
                unknown: 2,
            },
        ],
        callers: vec![
            CallerCount {
                place: text("pod ci/runner-0"),
                program: "docker-compose".to_owned(),
                operations: 5,
            },
            CallerCount {
                place: None,
                program: "docker".to_owned(),
                operations: 1,
            },
        ],
        other_callers: 1,
        findings: vec![FindingCount {
            rule: Rule::Dood,
            severity: Severity::Warning,
            count: 2,
        }],
        endpoints: vec![EndpointCount {
            id: EndpointId(1),
            runtime: Runtime::Docker,
            path: "/run/docker.sock".to_owned(),
            connections: 12,
            operations: 7,
        }],
        losses: vec![LossCount {
            what: LossKind::Buffer,
            records: 120,
            bytes: 1_234_567,
        }],
        anomalies: vec![AnomalyCount {
            anomaly: Anomaly::MalformedHead,
            count: 1,
        }],
    }
}

/// One report of each kind, in the order in which they might come.
pub(super) fn morning() -> Vec<Report> {
    vec![
        Report::Endpoint(at(0), endpoint(1)),
        Report::Began(pull()),
        Report::Progress(running()),
        Report::Ended(pull()),
        Report::Ended(failed()),
        Report::Ended(start()),
        Report::Finding(dood()),
        Report::Finding(double_pull()),
        Report::Store(at(949), StoreId(1), store()),
        Report::Ended(restarted()),
        Report::Ended(denied()),
        Report::Loss(loss()),
        Report::Notice(notice()),
        Report::Endpoint(
            at(1_002),
            Endpoint {
                state: EndpointState::Gone,
                ..endpoint(1)
            },
        ),
        Report::Summary(summary()),
    ]
}

/// What a renderer makes of reports.
pub(super) fn rendered(settings: super::Settings, reports: &[Report]) -> String {
    let mut renderer = super::Renderer::new(settings);
    let mut out = Vec::new();
    for report in reports {
        renderer.render(report, &mut out);
    }
    String::from_utf8(out).unwrap()
}
