//! What is seen of stores, root file systems and containers on the machine itself.

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

fn stored_image() -> impl Strategy<Value = StoredImage> {
    let digest = option::of(text());
    (text(), vec(text(), 0..3), digest, option::of(any::<u32>())).prop_map(
        |(id, names, digest, layers)| StoredImage {
            came_packed: Some(true),
            id,
            names,
            digest,
            stored: layers.map(u64::from),
            ..StoredImage::default()
        },
    )
}

fn store() -> impl Strategy<Value = Observation> {
    let kind = proptest::sample::select(vec![
        StoreKind::Docker,
        StoreKind::Containerd,
        StoreKind::ContainersStorage,
        StoreKind::BuildKit,
    ]);
    let id = any::<u32>().prop_map(StoreId);
    let place = any::<(u64, u64)>();
    (id, kind, text(), place, text(), option::of(text())).prop_map(
        |(id, kind, root, (device, inode), driver, namespace)| Observation::Store {
            id,
            store: Store {
                kind,
                root,
                device,
                inode,
                driver,
                namespace,
            },
            users: Vec::new(),
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
    let image = (
        any::<u32>().prop_map(StoreId),
        stored_image(),
        option::of(key()),
        any::<bool>(),
    );
    prop_oneof![
        store(),
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
        image.prop_map(|(store, image, writer, there)| {
            if there {
                Observation::ImageAppeared {
                    store,
                    image,
                    renamed: false,
                    already: false,
                    writer,
                }
            } else {
                Observation::ImageVanished {
                    store,
                    image,
                    writer,
                }
            }
        }),
    ]
}
