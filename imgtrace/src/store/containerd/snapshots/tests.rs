use std::io::Read as _;

use proptest::prelude::*;

use super::*;
use crate::store::View;

/// Made by containerd 1.6: an image of 101 layers in two namespaces. Snapshot 212 is a container of
/// it in `default`, 217 one in `k8s.io`, 206 the image's own topmost layer there.
const SNAPSHOTS: &[u8] = include_bytes!("../fixtures/metadata-1.6.db.gz");
/// By `ctr snapshots tree` and the sum of `ctr snapshots usage`.
const TOP: &str = "sha256:a56d6f21244066b21faaeecd30245468898e7318c6534095f6d37dac5be4ac72";
const BYTES: u64 = 2_011_136 + 100 * 8192;

fn scene() -> (tempfile::TempDir, Folder) {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(SNAPSHOTS);
    reader.read_to_end(&mut bytes).unwrap();
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join(FILE), bytes).unwrap();
    let view = View::of(std::process::id()).unwrap();
    let folder = view.folder(place.path().to_str().unwrap()).unwrap();
    (place, folder)
}

fn wanted(key: Option<&str>, number: u64) -> Wanted<'_> {
    Wanted {
        key,
        number: Some(number),
    }
}

fn all(namespace: &str) -> Snapshot {
    Snapshot {
        namespace: Some(namespace.to_owned()),
        layers: Some(Layers {
            chain_id: TOP.to_owned(),
            count: Some(101),
            bytes: Some(BYTES),
        }),
    }
}

#[test]
fn a_hundred_layers_are_counted_whichever_way_leads_to_them() {
    let (_place, folder) = scene();
    let by_key = "default/212/w-old-hundred";
    for (wanted, namespace) in [
        (wanted(None, 212), "default"),
        (wanted(Some(by_key), 212), "default"),
        (wanted(None, 217), "k8s.io"),
        (wanted(None, 206), "k8s.io"),
        (wanted(Some("default/9/none"), 217), "k8s.io"),
    ] {
        let mut known = Known::default();
        // Read, and remembered.
        for _ in 0..2 {
            let found = known.snapshot(&folder, wanted).unwrap();
            assert_eq!(found, Some(all(namespace)), "{wanted:?}");
        }
        assert_eq!(known.layers.len(), 1);
    }
}

#[test]
fn the_number_decides_where_the_key_is_another_snapshots() {
    let (_place, folder) = scene();
    let hundred = Some("default/212/w-old-hundred");
    let found = Known::default()
        .snapshot(&folder, wanted(hundred, 211))
        .unwrap()
        .unwrap();
    assert_eq!(found.layers.unwrap().count, Some(1));
    // A read-only overlay shows only the parent's number.
    let found = Known::default()
        .snapshot(&folder, wanted(hundred, 101))
        .unwrap();
    assert_eq!(found, Some(all("default")));
    assert_eq!(
        Known::default()
            .snapshot(&folder, wanted(None, 9999))
            .unwrap(),
        None
    );
}

#[test]
fn only_layers_have_chain_ids() {
    assert_eq!(chain_id(&format!("k8s.io/12/{TOP}")).as_deref(), Some(TOP));
    assert_eq!(chain_id("moby/12/0123-init"), None);
    assert_eq!(chain_id(TOP), None);
}

#[test]
fn numbers_are_read_as_go_writes_them() {
    assert_eq!(unsigned(b"\x8e\x01").map(|(number, _)| number), Some(142));
    assert_eq!(child(b"\x8e\x01\0\x07"), Some(7));
    assert_eq!(child(b"\x8e\x01\x07"), None);
    assert_eq!(signed(b"\x80\x80\x01"), Some(8192));
    assert_eq!(signed(b"\x01"), None);
    assert_eq!(unsigned(b""), None);
}

proptest! {
    #[test]
    fn no_key_makes_it_panic(pair in proptest::collection::vec(any::<u8>(), 0..24), key in "\\PC{0,80}") {
        let _ = child(&pair);
        let _ = signed(&pair);
        let _ = chain_id(&key);
    }
}
