use crate::model::{Api, Confidence, Op, Pod, Subject};
use crate::observation::Fact;
use crate::trace::scene::{Scene, container, id, image};

const BUSYBOX: &str = "docker.io/library/busybox:1.36";

fn scene() -> Scene {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    scene
}

fn by_id(digest: &str) -> Subject {
    Subject {
        digest: Some(digest.to_owned()),
        ..Subject::default()
    }
}

fn sha(digits: &str) -> String {
    format!("sha256:{}", id(digits))
}

#[test]
fn an_exec_finds_its_container() {
    let mut scene = scene();
    scene.create(1, "web", BUSYBOX, &id("c1"));
    scene.learn(
        1,
        Fact::Exec {
            id: id("e1"),
            container: "web".to_owned(),
        },
    );
    let started = Subject {
        exec: Some(id("e1")),
        ..Subject::default()
    };
    let exec = scene.ask(1, Op::Exec, started).subject;
    assert_eq!(exec.container, Some(id("c1")));
    assert_eq!(exec.container_name.as_deref(), Some("web"));
    assert_eq!(exec.image.as_deref(), Some(BUSYBOX));
}

#[test]
fn a_container_known_from_a_list() {
    let mut scene = scene();
    scene.learn(
        1,
        Fact::Container {
            id: id("c1"),
            name: Some("web".to_owned()),
            image: None,
            pod: None,
            sandbox: None,
        },
    );
    let kill = scene.ask(1, Op::Kill, container("web"));
    assert_eq!(kill.subject.container, Some(id("c1")));
    assert_eq!(kill.subject.image, None);
    assert_eq!(kill.confidence, Confidence::Observed);
}

#[test]
fn the_image_of_a_commit_is_its_own() {
    let mut scene = scene();
    scene.create(1, "web", BUSYBOX, &id("c1"));
    let commit = scene.ask(1, Op::Commit, container("web"));
    assert_eq!(commit.subject.container, Some(id("c1")));
    assert_eq!(commit.subject.image, None);
}

#[test]
fn a_pull_names_its_digest_and_a_build_its_id() {
    let mut scene = scene();
    let pull = scene.begin(1, Op::Pull, image(BUSYBOX));
    scene.end(pull, by_id(&sha("d1")));
    let tagged = Subject {
        images: vec!["a:1".to_owned(), "b:1".to_owned()],
        ..image("a:1")
    };
    let build = scene.begin(1, Op::Build, tagged);
    scene.end(build, by_id(&sha("c1")));
    for (digest, name) in [(sha("d1"), BUSYBOX), (sha("c1"), "a:1")] {
        let create = scene.ask(1, Op::Create, by_id(&digest));
        assert_eq!(create.subject.image.as_deref(), Some(name));
    }
}

#[test]
fn a_build_without_a_tag_gets_no_name() {
    let mut scene = scene();
    let build = scene.begin(1, Op::Build, image("a:1"));
    scene.end(build, by_id(&sha("c1")));
    let again = scene.begin(1, Op::Build, Subject::default());
    let again = scene.end(again, by_id(&sha("c1")));
    assert_eq!(again.subject.image, None);
}

#[test]
fn a_tag_is_one_more_name() {
    let mut scene = scene();
    let target = |subject| Subject {
        target: Some("b:1".to_owned()),
        ..subject
    };
    scene.ask(1, Op::Tag, target(by_id(&sha("c1"))));
    let create = scene.ask(1, Op::Create, by_id(&sha("c1")));
    assert_eq!(create.subject.image.as_deref(), Some("b:1"));
    let removed = scene.ask(1, Op::RemoveImage, by_id(&sha("c1")));
    assert_eq!(removed.subject.image.as_deref(), Some("b:1"));
    let create = scene.ask(1, Op::Create, by_id(&sha("c1")));
    assert_eq!(create.subject.image, None);
}

#[test]
fn a_short_image_id_is_no_name() {
    let mut scene = scene();
    scene.learn(
        1,
        Fact::Image {
            id: sha("cbb60b12ab34"),
            names: vec![BUSYBOX.to_owned()],
        },
    );
    for called in [
        image("docker.io/library/cbb60b12:latest"),
        by_id("cbb60b12ab34"),
        by_id("sha256:cbb6"),
    ] {
        let create = scene.ask(1, Op::Create, called);
        assert_eq!(create.subject.image.as_deref(), Some(BUSYBOX));
        assert_eq!(create.subject.digest, Some(sha("cbb60b12ab34")));
        assert_eq!(create.inferred_fields, ["digest", "image"]);
        assert_eq!(create.confidence, Confidence::Inferred);
    }
}

#[test]
fn what_failed_teaches_nothing() {
    let mut scene = scene();
    let create = scene.begin(1, Op::Create, container(&id("c1")));
    scene.fail(create, "conflict");
    let stop = scene.ask(1, Op::Stop, container("c1000"));
    assert_eq!(stop.subject.container.as_deref(), Some("c1000"));
}

#[test]
fn pods_of_containers_and_sandboxes() {
    let mut scene = scene();
    let pod = Pod {
        namespace: Some("shop".to_owned()),
        name: Some("front".to_owned()),
        uid: Some("u".to_owned()),
    };
    let sandbox = Subject {
        sandbox: Some(id("5a")),
        ..Subject::default()
    };
    let run = scene.begin(
        1,
        Op::RunSandbox,
        Subject {
            pod: Some(pod.clone()),
            ..Subject::default()
        },
    );
    scene.end(run, sandbox.clone());
    let stop = scene.ask(1, Op::StopSandbox, sandbox);
    assert_eq!(stop.subject.pod, Some(pod.clone()));
    assert_eq!(stop.subject.container, None);

    let create = scene.create(1, "k8s_app_front_shop_u_0", BUSYBOX, &id("c1"));
    assert_eq!(create.subject.pod, Some(pod.clone()));
    let start = scene.ask(1, Op::Start, container(&id("c1")));
    assert_eq!(start.subject.pod, Some(pod));
}

#[test]
fn a_container_that_was_listed_gets_its_pod_from_its_sandbox() {
    let mut scene = scene();
    let pod = Pod {
        name: Some("front".to_owned()),
        ..Pod::default()
    };
    scene.learn(
        1,
        Fact::Container {
            id: id("c1"),
            name: Some("web".to_owned()),
            image: Some(BUSYBOX.to_owned()),
            pod: None,
            sandbox: Some(id("5a")),
        },
    );
    let sandbox = Fact::Sandbox {
        id: id("5a"),
        pod: pod.clone(),
    };
    scene.learn(1, sandbox);
    let stop = scene.begin_in(Api::Cri, 1, Op::Stop, container(&id("c1")));
    let stop = scene.end(stop, Subject::default()).subject;
    assert_eq!(stop.pod, Some(pod));
    assert_eq!(stop.container_name.as_deref(), Some("web"));
    assert_eq!(stop.image.as_deref(), Some(BUSYBOX));
}

#[test]
fn where_containers_have_ids_alone_a_name_is_none() {
    let mut scene = scene();
    scene.create(1, "web", BUSYBOX, &id("c1"));
    let stop = scene.begin_in(Api::Containerd, 1, Op::Kill, container("web"));
    let stop = scene.end(stop, Subject::default()).subject;
    assert_eq!(stop.container.as_deref(), Some("web"));
    assert_eq!(stop.image, None);
}
