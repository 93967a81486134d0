use crate::model::{Op, Rule, Severity};
use crate::observation::Observation;
use crate::trace::scene::{Scene, endpoint, id, image, in_group, process};

/// A daemon (pid 800) and a client (pid 20) with these groups, connected.
fn scene(daemon: &str, client: &str) -> Scene {
    let mut scene = Scene::new();
    let mut dockerd = process(800, "dockerd");
    dockerd.cgroups = in_group(daemon);
    scene.process(dockerd);
    scene.see(Observation::Endpoint(endpoint(1, Some(800))));
    let mut docker = process(20, "docker");
    docker.cgroups = in_group(client);
    scene.process(docker);
    scene.connect(1, 1, 20);
    scene
}

fn group(digits: &str) -> String {
    format!("/docker/{}", id(digits))
}

#[test]
fn a_daemon_in_the_callers_own_container() {
    let mut scene = scene(&group("d1"), &group("d1"));
    scene.ask(1, Op::Pull, image("a:1"));
    scene.ask(1, Op::Pull, image("b:1"));
    let findings = scene.findings();
    assert_eq!(findings.len(), 1, "it is said once");
    assert_eq!(findings[0].rule, Rule::Dind);
    assert_eq!(findings[0].severity, Severity::Info);
    assert_eq!(
        findings[0].evidence.last().unwrap(),
        "the daemon is inside the caller's container, so this is not DooD"
    );
}

#[test]
fn a_daemon_deeper_inside() {
    let inner = format!("{}{}", group("d1"), group("d2"));
    let mut scene = scene(&inner, &group("d1"));
    scene.ask(1, Op::Pull, image("a:1"));
    let rules: Vec<_> = scene.findings().iter().map(|it| it.rule).collect();
    assert_eq!(rules, [Rule::Dind]);
}

#[test]
fn a_daemon_around_the_caller_is_dood() {
    let inner = format!("{}{}", group("d1"), group("d2"));
    let mut scene = scene(&group("d1"), &inner);
    scene.ask(1, Op::Pull, image("a:1"));
    let rules: Vec<_> = scene.findings().iter().map(|it| it.rule).collect();
    assert_eq!(rules, [Rule::Dood]);
}

#[test]
fn a_daemon_that_asks_itself() {
    let mut scene = scene(&group("d1"), &group("d1"));
    scene.connect(2, 1, 800);
    scene.ask(2, Op::Pull, image("a:1"));
    assert_eq!(scene.findings(), []);
}

#[test]
fn a_daemon_that_works_for_its_clients_drives_nothing_by_itself() {
    let mut scene = scene(&group("d1"), &group("d1"));
    let mut containerd = process(700, "containerd");
    containerd.cgroups = in_group(&group("d1"));
    scene.process(containerd);
    scene.see(Observation::Endpoint(crate::model::Endpoint {
        runtime: crate::model::Runtime::Containerd,
        ..endpoint(2, Some(700))
    }));
    scene.connect(2, 2, 800);
    scene.ask(1, Op::Pull, image("a:1"));
    assert_eq!(scene.findings().len(), 1);
    scene.pass(crate::model::Api::Containerd, 2, Op::Pull, image("b:1"));
    scene.tick();
    assert_eq!(scene.ended().len(), 2, "dockerd's own");
    assert_eq!(scene.findings().len(), 1);
}
