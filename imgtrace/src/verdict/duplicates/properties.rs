//! Whatever comes and goes in whatever order: nothing panics, what waits stays bounded, and no
//! finding wastes more than a store holds.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::model::{Api, Finding, Listing, Op, Outcome, StoreId, StoredImage, Subject};
use crate::observation::{Observation, RequestId};
use crate::trace::scene::{
    MB, Scene, containerd_store, docker_store, image, packed, process, stored,
};

/// What can happen in these stories.
#[derive(Clone, Debug)]
enum Step {
    Comes(u32, usize, bool),
    Goes(u32, usize),
    Pulls(u64, usize),
    Ends(u64, usize, Outcome),
    Listed(u32),
    Inventoried,
    Found(u32, bool),
    Second,
}

const STORES: u32 = 4;

/// Images that have layers in common, names in common, and more than one name.
fn images() -> Vec<StoredImage> {
    let base = ("a1", 10 * MB);
    let mut renamed = stored("docker.io/b:1", "01", &[base, ("a2", MB)]);
    renamed.names.push("docker.io/c:1".to_owned());
    let mut empty = stored("docker.io/e:1", "05", &[]);
    empty.variants.clear();
    let mut unmeasured = stored("docker.io/f:1", "06", &[("f1", 0)]);
    unmeasured.variants[0].layers[0].unpacked = None;
    vec![
        stored("docker.io/a:1", "01", &[base, ("a2", MB)]),
        stored("docker.io/a:1", "02", &[base, ("a3", 2 * MB)]),
        stored("docker.io/d:1", "03", &[base, ("a2", MB)]),
        renamed,
        empty,
        unmeasured,
    ]
}

/// An image as a store keeps it.
fn kept(store: u32, image: usize) -> StoredImage {
    let image = images().swap_remove(image);
    if store <= 2 { image } else { packed(&image) }
}

fn some_step() -> impl Strategy<Value = Step> {
    let store = || 1..=STORES;
    let image = || 0..images().len();
    let outcome = prop::sample::select(vec![Outcome::Ok, Outcome::Error, Outcome::Unknown]);
    prop_oneof![
        4 => (store(), image(), any::<bool>()).prop_map(|(s, i, already)| Step::Comes(s, i, already)),
        2 => (store(), image()).prop_map(|(s, i)| Step::Goes(s, i)),
        3 => (1..4_u64, image()).prop_map(|(c, i)| Step::Pulls(c, i)),
        3 => (1..20_u64, image(), outcome).prop_map(|(r, i, o)| Step::Ends(r, i, o)),
        1 => store().prop_map(Step::Listed),
        1 => Just(Step::Inventoried),
        1 => (store(), any::<bool>()).prop_map(|(s, used)| Step::Found(s, used)),
        2 => Just(Step::Second),
    ]
}

fn find(scene: &mut Scene, number: u32, is_used: bool) {
    let users: &[u32] = if is_used { &[800] } else { &[] };
    let store = match number {
        1 | 2 => docker_store(number, &format!("/var/lib/docker{number}")),
        3 => containerd_store(9, "/var/lib/containerd", "moby"),
        _ => containerd_store(9, "/var/lib/containerd", "k8s.io"),
    };
    scene.store(number, store, users);
}

fn host() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(2, crate::model::Runtime::Containerd, 700, "containerd");
    (1..=STORES).for_each(|number| find(&mut scene, number, true));
    for connection in 1..4 {
        let pid = 20 + u32::try_from(connection).unwrap();
        scene.process(process(pid, "docker"));
        scene.connect(connection, 1 + pid % 2, pid);
    }
    scene
}

fn play(scene: &mut Scene, step: &Step) {
    match *step {
        Step::Comes(store, number, true) => scene.has(store, &kept(store, number)),
        Step::Comes(store, number, false) => scene.gets(store, &kept(store, number)),
        Step::Goes(store, number) => scene.loses(store, &kept(store, number)),
        Step::Pulls(connection, number) => {
            let name = images()[number].names[0].clone();
            let api = if connection % 2 == 0 {
                Api::Cri
            } else {
                Api::Docker
            };
            scene.begin_in(api, connection, Op::Pull, image(&name));
        }
        Step::Ends(request, number, outcome) => {
            scene.see(Observation::RequestEnded {
                request: RequestId(request),
                outcome,
                error: None,
                subject: Subject {
                    digest: images()[number].digest.clone(),
                    ..Subject::default()
                },
            });
        }
        Step::Listed(store) => scene.listed(store, Listing::default()),
        Step::Inventoried => scene.inventoried(),
        Step::Found(store, is_used) => find(scene, store, is_used),
        Step::Second => scene.tick(),
    }
}

/// Bytes of a store if it holds every image that there is: layers and archives, each once.
fn most(store: u32) -> u64 {
    let all: Vec<_> = (0..images().len())
        .map(|number| kept(store, number))
        .collect();
    let layers = all.iter().flat_map(|image| &image.variants);
    let layers = layers.flat_map(|variant| &variant.layers);
    let bytes = layers.map(|it| {
        let bytes = it.unpacked.unwrap_or(0) + it.packed.unwrap_or(0);
        (it.chain_id.clone(), bytes)
    });
    bytes.collect::<BTreeMap<_, _>>().values().sum()
}

fn check(finding: &Finding) {
    let Some(wasted) = finding.wasted_bytes else {
        return;
    };
    let totals = finding.stores.iter().take(2);
    let mut totals: Vec<_> = totals.map(|store| most(store.id.0)).collect();
    totals.sort_unstable();
    // Where the remedy does not choose, what is freed is as much as either store's copy.
    let is_open = finding.remedy.as_ref().unwrap().starts_with("if one");
    let is_standing = finding.summary.contains("both in");
    let bound = if is_open && is_standing {
        totals[0]
    } else {
        totals[1]
    };
    assert!(wasted <= bound, "{finding:?}");
    assert!(finding.stores.len() >= 2, "{finding:?}");
    let stores: Vec<StoreId> = finding.stores.iter().map(|it| it.id).collect();
    assert_ne!(stores[0], stores[1], "{finding:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_story_can_be_told(steps in prop::collection::vec(some_step(), 0..60)) {
        let mut scene = host();
        for step in steps {
            play(&mut scene, &step);
        }
        scene.see(Observation::End);
        scene.findings().iter().for_each(check);
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut arrivals = super::Arrivals::new();
    let at = Scene::new().now();
    for number in 0..10_000_u64 {
        let one = stored("docker.io/a:1", &format!("{number:06}"), &[]);
        arrivals.appeared(at, StoreId(1), &one);
    }
    assert_eq!(arrivals.waiting(), super::arrivals::MAX_WAITING);
}
