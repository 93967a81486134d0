//! crictl calls containers and sandboxes by the beginning of their ids.

use super::*;
use crate::trace::scene::{container, id};

/// The ids that crictl's own lists show have 13 digits.
fn short(of: &str) -> String {
    id(of)[..13].to_owned()
}

fn sandbox(given: &str) -> Subject {
    Subject {
        sandbox: Some(given.to_owned()),
        ..Subject::default()
    }
}

/// A sandbox `5a` with a container `c1` in it, seen as they were made.
fn made(scene: &mut Scene) -> u64 {
    let crictl = client(scene, 40, "crictl", CONTAINERD);
    let run = scene.begin_in(Api::Cri, crictl, Op::RunSandbox, Subject::default());
    scene.end(run, sandbox(&id("5a")));
    let create = Subject {
        container_name: Some("web".to_owned()),
        ..sandbox(&id("5a"))
    };
    let create = scene.begin_in(Api::Cri, crictl, Op::Create, create);
    scene.end(create, container(&id("c1")));
    crictl
}

#[test]
fn a_short_id_is_the_containers_or_the_sandboxs() {
    let mut scene = host();
    let crictl = made(&mut scene);
    let start = scene.begin_in(Api::Cri, crictl, Op::Start, container(&short("c1")));
    let shim = container(&id("c1"));
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, shim);
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    assert_eq!(start.subject.container, Some(id("c1")));
    assert_eq!(start.subject.container_name.as_deref(), Some("web"));
    let stop = scene.begin_in(Api::Cri, crictl, Op::StopSandbox, sandbox(&short("5a")));
    let stop = scene.end(stop, Subject::default());
    assert_eq!(stop.subject.sandbox, Some(id("5a")));
    let exec = scene.begin_in(Api::Cri, crictl, Op::Exec, container("web"));
    let exec = scene.end(exec, Subject::default());
    let given = exec.subject.container.as_deref();
    assert_eq!(given, Some("web"), "a name is none that CRI looks up");
}

#[test]
fn what_a_short_id_begins_is_joined_though_nothing_was_seen_before() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CONTAINERD);
    let start = scene.begin_in(Api::Cri, crictl, Op::Start, container(&short("c1")));
    let other = container(&id("c2"));
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, other);
    let own = container(&id("c1"));
    scene.pass(Api::Shim, CONTAINERD_TO_SHIM, Op::Start, own);
    let start = scene.end(start, Subject::default());
    assert_eq!(way(&start), ["shim shim start ok by 700"]);
    assert_eq!(start.subject.container, Some(short("c1")), "as given");
    scene.tick();
    assert_eq!(all(&scene), ["start by crictl", "start by containerd"]);
    assert_eq!(scene.last_ended().subject.container, Some(id("c2")));
}
