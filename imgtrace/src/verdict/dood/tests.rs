use super::{SAID_EACH, SAID_EVERY};
use crate::model::{Finding, Op, Outcome, Rule, Runtime, Severity, Subject};
use crate::observation::{Fact, Observation};
use crate::trace::scene::{
    Scene, container, containerd_store, docker_store, endpoint, id, image, in_group, key, process,
};

const UID: &str = "1a2b3c4d-0000-4111-8222-933344445555";

/// A docker CLI (pid 20) with this group, connected to the host's dockerd.
fn scene(group: &str) -> Scene {
    let mut scene = Scene::with_docker();
    client(&mut scene, group);
    scene.connect(1, 1, 20);
    scene
}

fn client(scene: &mut Scene, group: &str) {
    let mut docker = process(20, "docker");
    docker.cgroups = in_group(group);
    scene.process(docker);
}

fn agent() -> String {
    format!("/docker/{}", id("a9e1"))
}

fn run(scene: &mut Scene, name: &str, digits: &str) {
    scene.create(1, name, "docker.io/library/nginx:1.27", &id(digits));
    scene.ask(1, Op::Start, container(&id(digits)));
}

fn summaries(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.summary.as_str())
        .collect()
}

#[test]
fn a_container_that_starts_another() {
    let mut scene = scene(&agent());
    scene.learn(
        1,
        Fact::Container {
            id: id("a9e1"),
            name: Some("agent".to_owned()),
            image: None,
            pod: None,
            sandbox: None,
        },
    );
    run(&mut scene, "web", "3f9c2a71d5e1");
    let findings = scene.findings();
    assert_eq!(
        summaries(&findings),
        [
            "container agent (docker) drives /run/docker.sock (docker), which runs outside of it",
            "container agent (docker) drives /run/docker.sock (docker): \
             web 3f9c2a71d5e1 runs beside it",
        ]
    );
    let (first, started) = (&findings[0], &findings[1]);
    assert_eq!(first.rule, Rule::Dood);
    assert_eq!(
        (first.severity, started.severity),
        (Severity::Warning, Severity::Info)
    );
    assert_eq!((first.operations[0].0, started.operations[0].0), (1, 2));
    assert_eq!(
        first.evidence,
        [
            format!(
                "pid 20 (docker) is in container {} by its control group",
                id("a9e1")
            ),
            "pid 800 (dockerd) serves e1 and is in no container by its control group".to_owned(),
        ]
    );
    assert_eq!(
        started.evidence,
        ["container agent → /run/docker.sock (e1) → web 3f9c2a71d5e1"]
    );
    assert_eq!(
        started.image.as_deref(),
        Some("docker.io/library/nginx:1.27")
    );
    run(&mut scene, "db", "77");
    assert_eq!(scene.findings().len(), 3, "the warning is said once");
}

#[test]
fn what_its_container_was_made_of_and_the_stores() {
    let mut scene = scene(&agent());
    scene.store(1, containerd_store(9, "/var/lib/containerd", "k8s.io"), &[]);
    scene.store(2, docker_store(2, "/var/lib/docker"), &[800]);
    scene.mounted_from(1, Runtime::Containerd, "a9e1", "docker.io/library/ci:1");
    scene.begin(1, Op::Pull, image("docker.io/library/nginx:1.27"));
    let first = scene.findings().remove(0);
    let roots: Vec<_> = first.stores.iter().map(|it| it.root.as_str()).collect();
    assert_eq!(roots, ["/var/lib/containerd", "/var/lib/docker"]);
    let made = "container a9e100000000 was made of docker.io/library/ci:1 in \
                containerd:/var/lib/containerd (k8s.io)";
    assert!(first.evidence.iter().any(|it| it == made), "{first:?}");
}

#[test]
fn it_is_said_when_the_operation_begins() {
    let mut scene = scene(&agent());
    scene.begin(1, Op::Pull, image("a:1"));
    assert_eq!(scene.findings().len(), 1);
    assert_eq!(scene.findings()[0].at, scene.now());
}

#[test]
fn a_pod_of_another_runtime() {
    let group = format!(
        "/kubepods.slice/kubepods-pod{}.slice/cri-containerd-{}.scope",
        UID.replace('-', "_"),
        id("a9e1")
    );
    let mut scene = scene(&group);
    scene.learn(
        1,
        Fact::Container {
            id: id("0001"),
            name: Some(format!("k8s_POD_runner-0_ci_{UID}_0")),
            image: None,
            pod: None,
            sandbox: None,
        },
    );
    run(&mut scene, "web", "3f9c2a71d5e1");
    assert_eq!(
        scene.findings()[1].summary,
        "pod ci/runner-0 (containerd) drives /run/docker.sock (docker): \
         web 3f9c2a71d5e1 runs beside it, in another store"
    );
}

#[test]
fn stores_that_runtimes_share_are_not_other_stores() {
    let mut scene = Scene::with_docker();
    let mut podman = endpoint(2, Some(800));
    podman.runtime = Runtime::Podman;
    scene.see(Observation::Endpoint(podman));
    client(
        &mut scene,
        &format!("/kubepods/pod{UID}/crio-{}", id("a9e1")),
    );
    scene.connect(1, 2, 20);
    run(&mut scene, "web", "3f");
    assert!(scene.findings()[1].summary.ends_with("runs beside it"));
}

#[test]
fn a_daemon_in_another_container() {
    let mut scene = Scene::new();
    let mut dockerd = process(800, "dockerd");
    dockerd.cgroups = in_group(&format!("/docker/{}", id("d1d")));
    scene.process(dockerd);
    scene.see(Observation::Endpoint(endpoint(1, Some(800))));
    client(&mut scene, &agent());
    scene.connect(1, 1, 20);
    run(&mut scene, "web", "3f");
    assert!(
        scene.findings()[1]
            .summary
            .ends_with("runs in container d1d000000000")
    );
}

#[test]
fn a_container_inside_a_container_that_drives_the_host() {
    let mut scene = scene(&format!("{}/docker/{}", agent(), id("b1")));
    run(&mut scene, "web", "3f");
    assert!(scene.findings()[1].summary.ends_with("runs on the host"));
}

#[test]
fn nothing_is_claimed_of_a_daemon_that_is_not_known() {
    let mut scene = Scene::new();
    scene.see(Observation::Endpoint(endpoint(1, None)));
    client(&mut scene, &agent());
    scene.connect(1, 1, 20);
    let pull = scene.begin(1, Op::Pull, image("a:1"));
    scene.see(Observation::Endpoint(endpoint(1, Some(800))));
    assert_eq!(scene.findings(), []);
    scene.process(process(800, "dockerd"));
    scene.end(pull, Subject::default());
    assert_eq!(scene.findings().len(), 1, "it is, once the daemon is known");
}

#[test]
fn a_caller_on_the_host_is_none() {
    let mut scene = scene("/user.slice/user-1000.slice/session-3.scope");
    run(&mut scene, "web", "3f");
    assert_eq!(scene.findings(), []);
}

#[test]
fn an_inherited_connection() {
    // Who connected is on the host; who speaks is in a container.
    let mut scene = Scene::with_docker();
    scene.process(process(19, "launcher"));
    client(&mut scene, &agent());
    scene.connect(1, 1, 19);
    let pull = scene.begin(1, Op::Pull, image("a:1"));
    assert_eq!(scene.findings(), []);
    scene.speak(1, 20);
    scene.end(pull, Subject::default());
    let findings = scene.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].evidence.last().unwrap(),
        "pid 19 (launcher) connected, pid 20 (docker) reads the answers"
    );
}

#[test]
fn a_start_that_failed_started_nothing() {
    let mut scene = scene(&agent());
    let start = scene.begin(1, Op::Start, container(&id("3f")));
    scene.fail(start, "no space left on device");
    assert_eq!(scene.findings().len(), 1);
    assert_eq!(scene.findings()[0].severity, Severity::Warning);
}

#[test]
fn a_refused_connection_drives_nothing() {
    let mut scene = scene(&agent());
    scene.see(Observation::Refused {
        process: key(20),
        path: "/run/docker.sock".to_owned(),
        endpoint: Some(endpoint(1, None).id),
        runtime: Runtime::Docker,
        denial: crate::model::Denial::default(),
        seen: true,
    });
    assert_eq!(scene.last_ended().outcome, Some(Outcome::Error));
    let findings = scene.findings();
    assert!(findings.iter().all(|it| it.rule == Rule::Denied));
}

#[test]
fn thousands_of_starts_make_few_findings_and_no_start_is_forgotten() {
    let mut scene = scene(&agent());
    let starts = 2 * SAID_EVERY + 50;
    for number in 0..starts {
        scene.ask(1, Op::Start, container(&format!("{number:064x}")));
    }
    let before = scene.findings();
    let each = usize::try_from(SAID_EACH).unwrap();
    assert_eq!(before.len(), 1 + each + 2);
    assert!(
        before[1 + each]
            .summary
            .ends_with("; 79 more since the last time, 100 in all"),
        "{}",
        before[1 + each].summary
    );
    scene.see(Observation::End);
    let findings = scene.findings();
    assert_eq!(findings.len(), before.len() + 1);
    assert!(
        findings
            .last()
            .unwrap()
            .summary
            .ends_with(": 50 more containers started since the last time, 250 in all")
    );
    assert_eq!(findings.last().unwrap().operations[0].0, starts);
}
