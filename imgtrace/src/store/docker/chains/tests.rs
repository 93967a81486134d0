use super::super::scene::{Scene, id};
use super::*;

const LAYERS: &str = "image/overlay2/layerdb/sha256";

fn key(number: u32) -> Id {
    Id::parse(&id(number)).unwrap()
}

/// This many layers, of as many bytes as their number says.
fn tower(layers: u32) -> Scene {
    let scene = Scene::new();
    for chain in 1..=layers {
        let parent = (chain > 1).then(|| chain - 1);
        scene.layer(chain, parent, u64::from(chain));
    }
    scene
}

#[test]
fn a_hundred_and_one_layers_are_counted_once() {
    let scene = tower(101);
    let layers = scene.folder(LAYERS);
    let mut chains = Chains::default();
    let all = Extent {
        layers: 101,
        bytes: Some(101 * 102 / 2),
    };
    assert_eq!(chains.extent(&layers, key(101)), Some(all));
    std::fs::remove_dir_all(scene.path(LAYERS)).unwrap();
    assert_eq!(chains.extent(&layers, key(101)), Some(all));
    let some = Extent {
        layers: 4,
        bytes: Some(10),
    };
    assert_eq!(chains.extent(&layers, key(4)), Some(some));
}

#[test]
fn an_image_on_top_of_another_costs_its_own_layers() {
    let scene = tower(3);
    let mut chains = Chains::default();
    chains.extent(&scene.folder(LAYERS), key(3)).unwrap();
    scene.layer(9, Some(3), 100);
    let extent = chains.extent(&scene.folder(LAYERS), key(9)).unwrap();
    assert_eq!((extent.layers, extent.bytes), (4, Some(106)));
}

#[test]
fn a_chain_with_a_gap_or_a_loop_has_no_extent() {
    let scene = tower(3);
    let mut chains = Chains::default();
    assert_eq!(chains.extent(&scene.folder(LAYERS), key(8)), None);
    scene.layer(5, Some(4), 1);
    assert_eq!(chains.extent(&scene.folder(LAYERS), key(5)), None);
    scene.layer(1, Some(3), 1);
    assert_eq!(chains.extent(&scene.folder(LAYERS), key(3)), None);
    assert!(chains.0.is_empty(), "nothing is remembered of a failure");
    scene.write(&format!("{LAYERS}/{}/parent", id(1)), "sha256:no");
    assert_eq!(chains.extent(&scene.folder(LAYERS), key(3)), None);
}

#[test]
fn a_tower_beyond_the_bound_has_no_extent() {
    let most = u32::try_from(DEPTH_MOST).unwrap();
    let scene = tower(most + 1);
    let layers = scene.folder(LAYERS);
    assert_eq!(Chains::default().extent(&layers, key(most + 1)), None);
    let extent = Chains::default().extent(&layers, key(most)).unwrap();
    assert_eq!(extent.layers, most);
}

#[test]
fn bytes_are_told_only_if_every_layer_says() {
    let scene = tower(3);
    for damaged in ["", "-5", "1e9", "18446744073709551615"] {
        scene.write(&format!("{LAYERS}/{}/size", id(2)), damaged);
        let extent = Chains::default().extent(&scene.folder(LAYERS), key(3));
        let none = Extent {
            layers: 3,
            bytes: None,
        };
        assert_eq!(extent, Some(none), "{damaged}");
    }
}

#[test]
fn the_cache_has_a_bound() {
    let scene = tower(2);
    let mut chains = Chains::default();
    let filler = |number: usize| key(u32::try_from(number).unwrap() + 1000);
    chains.0 = (1..CHAINS_MOST)
        .map(|number| (filler(number), Extent::default()))
        .collect();
    assert!(chains.extent(&scene.folder(LAYERS), key(2)).is_some());
    assert_eq!(chains.0.len(), 2);
}
