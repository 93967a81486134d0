//! Any observation that there can be, for the tests of this folder.

mod mounts;
mod stores;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::model::*;
use crate::observation::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z0-9./:@-]{0,40}"]
}

fn key() -> impl Strategy<Value = ProcessKey> {
    any::<(u32, u64)>().prop_map(|(pid, start)| ProcessKey { pid, start })
}

pub(super) fn stamp() -> impl Strategy<Value = Stamp> {
    any::<(u64, i64)>().prop_map(|(mono, wall)| Stamp { mono, wall })
}

fn runtime() -> impl Strategy<Value = Runtime> {
    use Runtime::*;
    proptest::sample::select(vec![
        Docker, Podman, Containerd, CriO, CriDockerd, Dockershim, BuildKit, Shim, Cri,
    ])
}

fn op() -> impl Strategy<Value = Op> {
    proptest::sample::select(vec![
        Op::Pull,
        Op::AddImage,
        Op::RemoveImage,
        Op::RunSandbox,
        Op::ConnectDenied,
        Op::Exec,
    ])
}

fn server() -> impl Strategy<Value = Server> {
    (key(), option::of(text()), option::of(text())).prop_map(|(process, exe, version)| Server {
        process,
        exe,
        version,
    })
}

fn file() -> impl Strategy<Value = SocketFile> {
    (
        any::<(u32, u32, u32)>(),
        option::of(text()),
        option::of(text()),
    )
        .prop_map(|((mode, uid, gid), owner, group)| SocketFile {
            mode,
            uid,
            gid,
            owner,
            group,
        })
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let identity = (any::<u32>(), runtime(), text(), any::<(u32, u64)>());
    (
        identity,
        option::of(server()),
        option::of(file()),
        any::<u32>(),
        any::<bool>(),
    )
        .prop_map(
            |((id, runtime, path, (device, inode)), server, file, joined, gone)| Endpoint {
                id: EndpointId(id),
                runtime,
                path,
                listener: Listener { device, inode },
                server,
                file,
                joined,
                state: if gone {
                    EndpointState::Gone
                } else {
                    EndpointState::Watched
                },
            },
        )
}

fn process() -> impl Strategy<Value = Process> {
    let ancestor = (key(), text()).prop_map(|(key, comm)| Ancestor { key, comm });
    let cgroups = (option::of(text()), option::of(text())).prop_map(|(v1, v2)| Cgroups { v1, v2 });
    let program = (
        text(),
        option::of(text()),
        option::of(vec(text(), 0..4)),
        any::<bool>(),
    );
    (
        key(),
        program,
        any::<[u32; 4]>(),
        option::of(text()),
        vec(ancestor, 0..4),
        cgroups,
    )
        .prop_map(
            |(
                key,
                (comm, exe, args, args_cut),
                [uid, gid, mount_ns, pid_ns],
                user,
                ancestors,
                cgroups,
            )| {
                let source = if uid % 2 == 0 {
                    Source::Kernel
                } else {
                    Source::Proc
                };
                Process {
                    key,
                    comm,
                    exe,
                    args,
                    args_cut,
                    uid,
                    gid,
                    user,
                    ancestors,
                    cgroups,
                    mount_ns,
                    pid_ns,
                    source,
                }
            },
        )
}

fn pod() -> impl Strategy<Value = Pod> {
    (option::of(text()), option::of(text()), option::of(text())).prop_map(
        |(namespace, name, uid)| Pod {
            namespace,
            name,
            uid,
        },
    )
}

/// Boxed, as it is large and stands in several others: the tests run on small stacks.
fn subject() -> BoxedStrategy<Subject> {
    let texts = proptest::array::uniform10(option::of(text()));
    let numbers = (
        option::of(any::<u64>()),
        option::of(any::<u64>()),
        any::<bool>(),
    );
    let bind = (text(), text(), any::<bool>());
    let bind = bind.prop_map(|(source, target, read_only)| Bind {
        source,
        target,
        read_only,
    });
    let lists = (vec(text(), 0..3), vec(bind, 0..3));
    (texts, lists, option::of(pod()), numbers)
        .prop_map(
            |(texts, (images, binds), pod, (bytes, bytes_total, all_tags))| {
                let [
                    image,
                    digest,
                    platform,
                    target,
                    container,
                    container_name,
                    sandbox,
                    namespace,
                    what,
                    exec,
                ] = texts;
                let digest_kind = digest.is_some().then_some(DigestKind::Index);
                Subject {
                    image,
                    images,
                    all_tags,
                    digest,
                    digest_kind,
                    platform,
                    target,
                    container,
                    container_name,
                    sandbox,
                    binds,
                    pod,
                    namespace,
                    bytes,
                    bytes_total,
                    what,
                    exec,
                }
            },
        )
        .boxed()
}

fn denial() -> impl Strategy<Value = Denial> {
    proptest::array::uniform4(option::of(text())).prop_map(
        |[socket_mode, socket_owner, socket_group, needed_group]| Denial {
            errno: "EACCES".to_owned(),
            socket_mode,
            socket_owner,
            socket_group,
            needed_gid: needed_group.is_some().then_some(998),
            needed_group,
        },
    )
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (
            text(),
            option::of(text()),
            option::of(text()),
            option::of(pod()),
            option::of(text())
        )
            .prop_map(|(id, name, image, pod, sandbox)| Fact::Container {
                id,
                name,
                image,
                pod,
                sandbox
            }),
        (text(), pod()).prop_map(|(id, pod)| Fact::Sandbox { id, pod }),
        (text(), vec(text(), 0..3)).prop_map(|(id, names)| Fact::Image { id, names }),
        (text(), text()).prop_map(|(id, container)| Fact::Exec { id, container }),
        text().prop_map(|version| Fact::Version { version }),
        (text(), proptest::option::of(text())).prop_map(|(version, newest)| Fact::ApiVersion {
            api: Api::Docker,
            version,
            newest,
        }),
    ]
}

fn basis() -> impl Strategy<Value = Basis> {
    prop_oneof![
        Just(Basis::OBSERVED),
        vec(text(), 0..3).prop_map(Basis::inferred)
    ]
}

fn correlation() -> impl Strategy<Value = Correlation> {
    (option::of(text()), option::of(text()), any::<bool>()).prop_map(|(lease, trace, by_client)| {
        Correlation {
            lease,
            trace,
            by_client,
        }
    })
}

fn connection() -> impl Strategy<Value = ConnectionId> {
    any::<u64>().prop_map(ConnectionId)
}

fn request() -> impl Strategy<Value = Observation> {
    let id = || any::<u64>().prop_map(RequestId);
    let outcome = proptest::sample::select(vec![Outcome::Ok, Outcome::Error, Outcome::Unknown]);
    let api = proptest::sample::select(vec![Api::Docker, Api::BuildKit, Api::Cri]);
    prop_oneof![
        (
            id(),
            connection(),
            api,
            op(),
            subject(),
            option::of(stamp()),
            basis(),
            correlation()
        )
            .prop_map(
                |(request, connection, api, op, subject, began, basis, correlation)| {
                    Observation::RequestBegan {
                        request,
                        connection,
                        api,
                        op,
                        subject,
                        began,
                        basis,
                        correlation,
                    }
                }
            ),
        (id(), subject())
            .prop_map(|(request, subject)| Observation::RequestProgress { request, subject }),
        id().prop_map(|request| Observation::RequestWithdrawn { request }),
        (id(), outcome, option::of(text()), subject()).prop_map(
            |(request, outcome, error, subject)| Observation::RequestEnded {
                request,
                outcome,
                error,
                subject
            }
        ),
    ]
}

fn incident() -> impl Strategy<Value = Observation> {
    let endpoint = || option::of(any::<u32>().prop_map(EndpointId));
    prop_oneof![
        (
            key(),
            text(),
            endpoint(),
            runtime(),
            denial(),
            any::<bool>()
        )
            .prop_map(|(process, path, endpoint, runtime, denial, seen)| {
                Observation::Refused {
                    process,
                    path,
                    endpoint,
                    runtime,
                    denial,
                    seen,
                }
            }),
        (connection(), fact())
            .prop_map(|(connection, fact)| Observation::Learned { connection, fact }),
        connection().prop_map(|connection| Observation::Anomaly {
            connection,
            anomaly: Anomaly::TooManyPending
        }),
        (option::of(connection()), any::<u64>(), any::<u64>()).prop_map(
            |(connection, records, bytes)| Observation::Lost {
                what: LossKind::Buffer,
                connection,
                records,
                bytes
            }
        ),
        (text(), text(), endpoint()).prop_map(|(about, text, endpoint)| Observation::Notice {
            about,
            text,
            endpoint
        }),
    ]
}

pub(crate) fn observed() -> impl Strategy<Value = Observed> {
    let what = prop_oneof![
        endpoint().prop_map(Observation::Endpoint).boxed(),
        process().prop_map(Observation::Process).boxed(),
        (connection(), any::<u32>(), option::of(key()), any::<bool>()).prop_map(
            |(connection, endpoint, client, joined)| Observation::Connected {
                connection,
                endpoint: EndpointId(endpoint),
                client,
                joined
            }
        ),
        (connection(), key()).prop_map(|(connection, process)| Observation::Speaker {
            connection,
            process
        }),
        connection().prop_map(|connection| Observation::Disconnected { connection }),
        request().boxed(),
        incident().boxed(),
        mounts::seen().boxed(),
        stores::seen().boxed(),
        Just(Observation::Tick),
    ];
    (stamp(), what).prop_map(|(at, what)| Observed { at, what })
}
