//! What is seen of stores and of the images in them.

use super::*;

fn layer() -> impl Strategy<Value = StoredLayer> {
    let bytes = (option::of(any::<u64>()), option::of(any::<u64>()));
    (text(), option::of(text()), bytes).prop_map(|(chain_id, blob, (packed, unpacked))| {
        StoredLayer {
            chain_id,
            blob,
            packed,
            unpacked,
        }
    })
}

fn variant() -> impl Strategy<Value = Variant> {
    let names = proptest::array::uniform3(option::of(text()));
    (names, vec(layer(), 0..3)).prop_map(|([platform, manifest, config], layers)| Variant {
        platform,
        manifest,
        config,
        layers,
    })
}

fn image() -> impl Strategy<Value = StoredImage> {
    let digest = option::of(text());
    let times = (option::of(any::<u64>()), option::of(any::<u64>()));
    let parts = (vec(variant(), 0..3), option::of(any::<bool>()));
    (text(), vec(text(), 0..3), digest, times, parts).prop_map(
        |(id, names, digest, (created, stored), (variants, came_packed))| StoredImage {
            id,
            names,
            digest_kind: digest.is_some().then_some(DigestKind::Index),
            digest,
            variants,
            created,
            stored,
            came_packed,
        },
    )
}

fn store() -> impl Strategy<Value = Store> {
    let kind = proptest::sample::select(vec![
        StoreKind::Docker,
        StoreKind::Containerd,
        StoreKind::ContainersStorage,
        StoreKind::BuildKit,
    ]);
    let place = any::<(u64, u64)>();
    (kind, text(), place, text(), option::of(text())).prop_map(
        |(kind, root, (device, inode), driver, namespace)| Store {
            kind,
            root,
            device,
            inode,
            driver,
            namespace,
        },
    )
}

fn user() -> impl Strategy<Value = StoreUser> {
    (key(), text()).prop_map(|(process, evidence)| StoreUser { process, evidence })
}

fn listing() -> impl Strategy<Value = Listing> {
    let numbers = any::<[u64; 3]>();
    let known = (option::of(any::<u64>()), option::of(any::<u64>()));
    (numbers, known, vec(text(), 0..3)).prop_map(
        |([images, unpacked, packed], (containers, written), problems)| Listing {
            images,
            containers,
            unpacked,
            packed,
            written,
            problems,
        },
    )
}

/// What is seen of stores.
pub(super) fn seen() -> impl Strategy<Value = Observation> {
    let id = || any::<u32>().prop_map(StoreId);
    let image = || (id(), image(), option::of(key()));
    prop_oneof![
        (id(), store(), vec(user(), 0..3)).prop_map(|(id, store, users)| Observation::Store {
            id,
            store,
            users
        }),
        (image(), any::<bool>(), any::<bool>()).prop_map(
            |((store, image, writer), renamed, already)| Observation::ImageAppeared {
                store,
                image,
                renamed,
                already,
                writer,
            }
        ),
        image().prop_map(|(store, image, writer)| Observation::ImageVanished {
            store,
            image,
            writer,
        }),
        (id(), listing()).prop_map(|(store, listing)| Observation::StoreListed { store, listing }),
        Just(Observation::Inventoried),
    ]
}
