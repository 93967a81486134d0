use super::super::scene::{Scene, id};
use super::*;

fn key(number: u32) -> Id {
    Id::parse(&id(number)).unwrap()
}

#[test]
fn an_owner_is_found_and_then_known() {
    let scene = Scene::new();
    scene.owner(1, 0x11, None);
    scene.owner(2, 0x22, None);
    let mounts = scene.folder("image/overlay2/layerdb/mounts");
    let mut owners = Owners::default();
    assert_eq!(owners.find(&mounts, key(0x33)), Ok(None));
    assert_eq!(owners.read.len(), 2);
    std::fs::remove_dir_all(scene.path("image/overlay2/layerdb/mounts")).unwrap();
    assert_eq!(owners.find(&mounts, key(0x22)), Ok(Some(key(2))));
}

#[test]
fn owners_are_forgotten_when_they_are_too_many() {
    let scene = Scene::new();
    scene.owner(1, 0x11, None);
    let mounts = scene.folder("image/overlay2/layerdb/mounts");
    let mut owners = Owners::default();
    let most = u32::try_from(OWNERS_MOST).unwrap();
    owners.read = (0..most).map(|number| key(number + 1000)).collect();
    assert_eq!(owners.find(&mounts, key(0x11)), Ok(Some(key(1))));
    assert_eq!((owners.read.len(), owners.owners.len()), (1, 1));
}

#[test]
fn a_file_that_is_not_written_yet_is_read_again() {
    let scene = Scene::new();
    let file = format!("image/overlay2/layerdb/mounts/{}/mount-id", id(1));
    scene.write(&file, "");
    let mounts = scene.folder("image/overlay2/layerdb/mounts");
    let mut owners = Owners::default();
    assert_eq!(owners.find(&mounts, key(0x11)), Ok(None));
    scene.write(&file, id(0x11));
    assert_eq!(owners.find(&mounts, key(0x11)), Ok(Some(key(1))));
}

#[test]
fn other_names_are_passed_over() {
    let scene = Scene::new();
    let folder = "image/overlay2/layerdb/mounts";
    scene.write(
        &format!("{folder}/nbtx6xhz9tz0e0dqdpljh6pvs/mount-id"),
        id(0x11),
    );
    scene.write(&format!("{folder}/file"), id(0x11));
    scene.write(&format!("{folder}/{}", id(4)), "no folder");
    let mut owners = Owners::default();
    assert_eq!(owners.find(&scene.folder(folder), key(0x11)), Ok(None));
}
