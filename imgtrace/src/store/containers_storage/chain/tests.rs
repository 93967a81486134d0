use super::*;

/// Diff ids and chain ids of three layers, computed with sha256sum.
const DIFFS: [&str; 3] = [
    "sha256:1cfd1a013d7bddf9cbe0d0c1a2b6eb4a0ac1c88ed37014f9992e5c3816fdc90a",
    "sha256:50e19a549734809874c7733d2402bb5927fdcf0acf65a2ab1aa714d45bd564bb",
    "sha256:6e2e0ac38107bc35264e79e80312b8b24717db44c131f23edbb7747bd0f100db",
];
const CHAINS: [&str; 3] = [
    DIFFS[0],
    "sha256:fca71699975cb1c360bcd1732a0a22e8e7a477cc08960eb71c52a6551eb2a4fb",
    "sha256:acc5898ccc6beae1217bfe3e98e85bef932a2830a37855d3a8d907f943a30754",
];

fn layer(id: usize, parent: Option<usize>) -> Layer {
    Layer {
        id: format!("l{id}"),
        parent: parent.map(|parent| format!("l{parent}")),
        diff_id: DIFFS.get(id).map(|&diff| diff.to_owned()),
        size: Some(100 + id as u64),
        came_as: DIFFS.get(id).map(|&diff| diff.to_owned()),
        toc: None,
    }
}

fn layers() -> Vec<Layer> {
    vec![layer(2, Some(1)), layer(0, None), layer(1, Some(0))]
}

fn extent(layers: &[Layer], top: &str) -> Option<Extent> {
    let by_id = layers.iter().map(|layer| (layer.id.clone(), layer.clone()));
    super::extent(&by_id.collect(), top)
}

#[test]
fn a_chain_is_counted_summed_and_named() {
    let layers = layers();
    for (top, chain) in CHAINS.iter().enumerate() {
        let extent = extent(&layers, &format!("l{top}")).unwrap();
        assert_eq!(extent.layers as usize, top + 1);
        assert_eq!(
            extent.bytes,
            Some((0..=top as u64).map(|id| 100 + id).sum())
        );
        assert_eq!(extent.chain_id.as_deref(), Some(*chain));
        assert_eq!(extent.came_packed, Some(false));
    }
    let nothing = extent(&layers, "").unwrap();
    assert_eq!((nothing.layers, nothing.bytes), (0, Some(0)));
}

#[test]
fn the_topmost_layer_says_how_it_came() {
    let mut layers = layers();
    layers[0].came_as = Some(DIFFS[0].to_owned());
    assert_eq!(extent(&layers, "l2").unwrap().came_packed, Some(true));
    assert_eq!(extent(&layers, "l0").unwrap().came_packed, Some(false));
    layers[1].came_as = None;
    assert_eq!(extent(&layers, "l0").unwrap().came_packed, None);
    layers[1].toc = Some(DIFFS[1].to_owned());
    assert_eq!(extent(&layers, "l0").unwrap().came_packed, Some(true));
}

#[test]
fn what_a_layer_does_not_say_the_chain_does_not() {
    let mut layers = layers();
    layers[1].diff_id = None;
    layers[2].size = None;
    let extent = extent(&layers, "l2").unwrap();
    assert_eq!(
        (extent.layers, extent.bytes, extent.chain_id),
        (3, None, None)
    );
}

#[test]
fn a_chain_that_is_cut_or_a_ring_is_none() {
    let mut layers = layers();
    layers[1].parent = Some("elsewhere".to_owned());
    assert_eq!(extent(&layers, "l2"), None);
    layers[1].parent = Some("l2".to_owned());
    assert_eq!(extent(&layers, "l2"), None);
    assert_eq!(extent(&layers, "l9"), None);
}

#[test]
fn sizes_do_not_overflow() {
    let mut layers = layers();
    layers[1].size = Some(u64::MAX);
    assert_eq!(extent(&layers, "l2").unwrap().bytes, None);
}

#[test]
fn images_have_their_layers_and_what_they_share_has_one_name() {
    let by_id: HashMap<_, _> = layers()
        .into_iter()
        .map(|layer| (layer.id.clone(), layer))
        .collect();
    let mut chains = Chains::new(&by_id);
    for top in [2, 1, 2, 0] {
        let stored = chains.stored(&format!("l{top}")).unwrap();
        let named: Vec<_> = stored.iter().map(|layer| &*layer.chain_id).collect();
        assert_eq!(named, &CHAINS[..=top]);
        assert_eq!(stored[top].unpacked, Some(100 + top as u64));
    }
    assert_eq!(chains.stored("l9"), None);
    assert_eq!(chains.stored(""), Some(Vec::new()));
}

#[test]
fn a_hostile_book_is_walked_so_far_and_no_further() {
    const LAYERS: usize = DEPTH_MOST;
    let layer = |id: usize| Layer {
        diff_id: Some(DIFFS[0].to_owned()),
        ..layer(id, id.checked_sub(1))
    };
    let by_id: HashMap<_, _> = (0..LAYERS)
        .map(|id| (format!("l{id}"), layer(id)))
        .collect();
    let mut chains = Chains::new(&by_id);
    let top = format!("l{}", LAYERS - 1);
    let told = (0..LAYERS_MOST).take_while(|_| chains.stored(&top).is_some());
    assert_eq!(told.count(), LAYERS_MOST / LAYERS);
    assert!(chains.is_full());
}
