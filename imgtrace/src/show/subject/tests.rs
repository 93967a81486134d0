use super::super::samples::{container, denied, id, image, operation};
use super::*;

fn shown(op: Op, subject: Subject) -> String {
    what(&operation(op, subject), None)
}

#[test]
fn images_by_name_digest_and_number() {
    let digest = Some(format!("sha256:{}", id("ab12cd34")));
    let several = vec!["a:1".to_owned(), "b:2".to_owned(), "c:3".to_owned()];
    let named = format!("docker.io/library/nginx@{}", digest.as_ref().unwrap());
    assert_eq!(shown(Op::Pull, image("quay.io/a/b:1")), "quay.io/a/b:1");
    assert_eq!(
        shown(Op::Pull, image(&named)),
        "docker.io/library/nginx@sha256:ab12cd34ab12"
    );
    let nameless = Subject {
        digest,
        ..Subject::default()
    };
    assert_eq!(shown(Op::RemoveImage, nameless), "sha256:ab12cd34ab12");
    assert_eq!(
        shown(
            Op::Load,
            Subject {
                images: several,
                ..Subject::default()
            }
        ),
        "a:1 +2"
    );
    let all = Subject {
        all_tags: true,
        ..image("docker.io/library/nginx")
    };
    assert_eq!(shown(Op::Pull, all), "docker.io/library/nginx (all tags)");
    let tag = Subject {
        target: Some("b:2".to_owned()),
        ..image("a:1")
    };
    assert_eq!(shown(Op::Tag, tag), "a:1 → b:2");
    assert_eq!(shown(Op::Pull, Subject::default()), "?");
}

#[test]
fn containers_by_name_and_id() {
    let web = || container("web", "3f9c2a71");
    assert_eq!(shown(Op::Stop, web()), "web 3f9c2a71");
    assert_eq!(
        shown(
            Op::Create,
            Subject {
                image: image("a:1").image,
                ..web()
            }
        ),
        "a:1 web 3f9c2a71"
    );
    let nameless = Subject {
        container_name: None,
        ..web()
    };
    assert_eq!(shown(Op::Exec, nameless), "3f9c2a713f9c");
    let unresolved = Subject {
        container: Some("web".to_owned()),
        ..Subject::default()
    };
    assert_eq!(
        shown(Op::Kill, unresolved),
        "web",
        "a name is no id to be cut"
    );
    let commit = Subject {
        image: Some("app:2".to_owned()),
        ..web()
    };
    assert_eq!(shown(Op::Commit, commit), "web 3f9c2a71 → app:2");
}

#[test]
fn sandboxes_prunes_and_refusals() {
    let named = |name: &str| Some(name.to_owned());
    let pod = Pod {
        namespace: named("shop"),
        name: named("front-7c"),
        uid: None,
    };
    let sandbox = Subject {
        pod: Some(pod),
        sandbox: Some(id("77")),
        ..Subject::default()
    };
    assert_eq!(shown(Op::RunSandbox, sandbox), "pod shop/front-7c 77777777");
    let uid = named("11111111-2222-3333-4444-555555555555");
    let nameless = Pod {
        uid,
        ..Pod::default()
    };
    let sandbox = Subject {
        pod: Some(nameless),
        ..Subject::default()
    };
    assert_eq!(shown(Op::StopSandbox, sandbox), "pod 11111111");
    let pruned = Subject {
        what: named("images"),
        bytes: Some(1_200_000),
        ..Subject::default()
    };
    assert_eq!(shown(Op::Prune, pruned), "images (1.2 MB freed)");
    assert_eq!(what(&denied(), None), "/run/docker.sock");
}

#[test]
fn little_room_takes_the_registry_first_and_the_left_end_then() {
    let pull = operation(Op::Pull, image("docker.io/library/nginx:1.27"));
    assert_eq!(what(&pull, Some(28)), "docker.io/library/nginx:1.27");
    assert_eq!(what(&pull, Some(27)), "nginx:1.27");
    assert_eq!(what(&pull, Some(8)), "…nx:1.27");
    let create = Subject {
        container_name: Some("web".to_owned()),
        ..image("docker.io/a/b:1")
    };
    let create = operation(Op::Create, create);
    assert_eq!(what(&create, Some(12)), "a/b:1 web");
    let all = Subject {
        all_tags: true,
        ..image("docker.io/library/nginx")
    };
    assert_eq!(
        what(&operation(Op::Pull, all), Some(17)),
        "nginx (all tags)"
    );
}
