use super::*;
use crate::model::{EndpointId, Finding};
use crate::observation::Observation;
use crate::trace::scene::{Scene, id, in_group, key, process};

fn eacces() -> Denial {
    let text = |text: &str| Some(text.to_owned());
    Denial {
        errno: "EACCES".to_owned(),
        socket_mode: text("0660"),
        socket_owner: text("root"),
        socket_group: text("docker"),
        needed_group: text("docker"),
        needed_gid: Some(499),
    }
}

fn errno(errno: &str) -> Denial {
    Denial {
        errno: errno.to_owned(),
        ..Denial::default()
    }
}

fn refuse(scene: &mut Scene, pid: u32, denial: Denial) {
    scene.see(Observation::Refused {
        process: key(pid),
        path: "/var/run/docker.sock".to_owned(),
        endpoint: Some(EndpointId(1)),
        runtime: Runtime::Docker,
        denial,
        seen: true,
    });
}

/// What is found of a docker CLI in a control group that is refused.
fn found(group: &str, denial: Denial) -> Finding {
    let mut scene = Scene::with_docker();
    let mut docker = process(20, "docker");
    docker.cgroups = in_group(group);
    scene.process(docker);
    refuse(&mut scene, 20, denial);
    scene.findings().remove(0)
}

const HOST: &str = "/user.slice/user-1000.slice/session-3.scope";

#[test]
fn the_group_that_helps_and_what_it_gives() {
    let it = found(HOST, eacces());
    assert_eq!((it.rule, it.severity), (Rule::Denied, Severity::Warning));
    assert_eq!(
        it.summary,
        "docker (go) is refused at /var/run/docker.sock (docker): it is root:docker 0660, and group \
         docker (gid 499) would be let in"
    );
    assert_eq!(
        it.remedy.as_deref(),
        Some(
            "usermod -aG docker go and a new login, or sudo; who is let in can start containers \
             that see all of this machine: that is root"
        )
    );
}

#[test]
fn in_a_container_the_number_counts() {
    let it = found(&format!("/docker/{}", id("a9e1")), eacces());
    assert!(it.summary.starts_with("docker (go) in container a9e1"));
    let remedy = it.remedy.unwrap();
    assert!(
        remedy.starts_with(
            "start the container with --group-add 499 (in Kubernetes supplementalGroups: [499]); "
        ),
        "{remedy}"
    );
    assert!(remedy.contains("that is root"));
}

#[test]
fn a_group_without_a_name_gets_one_first() {
    let nameless = Denial {
        socket_group: Some("499".to_owned()),
        needed_group: Some("499".to_owned()),
        ..eacces()
    };
    let it = found(HOST, nameless);
    assert!(
        it.summary
            .ends_with("it is root:499 0660, and group 499 would be let in")
    );
    let remedy = it.remedy.unwrap();
    assert!(
        remedy.starts_with("groupadd -g 499 NAME, usermod -aG NAME go and a new login"),
        "{remedy}"
    );
}

#[test]
fn other_reasons_have_other_remedies() {
    let closed = Denial {
        needed_group: None,
        needed_gid: None,
        ..eacces()
    };
    for (denial, why, remedy) in [
        (closed, "lets no group in", "sudo, or another mode"),
        (errno("EACCES"), "no permission", "sudo"),
        (errno("ECONNREFUSED"), "nobody listens", "start the daemon"),
        (errno("ENOENT"), "not there", "DOCKER_HOST"),
    ] {
        let it = found(HOST, denial);
        assert!(it.summary.contains(why), "{}", it.summary);
        assert!(it.remedy.unwrap().contains(remedy), "{why}");
    }
    let stale = found(&format!("/docker/{}", id("a9e1")), errno("ECONNREFUSED"));
    assert!(stale.remedy.unwrap().contains("start the container anew"));
    assert_eq!(found(HOST, errno("ETIMEDOUT")).remedy, None);
}

#[test]
fn tries_of_one_process_are_one_and_others_are_counted() {
    let mut scene = Scene::with_docker();
    for pid in 20..32 {
        scene.process(process(pid, "docker"));
        for _ in 0..3 {
            refuse(&mut scene, pid, eacces());
        }
    }
    let counts = |scene: &Scene| -> Vec<_> {
        let findings = scene.findings();
        findings.iter().map(|finding| finding.count).collect()
    };
    assert_eq!(counts(&scene), [1, 10]);
    scene.see(Observation::End);
    assert_eq!(counts(&scene), [1, 10, 12]);
}

#[test]
fn another_reason_is_said_again() {
    let mut scene = Scene::with_docker();
    for pid in [20, 21] {
        scene.process(process(pid, "docker"));
    }
    refuse(&mut scene, 20, eacces());
    refuse(&mut scene, 21, errno("ECONNREFUSED"));
    assert_eq!(scene.findings().len(), 2);
}

#[test]
fn a_daemon_that_waits_for_another_one_is_refused_when_it_waits_too_long() {
    for (program, absent, at_once) in [
        ("dockerd", "ENOENT", 0),
        ("kubelet", "ECONNREFUSED", 0),
        ("dockerd", "EACCES", 1),
        ("docker", "ENOENT", 1),
    ] {
        let mut scene = Scene::with_docker();
        scene.process(process(20, program));
        for _ in 0..3 {
            refuse(&mut scene, 20, errno(absent));
        }
        assert_eq!(scene.findings().len(), at_once, "{program} {absent}");
        scene.wait(16_000);
        refuse(&mut scene, 20, errno(absent));
        refuse(&mut scene, 20, errno(absent));
        assert_eq!(scene.findings().len(), 1, "{program} {absent}");
    }
}
