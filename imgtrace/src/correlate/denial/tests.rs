use crate::model::{Confidence, Denial, EndpointId, Op, Operation, Outcome, Rule, Runtime};
use crate::observation::Observation;
use crate::trace::scene::{Scene, id, in_group, key, process};

fn refused(denial: Denial, seen: bool, group: &str) -> Operation {
    let mut scene = Scene::with_docker();
    let mut docker = process(10, "docker");
    docker.cgroups = in_group(group);
    docker.user = None;
    scene.process(docker);
    scene.see(Observation::Refused {
        process: key(10),
        path: "/var/run/docker.sock".to_owned(),
        endpoint: Some(EndpointId(1)),
        runtime: Runtime::Docker,
        denial,
        seen,
    });
    let findings = scene.findings();
    assert!(findings.iter().all(|it| it.rule == Rule::Denied));
    scene.last_ended()
}

fn errno(name: &str) -> Denial {
    Denial {
        errno: name.to_owned(),
        ..Denial::default()
    }
}

fn eacces() -> Denial {
    Denial {
        socket_mode: Some("0660".to_owned()),
        socket_owner: Some("root".to_owned()),
        socket_group: Some("docker".to_owned()),
        needed_group: Some("docker".to_owned()),
        ..errno("EACCES")
    }
}

#[test]
fn outside_the_sockets_group() {
    let denied = refused(eacces(), true, "/user.slice");
    assert_eq!(denied.op, Op::ConnectDenied);
    assert_eq!(denied.outcome, Some(Outcome::Error));
    assert_eq!(denied.ended_at, Some(denied.at));
    assert_eq!(denied.endpoint.id, Some(EndpointId(1)));
    assert_eq!(denied.endpoint.api, None);
    assert_eq!(
        denied.endpoint.path.as_deref(),
        Some("/var/run/docker.sock")
    );
    assert_eq!(denied.caller.unwrap().comm, "docker");
    assert_eq!(denied.confidence, Confidence::Observed);
    assert_eq!(denied.denial, Some(eacces()));
    assert_eq!(
        denied.error.unwrap(),
        "permission denied: /var/run/docker.sock is root:docker 0660; \
         group docker would let uid 1000 in"
    );
}

#[test]
fn no_group_helps() {
    let closed = Denial {
        socket_mode: Some("0600".to_owned()),
        needed_group: None,
        ..eacces()
    };
    let denied = refused(closed, true, "/");
    assert!(
        denied
            .error
            .unwrap()
            .ends_with("its mode lets uid 1000 in by no group")
    );
}

#[test]
fn a_result_that_was_not_seen_is_concluded() {
    let denied = refused(eacces(), false, "/");
    assert_eq!(denied.confidence, Confidence::Inferred);
    assert_eq!(denied.inferred_fields, ["errno"]);
}

#[test]
fn stale_and_missing_sockets() {
    let error = |name, group: &str| refused(errno(name), true, group).error.unwrap();
    assert_eq!(
        error("ECONNREFUSED", "/"),
        "connection refused: nobody listens on /var/run/docker.sock; the daemon is down"
    );
    let contained = error("ECONNREFUSED", &format!("/docker/{}", id("a1")));
    assert!(contained.ends_with("made its socket anew after this container had mounted it"));
    assert!(error("ENOENT", "/").starts_with("no such file: /var/run/docker.sock"));
    assert_eq!(
        error("EACCES", "/"),
        "permission denied: /var/run/docker.sock"
    );
    assert_eq!(error("EPERM", "/"), "EPERM on /var/run/docker.sock");
}

#[test]
fn who_is_not_known_is_said_to_be() {
    let mut scene = Scene::new();
    scene.see(Observation::Refused {
        process: key(10),
        path: "/run/docker.sock".to_owned(),
        endpoint: None,
        runtime: Runtime::Docker,
        denial: errno("ENOENT"),
        seen: true,
    });
    let denied = scene.last_ended();
    assert_eq!(denied.caller, None);
    assert_eq!(
        denied.evidence,
        ["nothing is known of pid 10 but its number"]
    );
}
