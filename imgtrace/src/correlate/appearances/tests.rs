use crate::model::{
    Api, Confidence, DigestKind, Endpoint, Op, Operation, Runtime, Store, StoreId, StoreKind,
    StoredImage,
};
use crate::observation::Observation;
use crate::trace::scene::{Scene, ancestors, endpoint, image, key, process};

const DIGEST: &str = "sha256:6e2e";
const BUSYBOX: &str = "docker.io/library/busybox:1";

/// An image as a registry sends it.
fn pulled(names: &[&str]) -> StoredImage {
    StoredImage {
        id: "sha256:79fb".to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        digest: Some(DIGEST.to_owned()),
        came_packed: Some(true),
        ..StoredImage::default()
    }
}

fn made(names: &[&str]) -> StoredImage {
    StoredImage {
        came_packed: Some(false),
        ..pulled(names)
    }
}

/// A store, and a process (pid 400) below a shell that runs a command.
fn scene(command: &str) -> Scene {
    let mut scene = Scene::new();
    scene.see(Observation::Store {
        id: StoreId(1),
        store: Store {
            kind: StoreKind::ContainersStorage,
            root: "/var/lib/containers/storage".to_owned(),
            device: 1,
            inode: 2,
            driver: "overlay".to_owned(),
            namespace: None,
        },
        users: Vec::new(),
    });
    let args: Vec<_> = command.split(' ').map(str::to_owned).collect();
    let mut podman = process(400, &args[0]);
    podman.args = Some(args);
    podman.ancestors = ancestors(&["bash"]);
    scene.process(podman);
    scene
}

fn appear(scene: &mut Scene, image: StoredImage, renamed: bool, writer: Option<u32>) {
    scene.see(Observation::ImageAppeared {
        store: StoreId(1),
        image,
        renamed,
        already: false,
        writer: writer.map(key),
    });
}

/// What one image that a command brings is told as.
fn told(command: &str, image: StoredImage, renamed: bool) -> Option<Operation> {
    let mut scene = scene(command);
    appear(&mut scene, image, renamed, Some(400));
    let mut ended = scene.ended();
    assert!(ended.len() < 2);
    ended.pop()
}

fn op(command: &str, image: StoredImage) -> Option<Op> {
    told(command, image, false).map(|told| told.op)
}

#[test]
fn a_pull_on_the_command_line() {
    let pull = told("podman pull busybox:1", pulled(&[BUSYBOX]), false).unwrap();
    assert_eq!(pull.op, Op::Pull);
    assert_eq!(pull.millis(), None, "when it began is not known");
    assert_eq!(pull.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(pull.subject.digest.as_deref(), Some(DIGEST));
    assert_eq!(pull.subject.digest_kind, Some(DigestKind::Unknown));
    assert!(pull.subject.images.is_empty());
    assert_eq!(pull.endpoint.runtime, Runtime::Podman);
    assert_eq!((pull.endpoint.id, pull.endpoint.api), (None, None));
    assert_eq!(pull.store.unwrap().root, "/var/lib/containers/storage");
    assert_eq!(pull.caller.unwrap().ancestors[0].comm, "bash");
    assert_eq!(pull.confidence, Confidence::Inferred);
    assert_eq!(pull.inferred_fields, ["op", "caller"]);
    assert_eq!(
        pull.evidence,
        [
            "pid 400 (podman) wrote it into the index of /var/lib/containers/storage",
            "its command line fetches images",
        ]
    );
    assert!(!pull.unasked);
}

#[test]
fn what_is_made_or_loaded_is_no_pull() {
    for command in [
        "podman load -i a.tar",
        "podman import a.tar b:1",
        "podman commit c b:1",
        "buildah commit work b:1",
        "podman pull docker-archive:a.tar",
    ] {
        assert_eq!(
            op(command, pulled(&["q.io/b:1"])),
            Some(Op::AddImage),
            "{command}"
        );
    }
    let no_digest = StoredImage {
        digest: None,
        ..pulled(&[BUSYBOX])
    };
    assert_eq!(op("podman pull a", no_digest), Some(Op::AddImage));
    assert_eq!(
        op("podman run a", made(&["localhost/a:1"])),
        Some(Op::AddImage)
    );
}

#[test]
fn a_build_pulls_its_base_and_adds_its_result() {
    let build = "podman build -t q.io/app:1 .";
    assert_eq!(op(build, pulled(&[BUSYBOX])), Some(Op::Pull));
    // Its last layer is the base's where no step has written a file.
    assert_eq!(op(build, pulled(&["q.io/app:1"])), Some(Op::AddImage));
    assert_eq!(op(build, made(&["q.io/app:2"])), Some(Op::AddImage));
    assert_eq!(op("podman build .", made(&[])), Some(Op::AddImage));
}

#[test]
fn names_alone_are_told_where_a_command_fetches_or_makes() {
    let renamed = |command| told(command, pulled(&["q.io/mirror:1"]), true);
    assert_eq!(renamed("podman pull q.io/mirror:1").unwrap().op, Op::Pull);
    assert!(renamed("podman tag busybox:1 q.io/mirror:1").is_none());
    assert!(renamed("podman system service").is_none());
}

#[test]
fn without_a_command_line_the_image_tells() {
    assert_eq!(op("crio", pulled(&[BUSYBOX])), Some(Op::Pull));
    assert_eq!(
        op("podman system service", pulled(&[BUSYBOX])),
        Some(Op::Pull)
    );
    assert_eq!(
        op("podman system service", made(&[BUSYBOX])),
        Some(Op::AddImage)
    );
    let mut scene = scene("podman pull a");
    appear(&mut scene, pulled(&[BUSYBOX, "q.io/b:1"]), false, None);
    let pull = scene.last_ended();
    assert_eq!((pull.op, pull.caller), (Op::Pull, None));
    assert_eq!(pull.subject.images.len(), 2);
    assert_eq!(pull.inferred_fields, ["op"]);
}

#[test]
fn the_runtimes_program_above_the_writer_is_the_caller() {
    let mut scene = scene("podman pull busybox:1");
    let mut writer = process(500, "storage-helper");
    writer.ancestors = ancestors(&["sh", "podman"]);
    writer.ancestors[1].key = key(400);
    scene.process(writer);
    appear(&mut scene, pulled(&[BUSYBOX]), false, Some(500));
    let pull = scene.last_ended();
    assert_eq!(pull.op, Op::Pull);
    assert_eq!(pull.caller.unwrap().key, key(400));
    assert!(pull.evidence[0].starts_with("pid 500 (storage-helper) wrote"));
}

/// CRI-O (pid 800) and a client that asks it to pull.
fn crio() -> Scene {
    let mut scene = scene("crictl pull busybox:1");
    scene.process(process(800, "crio"));
    scene.see(Observation::Endpoint(Endpoint {
        runtime: Runtime::CriO,
        path: "/run/crio/crio.sock".to_owned(),
        ..endpoint(1, Some(800))
    }));
    scene.connect(1, 1, 400);
    scene
}

#[test]
fn what_a_client_asks_for_is_told_once() {
    let mut scene = crio();
    let request = scene.begin_in(Api::Cri, 1, Op::Pull, image(BUSYBOX));
    appear(&mut scene, pulled(&[BUSYBOX]), false, Some(800));
    assert_eq!(scene.ended(), [], "under way");
    scene.end(request, image(BUSYBOX));
    appear(&mut scene, pulled(&[BUSYBOX]), false, Some(800));
    assert_eq!(scene.ended().len(), 1, "just ended");
    appear(&mut scene, pulled(&["q.io/other:1"]), false, Some(800));
    assert_eq!(scene.ended().len(), 2, "another image");
    assert!(scene.last_ended().unasked);
    scene.wait(10_000);
    appear(&mut scene, pulled(&[BUSYBOX]), false, Some(800));
    assert_eq!(scene.ended().len(), 3, "long ended");
}

#[test]
fn what_a_client_asks_for_is_told_once_where_nobody_knows_who_wrote() {
    let mut scene = crio();
    let request = scene.begin_in(Api::Cri, 1, Op::Pull, image(BUSYBOX));
    appear(&mut scene, pulled(&[BUSYBOX]), false, None);
    assert_eq!(scene.ended(), [], "under way");
    scene.end(request, image(BUSYBOX));
    appear(&mut scene, pulled(&[BUSYBOX]), false, None);
    assert_eq!(scene.ended().len(), 1, "just ended");
    appear(&mut scene, pulled(&["q.io/other:1"]), false, None);
    assert_eq!(scene.ended().len(), 2, "another image");
}

#[test]
fn another_process_than_the_one_that_was_asked_brings_its_own() {
    let mut scene = crio();
    scene.begin_in(Api::Cri, 1, Op::Pull, image(BUSYBOX));
    let mut podman = process(900, "podman");
    podman.args = Some(["podman", "pull", "busybox:1"].map(str::to_owned).to_vec());
    scene.process(podman);
    appear(&mut scene, pulled(&[BUSYBOX]), false, Some(900));
    assert_eq!(scene.last_ended().caller.unwrap().key, key(900));
}

#[test]
fn what_a_build_over_the_api_makes_is_the_builds() {
    let mut scene = crio();
    let request = scene.begin_in(Api::Docker, 1, Op::Build, image("localhost/app:1"));
    appear(&mut scene, pulled(&[BUSYBOX]), false, Some(800));
    appear(&mut scene, made(&["localhost/app:1"]), false, Some(800));
    assert_eq!(scene.ended(), []);
    scene.end(request, image("localhost/app:1"));
    assert_eq!(scene.ended().len(), 1);
}
