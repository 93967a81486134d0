use super::MAX_WAITING;
use crate::model::{
    Api, Confidence, DigestKind, Endpoint, Op, Operation, Runtime, StoreId, StoredImage, Subject,
};
use crate::observation::{ConnectionId, Observation};
use crate::trace::scene::{
    MB, Scene, containerd_store, docker_store, endpoint, image, key, packed, process, sha, stored,
};

const BUSYBOX: &str = "docker.io/library/busybox:1";

/// dockerd (endpoint 1) with store 1; containerd (endpoint 2) with the namespaces k8s.io (2) and moby
/// (3); a client with a connection to each.
fn node() -> Scene {
    let mut scene = Scene::with_docker();
    scene.daemon(2, Runtime::Containerd, 900, "containerd");
    scene.store(1, docker_store(1, "/var/lib/docker"), &[800]);
    let root = "/var/lib/containerd";
    scene.store(2, containerd_store(7, root, "k8s.io"), &[900]);
    scene.store(3, containerd_store(7, root, "moby"), &[900]);
    scene.process(process(400, "client"));
    scene.connect(1, 1, 400);
    scene.connect(2, 2, 400);
    scene
}

/// An image whose layers were fetched.
fn fetched(name: &str) -> StoredImage {
    StoredImage {
        came_packed: Some(true),
        ..stored(name, "1", &[("a1", MB)])
    }
}

fn in_containerd(image: &StoredImage) -> StoredImage {
    let mut image = packed(image);
    // The other names that the CRI gives.
    image
        .names
        .push(format!("docker.io/library/busybox@{}", image.id));
    image
}

/// Everything that ended, once all that waits has been told.
fn told(mut scene: Scene) -> Vec<Operation> {
    for _ in 0..20 {
        scene.tick();
    }
    scene.see(Observation::End);
    scene.ended()
}

#[test]
fn what_nobody_was_seen_to_ask_for_is_a_pull() {
    let mut scene = node();
    scene.gets(1, &fetched(BUSYBOX));
    assert_eq!(scene.ended(), [], "a request may still be understood");
    let at = scene.now();
    let ended = told(scene);
    let [pull] = &ended[..] else {
        panic!("{ended:?}");
    };
    assert_eq!((pull.op, pull.at), (Op::Pull, at));
    assert_eq!(pull.millis(), None);
    assert_eq!(pull.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(pull.subject.digest, Some(sha("d01")));
    assert_eq!(pull.subject.digest_kind, Some(DigestKind::Unknown));
    assert_eq!(
        (pull.endpoint.id, pull.endpoint.runtime),
        (None, Runtime::Docker)
    );
    assert_eq!(pull.store.as_ref().unwrap().id, StoreId(1));
    assert_eq!(pull.caller.as_ref().unwrap().key, key(800));
    assert!(pull.unasked);
    assert_eq!(pull.confidence, Confidence::Inferred);
    assert_eq!(pull.inferred_fields, ["op", "caller"]);
    assert_eq!(
        pull.evidence,
        [
            "the index of docker:/var/lib/docker has it; no request for it was seen",
            "its content came from a registry",
            "pid 800 (dockerd) keeps its images there; who asked it could not be told",
        ]
    );
}

#[test]
fn what_was_made_here_is_no_pull() {
    let op = |change: fn(&mut StoredImage)| {
        let mut scene = node();
        let mut image = fetched(BUSYBOX);
        change(&mut image);
        scene.gets(1, &image);
        told(scene)[0].op
    };
    assert_eq!(op(|_| {}), Op::Pull);
    assert_eq!(op(|it| it.came_packed = Some(false)), Op::AddImage);
    assert_eq!(op(|it| it.came_packed = None), Op::AddImage);
    assert_eq!(op(|it| it.digest = None), Op::AddImage);
}

#[test]
fn in_containerd_the_daemon_whose_namespace_it_is_has_brought_it() {
    let mut scene = node();
    scene.gets(2, &in_containerd(&fetched(BUSYBOX)));
    let root = "/var/lib/containerd";
    scene.store(3, containerd_store(7, root, "moby"), &[900, 800]);
    scene.gets(3, &in_containerd(&fetched(BUSYBOX)));
    let ended = told(scene);
    let of = |pull: &Operation| {
        let caller = pull.caller.as_ref().unwrap().key;
        let namespace = pull.subject.namespace.clone().unwrap();
        (caller, pull.endpoint.runtime, namespace)
    };
    assert_eq!(ended.len(), 2);
    assert_eq!(
        of(&ended[0]),
        (key(900), Runtime::Containerd, "k8s.io".to_owned())
    );
    assert_eq!(
        of(&ended[1]),
        (key(800), Runtime::Docker, "moby".to_owned())
    );
}

#[test]
fn what_was_there_and_what_only_has_got_a_name_is_nothing() {
    let mut scene = node();
    scene.has(1, &fetched(BUSYBOX));
    for renamed in [true, false] {
        scene.see(Observation::ImageAppeared {
            store: StoreId(2),
            image: in_containerd(&fetched(BUSYBOX)),
            renamed,
            already: !renamed,
            writer: None,
        });
    }
    assert_eq!(told(scene), []);
}

/// A request for an image, and when the image appears: before it is understood, while it is under
/// way, and after it.
fn each_order(api: Api, connection: u64, op: Op, asked: &Subject, store: u32, comes: &StoredImage) {
    for order in 0..3 {
        let mut scene = node();
        let began = scene.now();
        if order == 0 {
            scene.wait(300);
            scene.gets(store, comes);
        }
        let request = scene.begin_as(crate::trace::scene::Asked {
            api,
            connection,
            op,
            subject: asked.clone(),
            began: Some(began),
            ..Default::default()
        });
        if order == 1 {
            scene.gets(store, comes);
        }
        scene.wait(100);
        scene.finish(request, Subject::default());
        if order == 2 {
            scene.wait(4_000);
            scene.gets(store, comes);
        }
        let ended = told(scene);
        let ops: Vec<_> = ended.iter().map(|told| told.op).collect();
        assert_eq!(ops, [op], "{api:?}, order {order}");
        assert_eq!(ended[0].confidence, Confidence::Observed);
    }
}

#[test]
fn what_a_client_asks_for_is_told_once_in_whatever_order() {
    let docker = fetched(BUSYBOX);
    let containerd = in_containerd(&docker);
    let asked = image(BUSYBOX);
    each_order(Api::Docker, 1, Op::Pull, &asked, 1, &docker);
    each_order(Api::Cri, 2, Op::Pull, &asked, 2, &containerd);
    let by_digest = Subject {
        digest: Some(sha("c01")),
        ..Subject::default()
    };
    each_order(Api::Cri, 2, Op::Pull, &by_digest, 2, &containerd);
    let all = Subject {
        all_tags: true,
        ..image("docker.io/library/busybox")
    };
    each_order(Api::Docker, 1, Op::Pull, &all, 1, &docker);
    let moby = Subject {
        namespace: Some("moby".to_owned()),
        ..asked
    };
    each_order(Api::Containerd, 2, Op::Pull, &moby, 3, &containerd);
    each_order(Api::Containerd, 2, Op::Import, &moby, 3, &containerd);
    for op in [Op::Load, Op::Import, Op::Build, Op::Commit, Op::Tag] {
        each_order(Api::Docker, 1, op, &Subject::default(), 1, &docker);
    }
}

#[test]
fn a_pull_does_not_bring_another_image_or_into_another_store() {
    let ops = |name: &str, store: u32| {
        let mut scene = node();
        let request = scene.begin(1, Op::Pull, image(BUSYBOX));
        scene.gets(store, &fetched(name));
        scene.finish(request, Subject::default());
        told(scene).len()
    };
    assert_eq!(ops(BUSYBOX, 1), 1);
    assert_eq!(ops("docker.io/library/busybox:2", 1), 2);
    assert_eq!(ops(BUSYBOX, 2), 2, "containerd's own");
}

#[test]
fn behind_cri_dockerd_the_pull_is_the_clients() {
    let mut scene = node();
    scene.process(process(700, "cri-dockerd"));
    scene.see(Observation::Endpoint(Endpoint {
        runtime: Runtime::CriDockerd,
        path: "/run/cri-dockerd.sock".to_owned(),
        ..endpoint(4, Some(700))
    }));
    scene.connect(41, 4, 400);
    let request = scene.begin_in(Api::Cri, 41, Op::Pull, image(BUSYBOX));
    scene.finish(request, Subject::default());
    scene.gets(1, &fetched(BUSYBOX));
    assert_eq!(told(scene).len(), 1);
}

#[test]
fn long_after_a_request_an_image_is_nobodys() {
    let count = |op, wait| {
        let mut scene = node();
        let request = scene.begin(1, op, image(BUSYBOX));
        scene.finish(request, Subject::default());
        scene.wait(wait);
        scene.gets(1, &fetched(BUSYBOX));
        told(scene).len()
    };
    assert_eq!(count(Op::Pull, 29_000), 1);
    assert_eq!(count(Op::Pull, 31_000), 2);
    assert_eq!(count(Op::Load, 9_000), 1);
    assert_eq!(count(Op::Load, 11_000), 2);
}

#[test]
fn a_pull_that_begins_after_the_image_came_has_not_brought_it() {
    let mut scene = node();
    scene.gets(1, &fetched(BUSYBOX));
    scene.wait(1_000);
    let request = scene.begin(1, Op::Pull, image(BUSYBOX));
    scene.finish(request, Subject::default());
    let ended = told(scene);
    assert_eq!(ended.len(), 2);
    assert_eq!(ended[1].confidence, Confidence::Inferred);
}

#[test]
fn on_a_connection_that_was_joined_a_request_may_be_understood_much_later() {
    let mut scene = node();
    scene.see(Observation::Connected {
        connection: ConnectionId(50),
        endpoint: crate::model::EndpointId(2),
        client: Some(key(400)),
        joined: true,
    });
    let began = scene.now();
    scene.wait(1_000);
    scene.gets(2, &in_containerd(&fetched(BUSYBOX)));
    for _ in 0..15 {
        scene.tick();
    }
    assert_eq!(scene.ended(), []);
    let request = scene.begin_as(crate::trace::scene::Asked {
        api: Api::Cri,
        connection: 50,
        op: Op::Pull,
        subject: image(BUSYBOX),
        began: Some(began),
        ..Default::default()
    });
    scene.finish(request, Subject::default());
    assert_eq!(told(scene).len(), 1);
}

#[test]
fn what_is_still_under_way_at_the_end_has_brought_it() {
    let mut scene = node();
    scene.begin(1, Op::Pull, image(BUSYBOX));
    scene.gets(1, &fetched(BUSYBOX));
    scene.see(Observation::End);
    let ended = scene.ended();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].endpoint.api, Some(Api::Docker));
}

#[test]
fn a_crowd_is_told_to_the_last() {
    let mut scene = node();
    let crowd = MAX_WAITING + 10;
    for number in 0..crowd {
        let name = format!("docker.io/library/x{number}:1");
        let mut image = fetched(&name);
        image.id = sha(&format!("{number:x}e"));
        scene.gets(1, &image);
    }
    assert!(scene.ended().len() >= 10, "the oldest do not wait");
    assert_eq!(told(scene).len(), crowd);
}
