use std::os::unix::fs::symlink;

use proptest::prelude::*;
use serde_json::json;

use super::scene::{Scene, config, digest, host, id, mount, view};
use super::*;
use crate::model::{DigestKind, Pod, StoreKind};

const CONTAINER: u32 = 0xc;
const FOLDER: u32 = 0xf;
const IMAGE: u32 = 0x1a;

/// A container of an image of three layers.
fn classic() -> Scene {
    let scene = Scene::new();
    scene.layer(1, None, 1000);
    scene.layer(2, Some(1), 200);
    scene.layer(3, Some(2), 30);
    scene.owner(CONTAINER, FOLDER, Some(3));
    scene.book(CONTAINER, &config("web", IMAGE), &host("no"));
    scene
}

#[test]
fn a_container_is_told_from_its_folder() {
    let scene = classic();
    let found = scene.merged(&mut Docker::default(), FOLDER).unwrap();
    let identity = found.identity;
    assert_eq!(identity.role, Role::Container);
    assert_eq!(identity.container, Some(id(CONTAINER)));
    assert_eq!(identity.container_name.as_deref(), Some("web"));
    let image = Some("docker.io/library/busybox:latest");
    assert_eq!(identity.image.as_deref(), image);
    assert_eq!(identity.digest, Some(digest(IMAGE)));
    assert_eq!(identity.digest_kind, Some(DigestKind::Config));
    assert_eq!(identity.chain_id, Some(digest(3)));
    assert_eq!((identity.layers, identity.bytes), (Some(3), Some(1230)));
    assert_eq!((identity.restart_policy, identity.restarts), (None, None));
    let store = found.store.unwrap();
    let root = view().folder(&scene.root()).unwrap();
    assert_eq!(store.kind, StoreKind::Docker);
    assert_eq!(store.root, scene.root());
    assert_eq!((store.device, store.inode), root.identity().unwrap());
    assert_eq!(store.driver, "overlay2");
}

#[test]
fn what_is_no_root_file_system_is_none() {
    let scene = classic();
    let docker = &mut Docker::default();
    for target in [
        format!("overlay2/{}-init/merged", id(FOLDER)),
        format!("overlay2/{}/merged/proc", id(FOLDER)),
        format!("overlay2/{}/diff", id(FOLDER)),
        "overlay2/merged".to_owned(),
        "merged".to_owned(),
    ] {
        assert_eq!(scene.identify(docker, &target), None, "{target}");
    }
    for target in ["/tmp/containerd-mount3021", "/", "", "/mnt", "merged"] {
        assert_eq!(docker.identify(&mount(target), &view()), None, "{target}");
    }
}

#[test]
fn another_ones_overlay_of_the_same_shape_is_none() {
    let scene = Scene::new();
    scene.write(&format!("overlay2/{}/link", id(FOLDER)), "x");
    assert_eq!(scene.merged(&mut Docker::default(), FOLDER), None);
    // containers/storage has the folder `overlay`, as Docker's old driver has.
    scene.write(&format!("overlay/{}/link", id(FOLDER)), "x");
    let target = format!("overlay/{}/merged", id(FOLDER));
    assert_eq!(scene.identify(&mut Docker::default(), &target), None);
}

#[test]
fn a_layer_that_no_container_owns_is_none() {
    assert_eq!(classic().merged(&mut Docker::default(), 0x99), None);
}

#[test]
fn a_container_that_is_made_later_is_found() {
    let scene = classic();
    let docker = &mut Docker::default();
    assert!(scene.merged(docker, FOLDER).is_some());
    assert_eq!(scene.merged(docker, 0x20), None);
    scene.owner(0xd, 0x20, Some(2));
    let later = scene.merged(docker, 0x20).unwrap().identity;
    assert_eq!(later.container, Some(id(0xd)));
    assert_eq!(later.chain_id, Some(digest(2)));
    assert_eq!((later.layers, later.bytes), (Some(2), Some(1200)));
}

#[test]
fn before_its_book_is_written_a_container_is_known_by_its_layer() {
    let scene = Scene::new();
    scene.layer(1, None, 1000);
    scene.owner(CONTAINER, FOLDER, Some(1));
    let identity = scene
        .merged(&mut Docker::default(), FOLDER)
        .unwrap()
        .identity;
    assert_eq!(identity.role, Role::Container);
    assert_eq!(identity.container, Some(id(CONTAINER)));
    assert_eq!(identity.layers, Some(1));
    assert_eq!(identity.image, None);
    let last = identity.evidence.last().unwrap();
    assert_eq!(last, "its config.v2.json is not there, or not yet");
}

#[test]
fn a_container_from_scratch_has_no_layers_to_tell() {
    let scene = Scene::new();
    scene.owner(CONTAINER, FOLDER, None);
    std::fs::create_dir_all(scene.path("image/overlay2/layerdb/sha256")).unwrap();
    let identity = scene
        .merged(&mut Docker::default(), FOLDER)
        .unwrap()
        .identity;
    assert_eq!((identity.chain_id, identity.layers), (None, None));
}

#[test]
fn the_restart_policy_and_its_count_are_told() {
    let scene = classic();
    let mut written = config("web", IMAGE);
    written["RestartCount"] = json!(7);
    written["State"]["Restarting"] = json!(true);
    written["State"]["Running"] = json!(true);
    scene.book(CONTAINER, &written, &host("always"));
    let docker = &mut Docker::default();
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.restart_policy.as_deref(), Some("always"));
    assert_eq!(identity.restarts, Some(7));
    // A client starts it after it was stopped: the count is of the life before.
    written["State"] = json!({"Running": false, "Restarting": false});
    scene.book(CONTAINER, &written, &host("always"));
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.restarts, None);
}

#[test]
fn what_the_classic_builder_copies_into_is_a_builds() {
    let scene = classic();
    let mounts = format!("image/overlay2/layerdb/mounts/{}", id(0xb));
    scene.write(&format!("{mounts}/mount-id"), id(0x20));
    scene.write(&format!("{mounts}/parent"), digest(1));
    let identity = scene.merged(&mut Docker::default(), 0x20).unwrap().identity;
    assert_eq!((identity.role, identity.container), (Role::Build, None));
    assert_eq!(identity.layers, Some(1));
}

#[test]
fn a_step_of_the_classic_builder_is_a_builds() {
    let scene = classic();
    let mut written = config("eager_ride", IMAGE);
    written["Config"]["Image"] = json!(digest(IMAGE));
    let mut nowhere = host("no");
    nowhere["LogConfig"]["Type"] = json!("none");
    scene.book(CONTAINER, &written, &nowhere);
    let docker = &mut Docker::default();
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.role, Role::Build);
    assert_eq!(identity.container, Some(id(CONTAINER)));
    assert_eq!(identity.container_name, None, "nobody gave it one");
    // Either alone is a client's wish.
    scene.book(CONTAINER, &written, &host("no"));
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.role, Role::Container);
    scene.book(CONTAINER, &config("quiet", IMAGE), &nowhere);
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.role, Role::Container);
}

#[test]
fn a_snapshot_of_the_buildkit_inside_is_a_builds() {
    let scene = classic();
    let target = "overlay2/nbtx6xhz9tz0e0dqdpljh6pvs/merged";
    let found = scene.identify(&mut Docker::default(), target).unwrap();
    assert_eq!(found.identity.role, Role::Build);
    assert_eq!(found.identity.container, None);
}

#[test]
fn an_image_asked_for_by_id_gets_its_name_from_the_store() {
    let scene = classic();
    let mut written = config("web", IMAGE);
    written["Config"]["Image"] = json!(digest(IMAGE));
    scene.book(CONTAINER, &written, &host("no"));
    let docker = &mut Docker::default();
    assert_eq!(scene.merged(docker, FOLDER).unwrap().identity.image, None);
    let names = json!({"Repositories": {"app": {"app:1": digest(IMAGE)}}});
    scene.write("image/overlay2/repositories.json", names.to_string());
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.image.as_deref(), Some("docker.io/library/app:1"));
}

#[test]
fn a_pod_of_cri_dockerd_is_told() {
    let scene = classic();
    let mut written = config("k8s_web_pod_default_uid_0", IMAGE);
    written["Config"]["Labels"] = json!({
        "io.kubernetes.docker.type": "container",
        "io.kubernetes.pod.namespace": "default",
        "io.kubernetes.pod.name": "pod",
        "io.kubernetes.pod.uid": "uid",
        "io.kubernetes.container.name": "web",
        "io.kubernetes.sandbox.id": id(0x5b),
    });
    scene.book(CONTAINER, &written, &host(""));
    let docker = &mut Docker::default();
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    let pod = Pod {
        namespace: Some("default".to_owned()),
        name: Some("pod".to_owned()),
        uid: Some("uid".to_owned()),
    };
    assert_eq!(identity.pod.as_ref(), Some(&pod));
    assert_eq!(identity.role, Role::Container);
    assert_eq!(identity.sandbox, Some(id(0x5b)));
    assert_eq!(identity.container_name.as_deref(), Some("web"));
    let labels = &mut written["Config"]["Labels"];
    labels["io.kubernetes.docker.type"] = json!("podsandbox");
    labels["io.kubernetes.container.name"] = json!("POD");
    scene.book(CONTAINER, &written, &host(""));
    let identity = scene.merged(docker, FOLDER).unwrap().identity;
    assert_eq!(identity.role, Role::Sandbox);
    assert_eq!(identity.sandbox, Some(id(CONTAINER)));
    assert_eq!(identity.pod, Some(pod));
}

#[test]
fn nothing_secret_is_told() {
    let scene = classic();
    let found = scene.merged(&mut Docker::default(), FOLDER).unwrap();
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[test]
fn no_link_is_followed_in_a_store() {
    let outside = classic();
    let scene = Scene::new();
    symlink(outside.path("image"), scene.path("image")).unwrap();
    assert_eq!(scene.merged(&mut Docker::default(), FOLDER), None);
    let scene = classic();
    let secret = scene.path("containers").join(id(CONTAINER));
    std::fs::remove_file(secret.join("config.v2.json")).unwrap();
    symlink("/etc/hostname", secret.join("config.v2.json")).unwrap();
    let identity = scene
        .merged(&mut Docker::default(), FOLDER)
        .unwrap()
        .identity;
    assert_eq!((identity.container_name, identity.image), (None, None));
}

#[test]
fn stores_are_told_apart_and_forgotten_in_their_order() {
    let docker = &mut Docker::default();
    let scenes: Vec<_> = (0..=STORES_MOST).map(|_| classic()).collect();
    for (number, scene) in scenes.iter().enumerate() {
        let number = u32::try_from(number).unwrap() + 0x100;
        scene.owner(number, FOLDER + number, Some(1));
        let identity = scene.merged(docker, FOLDER + number).unwrap().identity;
        assert_eq!(identity.container, Some(id(number)));
    }
    assert_eq!(docker.stores.len(), STORES_MOST);
    assert!(scenes[0].merged(docker, FOLDER + 0x100).is_some());
    assert_eq!(scenes[1].merged(docker, FOLDER + 0x100), None);
}

/// A data root without a graph driver.
fn snapshots() -> Scene {
    let scene = Scene::new();
    let mut written = config("web", IMAGE);
    written["ImageManifest"] = json!({"mediaType": "m", "digest": digest(0x2b), "size": 1});
    scene.book(CONTAINER, &written, &host("unless-stopped"));
    scene
}

#[test]
fn a_container_of_the_containerd_store_is_told_from_its_mount_point() {
    let scene = snapshots();
    let target = format!("rootfs/overlayfs/{}", id(CONTAINER));
    let docker = &mut Docker::default();
    let identity = scene.identify(docker, &target).unwrap().identity;
    assert_eq!(identity.role, Role::Container);
    assert_eq!(identity.driver, "overlayfs");
    assert_eq!(identity.container, Some(id(CONTAINER)));
    assert_eq!(identity.container_name.as_deref(), Some("web"));
    assert_eq!(identity.digest, Some(digest(IMAGE)));
    assert_eq!(identity.digest_kind, Some(DigestKind::Index));
    assert_eq!(identity.restart_policy.as_deref(), Some("unless-stopped"));
}

#[test]
fn an_image_without_an_index_is_known_by_its_manifest() {
    let scene = snapshots();
    let mut written = config("web", IMAGE);
    written["ImageManifest"] = json!({"digest": digest(IMAGE)});
    scene.book(CONTAINER, &written, &host("no"));
    let target = format!("rootfs/overlayfs/{}", id(CONTAINER));
    let found = scene.identify(&mut Docker::default(), &target).unwrap();
    assert_eq!(found.identity.digest_kind, Some(DigestKind::Manifest));
}

#[test]
fn a_mount_point_in_no_data_root_is_none() {
    let docker = &mut Docker::default();
    let target = format!("rootfs/overlayfs/{}", id(CONTAINER));
    assert_eq!(Scene::new().identify(docker, &target), None);
    let elsewhere = format!("/rootfs/overlayfs/{}", id(CONTAINER));
    assert_eq!(docker.identify(&mount(&elsewhere), &view()), None);
}

#[test]
fn what_the_buildkit_inside_mounts_is_a_builds() {
    let target = "/d/buildkit/containerd-overlayfs/cachemounts/buildkit42";
    let found = Docker::default().identify(&mount(target), &view()).unwrap();
    assert_eq!(found.identity.role, Role::Build);
    assert_eq!(found.identity.driver, "overlayfs");
}

/// Every file that a classic store is read for.
const FILES: [&str; 7] = [
    "image/overlay2/layerdb/mounts/{c}/mount-id",
    "image/overlay2/layerdb/mounts/{c}/parent",
    "image/overlay2/layerdb/sha256/{l}/parent",
    "image/overlay2/layerdb/sha256/{l}/size",
    "image/overlay2/repositories.json",
    "containers/{c}/config.v2.json",
    "containers/{c}/hostconfig.json",
];

fn file(name: &str) -> String {
    name.replace("{c}", &id(CONTAINER)).replace("{l}", &id(3))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_in_a_file_do_harm(at in 0..FILES.len(), bytes in any::<Vec<u8>>()) {
        let scene = classic();
        scene.write(&file(FILES[at]), &bytes);
        if let Some(found) = scene.merged(&mut Docker::default(), FOLDER) {
            prop_assert!(found.identity.container == Some(id(CONTAINER)));
        }
    }

    #[test]
    fn a_file_cut_anywhere_does_no_harm(at in 0..FILES.len(), share in 0.0..1.0_f64) {
        let scene = classic();
        let mut written = config("web", IMAGE);
        written["Config"]["Image"] = json!(digest(IMAGE));
        scene.book(CONTAINER, &written, &host("always"));
        let names = json!({"Repositories": {"app": {"app:1": digest(IMAGE)}}});
        scene.write("image/overlay2/repositories.json", names.to_string());
        let path = scene.path(&file(FILES[at]));
        let whole = std::fs::read(&path).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a small length")]
        let kept = (whole.len() as f64 * share) as usize;
        std::fs::write(&path, &whole[..kept]).unwrap();
        let found = scene.merged(&mut Docker::default(), FOLDER);
        // Without its mount-id a folder is nobody's; everything else only tells less.
        prop_assert_eq!(found.is_none(), at == 0);
    }

    #[test]
    fn no_mount_point_does_harm(target in "(/|merged|rootfs|overlay2|buildkit/executor|[0-9a-f]{64}|.){0,8}") {
        prop_assert_eq!(Docker::default().identify(&mount(&target), &view()), None);
    }
}
