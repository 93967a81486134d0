//! What answers tell.

use super::*;
use crate::observation::Fact;

fn learnt(path: &str, answer: &Proto) -> Vec<Fact> {
    let mut script = Script::new();
    script.unary(path, &Proto::new(), answer);
    let facts = script.facts();
    assert!(!format!("{facts:?}").contains(SECRET));
    facts
}

fn expected(id: &str) -> Fact {
    Fact::Container {
        id: id.to_owned(),
        name: None,
        image: Some(BUSYBOX.to_owned()),
        pod: None,
        sandbox: None,
    }
}

#[test]
fn containers_tell_their_images() {
    const SERVICE: &str = "/containerd.services.containers.v1.Containers";
    let one = Proto::new().message(1, &container("web", BUSYBOX));
    for method in ["Get", "List", "ListStream"] {
        assert_eq!(
            learnt(&format!("{SERVICE}/{method}"), &one),
            [expected("web")],
            "{method}"
        );
    }
    let two = one
        .message(1, &container("db", BUSYBOX))
        .message(1, &container("", BUSYBOX));
    assert_eq!(
        learnt(&format!("{SERVICE}/List"), &two),
        [expected("web"), expected("db")]
    );
    let mut script = Script::new();
    let exchange = script.call(&format!("{SERVICE}/Get"));
    let bytes = Proto::new().message(1, &container("web", BUSYBOX)).bytes();
    script.answer_bytes(exchange, &bytes[..12], false);
    assert_eq!(script.facts(), [], "a container whose image is not known");
}

fn names(id: u32, names: &[&str]) -> Fact {
    Fact::Image {
        id: digest(id),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn images_tell_their_names() {
    let by_digest = format!("docker.io/library/busybox@{}", digest(1));
    let list = [
        (BUSYBOX, 1),
        (&by_digest, 1),
        (&digest(7), 1),
        ("docker.io/library/alpine:3", 2),
        (&digest(8), 3),
    ];
    let list = list.into_iter().fold(Proto::new(), |list, (name, number)| {
        list.message(1, &image(name, INDEX, &digest(number)))
    });
    assert_eq!(
        learnt(LIST, &list),
        [
            names(1, &[BUSYBOX, &by_digest]),
            names(2, &["docker.io/library/alpine:3"])
        ]
    );
}

#[test]
fn a_name_that_is_read_joins_those_of_the_same_image() {
    let mut script = Script::new();
    let mut get = |name: &str, number| {
        script.unary(GET, &Proto::new(), &of_image(name, &digest(number)));
        script.facts()
    };
    let other = "docker.io/library/mine:1";
    assert_eq!(get(BUSYBOX, 1), [names(1, &[BUSYBOX])]);
    assert_eq!(get(BUSYBOX, 1), []);
    assert_eq!(get(other, 1), [names(1, &[BUSYBOX, other])]);
    assert_eq!(get(BUSYBOX, 2), [names(2, &[BUSYBOX])]);
    assert_eq!(
        get(other, 1),
        [names(1, &[other])],
        "a name that has moved is another's"
    );
    script.unary(DELETE, &Proto::new().text(1, BUSYBOX), &Proto::new());
    script.unary(GET, &Proto::new(), &of_image(other, &digest(2)));
    assert_eq!(
        script.facts(),
        [names(2, &[other])],
        "a name that was removed is none"
    );
}

#[test]
fn the_version() {
    let answer = Proto::new().text(1, "v2.3.4").text(2, "revision");
    let told = learnt("/containerd.services.version.v1.Version/Version", &answer);
    let expected = Fact::Version {
        version: "v2.3.4".to_owned(),
    };
    assert_eq!(told, [expected]);
}
