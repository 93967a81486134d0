use super::super::samples::{caller, id, image, in_pod, operation, pull};
use super::*;
use crate::model::{Ancestor, Pod, ProcessKey, Subject};

fn shown(operation: &Operation, room: Option<usize>) -> String {
    let mut line = Line::new(false);
    push(&mut line, operation, room);
    let mut out = Vec::new();
    line.finish(&mut out);
    String::from_utf8(out).unwrap().trim_end().to_owned()
}

fn by(caller: Caller) -> Operation {
    Operation {
        caller: Some(caller),
        ..pull()
    }
}

#[test]
fn the_chain_goes_up_and_ends_where_the_caller_sits() {
    assert_eq!(shown(&pull(), None), "docker ‹ bash ‹ sshd (go)");
    assert_eq!(
        shown(&by(in_pod()), None),
        "docker-compose ‹ make ‹ bash ‹ [pod ci/runner-0]"
    );
    let service = Caller {
        unit: Some("agent.service".to_owned()),
        ..caller("docker")
    };
    assert_eq!(
        shown(&by(service), None),
        "docker ‹ bash ‹ sshd (go) ‹ [agent.service]"
    );
    assert_eq!(
        shown(
            &Operation {
                caller: None,
                ..pull()
            },
            None
        ),
        "caller not seen"
    );
}

#[test]
fn containers_are_named_nearest_first() {
    let inside = CallerContainer {
        id: id("9f8e7d6c"),
        name: None,
        image: None,
        runtime: None,
        outer: vec![id("aaaa1111"), id("bbbb2222")],
    };
    let nested = Caller {
        pod: None,
        container: Some(inside.clone()),
        ..in_pod()
    };
    assert!(shown(&by(nested), None).ends_with("[container 9f8e7d6c in bbbb2222 in aaaa1111]"));
    let uid = Some("11111111-2222-3333-4444-555555555555".to_owned());
    let pod = Some(Pod {
        uid,
        ..Pod::default()
    });
    let inside = CallerContainer {
        outer: Vec::new(),
        name: Some("app".to_owned()),
        ..inside
    };
    let nameless = Caller {
        pod,
        container: Some(inside),
        ..in_pod()
    };
    assert!(shown(&by(nameless), None).ends_with("[pod 11111111 container app 9f8e7d6c]"));
}

#[test]
fn users_other_than_root_are_named() {
    assert_eq!(
        shown(
            &by(Caller {
                uid: 0,
                ..caller("docker")
            }),
            None
        ),
        "docker ‹ bash ‹ sshd"
    );
    let foreign = Caller {
        user: None,
        uid: 100_000,
        ..caller("docker")
    };
    assert_eq!(
        shown(&by(foreign), None),
        "docker ‹ bash ‹ sshd (uid 100000)"
    );
}

#[test]
fn what_is_inferred_says_so() {
    let inferred = Operation {
        confidence: Confidence::Inferred,
        ..pull()
    };
    assert!(shown(&inferred, None).ends_with(" (inferred)"));
    let field = Operation {
        inferred_fields: vec!["image".to_owned()],
        ..pull()
    };
    assert!(shown(&field, None).ends_with(" (image inferred)"));
    let unknown = Operation {
        confidence: Confidence::Unknown,
        caller: None,
        ..pull()
    };
    assert_eq!(shown(&unknown, None), "caller not seen (unsure)");
    let own = Operation {
        unasked: true,
        inferred_fields: vec!["caller".to_owned()],
        ..pull()
    };
    assert!(shown(&own, None).ends_with(" (no client seen) (caller inferred)"));
}

#[test]
fn a_request_for_a_pod_says_which() {
    let named = |name: &str| Some(name.to_owned());
    let pod = Some(Pod {
        namespace: named("shop"),
        name: named("front-7c"),
        uid: None,
    });
    let subject = Subject {
        pod,
        ..image("a:1")
    };
    let kubelet = Caller {
        ancestors: Vec::new(),
        uid: 0,
        ..caller("kubelet")
    };
    let pull = Operation {
        caller: Some(kubelet),
        ..operation(Op::Pull, subject.clone())
    };
    assert_eq!(shown(&pull, None), "kubelet (pod shop/front-7c)");
    assert_eq!(shown(&pull, Some(20)), "kubel… (…p/front-7c)");
    let sandbox = Operation {
        op: Op::RunSandbox,
        ..pull
    };
    assert_eq!(shown(&sandbox, None), "kubelet");
}

#[test]
fn little_room_takes_the_ancestors_first_and_the_place_last() {
    let pod = by(in_pod());
    assert_eq!(
        shown(&pod, Some(48)),
        "docker-compose ‹ make ‹ bash ‹ [pod ci/runner-0]"
    );
    assert_eq!(
        shown(&pod, Some(47)),
        "docker-compose ‹ make ‹ … ‹ [pod ci/runner-0]"
    );
    assert_eq!(
        shown(&pod, Some(40)),
        "docker-compose ‹ … ‹ [pod ci/runner-0]"
    );
    assert_eq!(shown(&pod, Some(30)), "docker-co… ‹ [pod ci/runner-0]");
    assert_eq!(shown(&pod, Some(20)), "docke… ‹ […runner-0]");
    assert_eq!(shown(&pull(), Some(15)), "docker ‹ … (go)");
    assert_eq!(shown(&pull(), Some(14)), "docker");
}

#[test]
fn a_container_is_called_by_its_name_where_there_is_little_room() {
    let inside = CallerContainer {
        name: Some("ci-runner".to_owned()),
        ..in_pod().container.unwrap()
    };
    let caller = Caller {
        pod: None,
        container: Some(inside),
        ..in_pod()
    };
    let create = by(caller);
    assert_eq!(shown(&create, Some(27)), "docker-compo… ‹ [ci-runner]");
    assert_eq!(shown(&create, Some(16)), "docke… ‹ […nner]");
}

#[test]
fn a_name_that_the_kernel_cut_or_that_names_a_thread_is_the_programs() {
    assert_eq!(
        caller("docker-credential-helper").name(),
        "docker-credential-helper"
    );
    let node = Caller {
        comm: "MainThread".to_owned(),
        ..caller("node")
    };
    assert_eq!(node.name(), "node");
    let script = Caller {
        comm: "deploy.py".to_owned(),
        ..caller("python3.11")
    };
    assert_eq!(script.name(), "deploy.py");
    let unknown = Caller {
        exe: None,
        ..caller("a-very-long-name-of-a-program")
    };
    assert_eq!(unknown.name(), "a-very-long-nam");
}

#[test]
fn forks_of_one_program_are_mentioned_once() {
    let above = |comm: &str| Ancestor {
        key: ProcessKey { pid: 5, start: 5 },
        comm: comm.to_owned(),
    };
    let ancestors = ["sh", "sh", "make", "sh"].map(above).to_vec();
    let nested = Caller {
        ancestors,
        ..caller("docker")
    };
    assert_eq!(shown(&by(nested), None), "docker ‹ sh ‹ make ‹ sh (go)");
}
