//! What is seen of root file systems and containers on the machine itself.

use super::*;

fn rootfs() -> BoxedStrategy<Rootfs> {
    let texts = proptest::array::uniform9(option::of(text()));
    let numbers = proptest::array::uniform3(option::of(any::<u32>()));
    let role = proptest::sample::select(vec![
        Role::Container,
        Role::Sandbox,
        Role::Working,
        Role::Build,
    ]);
    let place = (any::<u64>(), text(), option::of(text()), any::<u32>());
    let evidence = vec(text(), 0..3);
    (place, runtime(), role, texts, numbers, evidence)
        .prop_map(|(place, runtime, role, texts, numbers, evidence)| {
            let (mount, path, host_path, mount_ns) = place;
            let [
                container,
                container_name,
                namespace,
                sandbox,
                image,
                digest,
                chain_id,
                restart_policy,
                swarm_service,
            ] = texts;
            let [layers, restarts, store] = numbers;
            Rootfs {
                mount: MountId(mount),
                path,
                host_path,
                mount_ns,
                store: store.map(StoreId),
                identity: RootfsIdentity {
                    container,
                    container_name,
                    namespace,
                    sandbox,
                    image,
                    digest_kind: digest.is_some().then_some(DigestKind::Config),
                    digest,
                    chain_id,
                    layers,
                    bytes: layers.map(u64::from),
                    restart_policy,
                    restarts,
                    swarm_service,
                    evidence,
                    ..RootfsIdentity::new(runtime, role, "overlay2")
                },
            }
        })
        .boxed()
}

fn held_socket() -> impl Strategy<Value = Observation> {
    let place = (text(), vec(text(), 0..3), text());
    (any::<u32>(), place, key(), any::<bool>()).prop_map(
        |(endpoint, (container, outer, path), process, read_only)| Observation::SocketSeen {
            endpoint: EndpointId(endpoint),
            container,
            outer,
            process,
            path,
            read_only,
        },
    )
}

fn crictl() -> impl Strategy<Value = CrictlConfig> {
    let socket = option::of(any::<(u32, u64)>());
    let address = || {
        (text(), socket.clone()).prop_map(|(address, socket)| CriAddress {
            address,
            socket: socket.map(|(device, inode)| Listener { device, inode }),
        })
    };
    let addresses = (option::of(address()), option::of(address()));
    (text(), any::<bool>(), addresses, option::of(text())).prop_map(
        |(file, found, (runtime, image), problem)| CrictlConfig {
            file,
            found,
            runtime,
            image,
            problem,
        },
    )
}

/// What is seen of containers without any request.
pub(super) fn seen() -> impl Strategy<Value = Observation> {
    let verb = proptest::sample::select(vec![
        OciVerb::Create,
        OciVerb::Start,
        OciVerb::Run,
        OciVerb::Restore,
        OciVerb::Delete,
    ]);
    prop_oneof![
        (rootfs(), option::of(key()), any::<bool>()).prop_map(|(rootfs, mounter, already)| {
            Observation::Mounted {
                rootfs,
                mounter,
                already,
            }
        }),
        any::<u64>().prop_map(|mount| Observation::Unmounted {
            mount: MountId(mount)
        }),
        (key(), verb, text(), option::of(text()), option::of(text())).prop_map(
            |(process, verb, container, namespace, bundle)| {
                Observation::OciRuntime {
                    process,
                    verb,
                    container,
                    namespace,
                    bundle,
                }
            }
        ),
        (text(), vec(text(), 0..3), key(), any::<bool>()).prop_map(
            |(container, outer, process, already)| Observation::ContainerRuns {
                container,
                outer,
                process,
                already
            }
        ),
        held_socket(),
        vec(crictl(), 0..3).prop_map(|crictl| Observation::Surveyed { crictl }),
    ]
}
