use proptest::prelude::*;

use super::{Bytes, Digests, Inventory, Parts, SameBy, same_by};
use crate::model::{Store, StoreId, StoredImage, StoredLayer, Variant};
use crate::observation::Observation;
use crate::trace::scene::{MB, containerd_store, docker_store, packed, sha, stored};

const BUSYBOX: &str = "docker.io/library/busybox:1";

fn store(inventory: &mut Inventory, number: u32, store: Store) {
    inventory.observe(&Observation::Store {
        id: StoreId(number),
        store,
        users: Vec::new(),
    });
}

fn appears(inventory: &mut Inventory, store: u32, image: &StoredImage, renamed: bool) {
    inventory.observe(&Observation::ImageAppeared {
        store: StoreId(store),
        image: image.clone(),
        renamed,
        already: false,
        writer: None,
    });
}

fn vanishes(inventory: &mut Inventory, store: u32, image: &StoredImage) {
    inventory.observe(&Observation::ImageVanished {
        store: StoreId(store),
        image: image.clone(),
        writer: None,
    });
}

/// Docker's (1), and two namespaces of one containerd (2 and 3).
fn node() -> Inventory {
    let mut inventory = Inventory::new();
    store(&mut inventory, 1, docker_store(1, "/var/lib/docker"));
    let root = "/var/lib/containerd";
    store(&mut inventory, 2, containerd_store(7, root, "k8s.io"));
    store(&mut inventory, 3, containerd_store(7, root, "moby"));
    inventory
}

fn names(inventory: &Inventory, store: u32, name: &str) -> Option<Vec<String>> {
    let found = inventory.find(StoreId(store), name);
    found.map(|image| image.names.clone())
}

#[test]
fn an_image_is_found_by_any_of_its_names_and_digests() {
    let mut inventory = node();
    let image = packed(&stored(BUSYBOX, "1", &[("a1", MB)]));
    appears(&mut inventory, 2, &image, false);
    for name in [
        BUSYBOX.to_owned(),
        sha("d01"),
        sha("c01"),
        format!("docker.io/library/busybox@{}", sha("d01")),
    ] {
        assert!(names(&inventory, 2, &name).is_some(), "{name}");
        assert!(names(&inventory, 3, &name).is_none(), "elsewhere: {name}");
    }
    let other = "docker.io/library/busybox:2";
    assert!(names(&inventory, 2, other).is_none());
    assert!(
        names(&inventory, 2, &sha("a1")).is_none(),
        "a layer is no image"
    );
    vanishes(&mut inventory, 2, &image);
    assert!(names(&inventory, 2, BUSYBOX).is_none());
    assert!(names(&inventory, 2, &sha("c01")).is_none());
}

#[test]
fn a_name_that_moves_is_lost_to_the_image_that_had_it() {
    let mut inventory = node();
    let old = stored(BUSYBOX, "1", &[("a1", MB)]);
    let new = stored(BUSYBOX, "2", &[("a2", MB)]);
    appears(&mut inventory, 1, &old, false);
    appears(&mut inventory, 1, &new, false);
    assert_eq!(inventory.find(StoreId(1), BUSYBOX).unwrap().id, new.id);
    assert_eq!(names(&inventory, 1, &old.id), Some(vec![]));
    // That the old one goes takes nothing from the new one.
    vanishes(&mut inventory, 1, &old);
    assert_eq!(inventory.find(StoreId(1), BUSYBOX).unwrap().id, new.id);
}

#[test]
fn names_alone_are_added() {
    let mut inventory = node();
    let image = stored(BUSYBOX, "1", &[("a1", MB)]);
    appears(&mut inventory, 1, &image, false);
    let again = StoredImage {
        names: vec!["q.io/mirror:1".to_owned()],
        ..image
    };
    appears(&mut inventory, 1, &again, true);
    assert_eq!(
        names(&inventory, 1, BUSYBOX).unwrap(),
        ["q.io/mirror:1", BUSYBOX]
    );
    appears(&mut inventory, 1, &again, false);
    assert_eq!(names(&inventory, 1, "q.io/mirror:1").unwrap().len(), 1);
    assert!(names(&inventory, 1, BUSYBOX).is_none(), "anew");
}

#[test]
fn the_surest_sign_of_equal_content_counts() {
    let mut inventory = node();
    let image = stored(BUSYBOX, "1", &[("a1", MB)]);
    appears(&mut inventory, 1, &image, false);
    appears(&mut inventory, 2, &packed(&image), false);
    // The same files by another configuration; and other files.
    let files = stored("q.io/other:1", "2", &[("a1", MB)]);
    appears(&mut inventory, 3, &packed(&files), false);
    appears(
        &mut inventory,
        3,
        &packed(&stored(BUSYBOX, "3", &[("a3", MB)])),
        false,
    );
    let same = inventory.same(StoreId(1), &image);
    let same: Vec<_> = same.iter().map(|same| (same.store.0, same.by)).collect();
    assert_eq!(same, [(2, SameBy::Config), (3, SameBy::Layers)]);
    let same = inventory.same(StoreId(3), &packed(&files));
    assert_eq!(same.len(), 2);
    let nothing = stored(BUSYBOX, "9", &[("a9", MB)]);
    assert!(inventory.same(StoreId(1), &nothing).is_empty());
}

#[test]
fn another_platform_of_one_index_is_not_the_same() {
    let mut inventory = node();
    let image = packed(&stored(BUSYBOX, "1", &[("a1", MB)]));
    let mut other = packed(&stored(BUSYBOX, "2", &[("a2", MB)]));
    other.id.clone_from(&image.id);
    other.digest.clone_from(&image.digest);
    appears(&mut inventory, 2, &image, false);
    appears(&mut inventory, 3, &other, false);
    assert!(inventory.same(StoreId(2), &image).is_empty());
}

#[test]
fn bytes_that_lie_in_two_stores() {
    let mut inventory = node();
    let image = stored(BUSYBOX, "1", &[("a1", 40 * MB), ("a2", 2 * MB)]);
    let other = stored("q.io/other:1", "2", &[("a1", 40 * MB), ("b2", 8 * MB)]);
    appears(&mut inventory, 1, &image, false);
    appears(&mut inventory, 1, &other, false);
    appears(&mut inventory, 2, &packed(&image), false);
    appears(&mut inventory, 3, &packed(&other), false);
    let bytes = |unpacked, packed| Bytes {
        unpacked: unpacked * MB,
        packed: packed * MB,
    };
    let all = |of: u32, with: &[u32]| {
        let with: Vec<_> = with.iter().map(|&id| StoreId(id)).collect();
        inventory.all_twice(StoreId(of), &with)
    };
    assert_eq!(all(1, &[2, 3]), bytes(50, 0), "each layer once");
    assert_eq!(all(1, &[1, 2]), bytes(42, 0), "not with itself");
    assert_eq!(inventory.held(&[StoreId(2), StoreId(3)]), bytes(90, 25));
    assert_eq!(inventory.held(&[StoreId(1)]), bytes(50, 0));
    // Namespaces unpack each for itself and keep archives together; Docker keeps none.
    assert_eq!(all(2, &[1]), bytes(42, 0));
    assert_eq!(all(2, &[3]), bytes(40, 0));
    assert_eq!(bytes(42, 1).total(), 43 * MB);
}

#[test]
fn two_containerds_keep_archives_twice() {
    let mut inventory = node();
    store(&mut inventory, 4, containerd_store(8, "/k3s", "k8s.io"));
    let image = packed(&stored(BUSYBOX, "1", &[("a1", 40 * MB)]));
    appears(&mut inventory, 2, &image, false);
    appears(&mut inventory, 4, &image, false);
    let twice = inventory.all_twice(StoreId(4), &[StoreId(2)]);
    assert_eq!(twice.packed, 20 * MB);
    assert_eq!(inventory.held(&[StoreId(2), StoreId(4)]).packed, 40 * MB);
    let together = |id| inventory.deleted_with(StoreId(id));
    assert_eq!(together(1), [StoreId(1)]);
    assert_eq!(together(2), [StoreId(2), StoreId(3)]);
    assert_eq!(together(4), [StoreId(4)]);
}

#[test]
fn what_is_not_unpacked_is_not_there_unpacked() {
    let mut inventory = node();
    let image = stored(BUSYBOX, "1", &[("a1", 40 * MB)]);
    let mut fetched = packed(&image);
    fetched.variants[0].layers[0].unpacked = None;
    appears(&mut inventory, 1, &image, false);
    appears(&mut inventory, 2, &fetched, false);
    let twice = inventory.all_twice(StoreId(1), &[StoreId(2)]);
    assert_eq!(twice, Bytes::default());
}

#[test]
fn more_images_than_are_kept_are_not_compared() {
    let mut inventory = node();
    let large = |number: usize| {
        let layers: Vec<_> = (0..200).map(|it| format!("{number:x}f{it:x}")).collect();
        let layers: Vec<_> = layers.iter().map(|it| (it.as_str(), 1)).collect();
        stored(
            &format!("q.io/{number}:1"),
            &format!("{number:x}e"),
            &layers,
        )
    };
    for number in 0..super::MAX_LAYERS / 200 + 5 {
        appears(&mut inventory, 1, &large(number), false);
    }
    assert!(inventory.layers <= super::MAX_LAYERS);
    let first = large(0);
    vanishes(&mut inventory, 1, &first);
    appears(&mut inventory, 1, &first, false);
    assert!(inventory.find(StoreId(1), "q.io/0:1").is_some());
}

/// What a store of tests holds: few names and layers, so that they meet.
fn any_image() -> impl Strategy<Value = StoredImage> {
    let names = proptest::collection::vec(0..6_u8, 0..3);
    let variants = proptest::collection::vec(
        (
            proptest::option::of(0..4_u8),
            proptest::option::of(0..4_u8),
            proptest::collection::vec(0..5_u8, 0..4),
        ),
        0..3,
    );
    (0..6_u8, names, proptest::option::of(0..4_u8), variants).prop_map(
        |(id, names, digest, variants)| StoredImage {
            id: format!("i{id}"),
            names: names.iter().map(|name| format!("n{name}")).collect(),
            digest: digest.map(|it| format!("d{it}")),
            variants: variants.into_iter().map(variant).collect(),
            ..StoredImage::default()
        },
    )
}

fn variant(of: (Option<u8>, Option<u8>, Vec<u8>)) -> Variant {
    let (manifest, config, layers) = of;
    let layer = |it: u8| StoredLayer {
        chain_id: format!("l{it}"),
        blob: it.is_multiple_of(2).then(|| format!("b{it}")),
        packed: it.is_multiple_of(2).then_some(u64::from(it)),
        unpacked: (it != 3).then_some(u64::from(it) * 10),
    };
    Variant {
        platform: None,
        manifest: manifest.map(|it| format!("m{it}")),
        config: config.map(|it| format!("c{it}")),
        layers: layers.into_iter().map(layer).collect(),
    }
}

#[derive(Clone, Debug)]
enum Change {
    Appears(u32, StoredImage, bool),
    Vanishes(u32, u8),
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (1..4_u32, any_image(), any::<bool>())
            .prop_map(|(store, image, renamed)| Change::Appears(store, image, renamed)),
        1 => (1..4_u32, 0..6_u8).prop_map(|(store, id)| Change::Vanishes(store, id)),
    ]
}

proptest! {
    #[test]
    fn indexes_are_what_a_rebuild_makes(changes in proptest::collection::vec(any_change(), 0..60)) {
        let mut inventory = node();
        for change in changes {
            match change {
                Change::Appears(store, image, renamed) => {
                    appears(&mut inventory, store, &image, renamed);
                }
                Change::Vanishes(store, id) => {
                    let image = StoredImage { id: format!("i{id}"), ..StoredImage::default() };
                    vanishes(&mut inventory, store, &image);
                }
            }
            whole(&inventory);
        }
    }
}

/// Every index is what the images say, and every question is answered as by looking at all.
fn whole(inventory: &Inventory) {
    let mut digests = Digests::new();
    let (mut images, mut layers) = (0, 0);
    for (id, held) in inventory.stores() {
        let mut parts = Parts::default();
        let mut names = 0;
        for image in held.images.values() {
            digests.add(id, image);
            parts.add(image);
            images += 1;
            layers += super::layers(image);
            let own: std::collections::BTreeSet<_> = image.names.iter().collect();
            names += own.len();
            for name in own {
                assert_eq!(&*held.names[name.as_str()], image.id);
            }
            assert_eq!(
                inventory.same(id, image).len(),
                by_hand(inventory, id, image)
            );
        }
        assert_eq!(held.parts, parts);
        assert_eq!(held.names.len(), names);
    }
    assert_eq!(inventory.digests, digests);
    assert_eq!((inventory.images, inventory.layers), (images, layers));
}

/// Pairs of a platform and another store that has its like.
fn by_hand(inventory: &Inventory, store: StoreId, image: &StoredImage) -> usize {
    let others = || inventory.stores().filter(|(id, _)| *id != store);
    let of = |variant: &Variant| {
        let alike = others().filter(|(_, held)| {
            let mut theirs = held.images.values().flat_map(|other| &other.variants);
            theirs.any(|its| same_by(variant, its).is_some())
        });
        alike.count()
    };
    image.variants.iter().map(of).sum()
}

/// A node with `count` images in each of two stores, of twelve layers of which four are their own.
fn large(count: usize) -> Inventory {
    let mut inventory = node();
    for number in 0..count {
        let layers: Vec<_> = (0..12)
            .map(|at| match at {
                0..8 => format!("{:x}b{at}", number / 20),
                _ => format!("{number:x}c{at}"),
            })
            .collect();
        let layers: Vec<_> = layers.iter().map(|it| (it.as_str(), MB)).collect();
        let name = format!("registry.example.com/team/service-{number}:1.2.{number}");
        let image = stored(&name, &format!("{number:x}e"), &layers);
        appears(&mut inventory, 1, &image, false);
        appears(&mut inventory, 2, &packed(&image), false);
    }
    inventory
}

/// ns that a hundred rounds of questions take.
fn asking(inventory: &Inventory) -> u128 {
    let began = std::time::Instant::now();
    for number in 0..100 {
        let name = format!("registry.example.com/team/service-{number}:1.2.{number}");
        let image = inventory.find(StoreId(1), &name).unwrap();
        assert_eq!(inventory.same(StoreId(1), image).len(), 1);
    }
    began.elapsed().as_nanos()
}

#[test]
fn questions_do_not_look_at_all_images() {
    let (few, many) = (large(100), large(8_000));
    let best = |inventory| (0..5).map(|_| asking(inventory)).min().unwrap();
    let (few, many) = (best(&few), best(&many));
    assert!(
        many < few * 20,
        "{few} ns with 100 images, {many} with 8,000"
    );
}

#[test]
fn of_many_images_with_one_content_each_store_tells_one() {
    let mut inventory = node();
    let layers = [("aa", MB)];
    let images: Vec<_> = (0..2_000)
        .map(|number| {
            stored(
                &format!("docker.io/library/a:{number}"),
                &format!("{number:x}e"),
                &layers,
            )
        })
        .collect();
    for image in &images {
        appears(&mut inventory, 1, image, false);
        appears(&mut inventory, 2, image, false);
    }
    for image in &images {
        assert_eq!(inventory.same(StoreId(1), image).len(), 1);
    }
}

#[test]
fn one_content_under_two_ids_of_a_store() {
    let mut inventory = node();
    let index = stored(BUSYBOX, "1a", &[("aa", MB)]);
    let manifest = StoredImage {
        id: sha("1b"),
        names: Vec::new(),
        ..index.clone()
    };
    appears(&mut inventory, 2, &index, false);
    assert!(!inventory.is_there_twice(StoreId(2), &index));
    appears(&mut inventory, 2, &manifest, false);
    assert!(inventory.is_there_twice(StoreId(2), &index));
    appears(&mut inventory, 3, &index, false);
    assert!(
        !inventory.is_there_twice(StoreId(3), &index),
        "another store's counts not"
    );
}
