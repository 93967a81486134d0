use super::Trace;
use super::scene::{Scene, ancestors, container, endpoint, id, image, in_group, key, process};
use crate::model::{Confidence, Op, Outcome, Report, Rule, Runtime, Source, Subject};
use crate::observation::{ConnectionId, Fact, Observation, RequestId};

const BUSYBOX: &str = "docker.io/library/busybox:1.36";

#[test]
fn docker_run_of_a_missing_image() {
    let mut scene = Scene::with_docker();
    let mut docker = process(4711, "docker");
    docker.ancestors = ancestors(&["bash", "sshd", "sshd", "systemd"]);
    scene.process(docker);
    scene.connect(1, 1, 4711);
    let create = scene.begin(1, Op::Create, image(BUSYBOX));
    scene.fail(create, "No such image: busybox:1.36");
    let pull = scene.begin(1, Op::Pull, image(BUSYBOX));
    scene.end(pull, Subject::default());
    let create = scene.begin(1, Op::Create, image(BUSYBOX));
    scene.end(create, container(&id("c1")));
    scene.connect(2, 1, 4711);
    scene.ask(2, Op::Start, container(&id("c1")));

    let ended = scene.ended();
    let ops: Vec<_> = ended
        .iter()
        .map(|it| (it.op, it.outcome.unwrap()))
        .collect();
    assert_eq!(
        ops,
        [
            (Op::Create, Outcome::Error),
            (Op::Pull, Outcome::Ok),
            (Op::Create, Outcome::Ok),
            (Op::Start, Outcome::Ok)
        ]
    );
    assert_eq!(
        ended[0].error.as_deref(),
        Some("No such image: busybox:1.36")
    );
    assert_eq!(ended[3].subject.image.as_deref(), Some(BUSYBOX));
    let ids: Vec<_> = ended.iter().map(|it| it.id.0).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    for operation in &ended {
        let caller = operation.caller.as_ref().unwrap();
        assert_eq!(caller.comm, "docker");
        assert_eq!(caller.unit.as_deref(), Some("session-3.scope"));
        let chain: Vec<_> = caller.ancestors.iter().map(|it| it.comm.as_str()).collect();
        assert_eq!(chain, ["bash", "sshd"]);
        assert_eq!(operation.confidence, Confidence::Observed);
        assert_eq!(operation.endpoint.path.as_deref(), Some("/run/docker.sock"));
    }
    assert_eq!(scene.findings(), []);
}

#[test]
fn one_container_by_name_short_and_full_id_over_many_connections() {
    let mut scene = Scene::with_docker();
    scene.process(process(10, "docker"));
    for connection in 1..=5 {
        scene.connect(connection, 1, 10);
    }
    let web = id("3f9c2a71d5e1");
    scene.create(1, "web", BUSYBOX, &web);
    for (connection, given) in [(2, "web"), (3, "3f9c2a71d5e1"), (4, "3f9c2a"), (5, &*web)] {
        let stop = scene.ask(connection, Op::Stop, container(given)).subject;
        assert_eq!(stop.container.as_ref(), Some(&web), "{given}");
        assert_eq!(stop.container_name.as_deref(), Some("web"), "{given}");
        assert_eq!(stop.image.as_deref(), Some(BUSYBOX), "{given}");
    }
}

#[test]
fn a_name_goes_to_the_container_that_got_it_last() {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    scene.create(1, "web", "a:1", &id("aa"));
    scene.ask(1, Op::RemoveContainer, container("web"));
    let stop = scene.ask(1, Op::Stop, container("web"));
    assert_eq!(
        stop.subject.container.as_deref(),
        Some("web"),
        "it was removed"
    );
    scene.create(1, "web", "b:1", &id("bb"));
    let stop = scene.ask(1, Op::Stop, container("web"));
    assert_eq!(stop.subject.container, Some(id("bb")));
    // `docker run --rm`: the daemon removes without a request, and the name comes back.
    scene.create(1, "web", "c:1", &id("cc"));
    let stop = scene.ask(1, Op::Stop, container("web"));
    assert_eq!(stop.subject.image.as_deref(), Some("c:1"));
}

#[test]
fn a_name_that_the_daemon_does_not_know_means_no_container() {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    scene.create(1, "web", "a:1", &id("aa"));
    let stop = scene.begin(1, Op::Stop, container("web"));
    let stop = scene.fail(stop, "No such container: web");
    assert_eq!(stop.subject.container.as_deref(), Some("web"));
    assert_eq!(stop.subject.image, None);
}

#[test]
fn names_belong_to_one_endpoint() {
    let mut scene = Scene::with_docker();
    scene.see(Observation::Endpoint(endpoint(2, None)));
    scene.connect(1, 1, 10);
    scene.connect(2, 2, 10);
    scene.create(1, "web", "a:1", &id("aa"));
    let stop = scene.ask(2, Op::Stop, container("web"));
    assert_eq!(stop.subject.container.as_deref(), Some("web"));
}

#[test]
fn a_process_described_late_is_there_at_the_end() {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 4711);
    let pull = scene.begin(1, Op::Pull, image(BUSYBOX));
    let began = scene.last_began();
    assert_eq!(began.caller, None);
    assert_eq!(
        began.evidence,
        ["nothing is known of pid 4711 but its number"]
    );
    scene.process(process(4711, "docker"));
    let ended = scene.end(pull, Subject::default());
    assert_eq!(ended.caller.unwrap().comm, "docker");
    assert_eq!(ended.evidence, [""; 0]);
}

#[test]
fn a_pid_that_comes_back_is_another_process() {
    let mut scene = Scene::with_docker();
    scene.process(process(4711, "docker"));
    scene.connect(1, 1, 4711);
    let mut other = process(4711, "podman");
    other.key.start += 1;
    scene.process(other.clone());
    let pull = scene.ask(1, Op::Pull, image(BUSYBOX));
    assert_eq!(pull.caller.unwrap().comm, "docker");
    scene.see(Observation::Connected {
        connection: ConnectionId(2),
        endpoint: endpoint(1, None).id,
        client: Some(other.key),
        joined: false,
    });
    let pull = scene.ask(2, Op::Pull, image(BUSYBOX));
    assert_eq!(pull.caller.unwrap().comm, "podman");
}

#[test]
fn the_reader_of_the_answers_is_the_caller() {
    let mut scene = Scene::with_docker();
    scene.process(process(10, "server"));
    scene.process(process(11, "worker"));
    scene.connect(1, 1, 10);
    let pull = scene.begin(1, Op::Pull, image(BUSYBOX));
    assert_eq!(scene.last_began().caller.unwrap().comm, "server");
    scene.speak(1, 11);
    let pull = scene.end(pull, Subject::default());
    assert_eq!(pull.caller.unwrap().comm, "worker");
    assert_eq!(pull.confidence, Confidence::Inferred);
    assert_eq!(pull.inferred_fields, ["caller"]);
    assert_eq!(
        pull.evidence,
        ["pid 10 (server) connected, pid 11 (worker) reads the answers"]
    );
    scene.speak(1, 10);
    let pull = scene.ask(1, Op::Pull, image(BUSYBOX));
    assert_eq!(pull.caller.unwrap().comm, "server");
    assert_eq!(pull.confidence, Confidence::Observed);
}

#[test]
fn a_joined_connection_of_which_nobody_is_known() {
    let mut scene = Scene::with_docker();
    scene.see(Observation::Connected {
        connection: ConnectionId(1),
        endpoint: endpoint(1, None).id,
        client: None,
        joined: true,
    });
    let pull = scene.ask(1, Op::Pull, image(BUSYBOX));
    assert_eq!(pull.caller, None);
    assert_eq!(pull.evidence.len(), 1);
    let mut late = process(12, "portainer");
    late.source = Source::Proc;
    scene.process(late);
    scene.speak(1, 12);
    let pull = scene.ask(1, Op::Pull, image(BUSYBOX));
    assert_eq!(pull.caller.unwrap().comm, "portainer");
    assert_eq!(pull.inferred_fields, ["caller"]);
    assert_eq!(
        pull.evidence,
        [
            "it is not known who connected, pid 12 (portainer) reads the answers",
            "what pid 12 runs was read from /proc, some time after it connected"
        ]
    );
}

#[test]
fn dood_beside_dind_over_the_same_path() {
    let mut scene = Scene::with_docker();
    let outer = id("0a");
    let inner = id("0b");
    let mut dockerd = process(801, "dockerd");
    dockerd.cgroups = in_group(&format!("/docker/{outer}"));
    scene.process(dockerd);
    scene.see(Observation::Endpoint(endpoint(2, Some(801))));
    let mut docker = process(20, "docker");
    docker.cgroups = in_group(&format!("/docker/{outer}"));
    scene.process(docker.clone());
    docker.key = key(21);
    docker.cgroups = in_group(&format!("/docker/{outer}/docker/{inner}"));
    scene.process(docker);

    scene.connect(1, 2, 20);
    scene.ask(1, Op::Pull, image(BUSYBOX));
    scene.connect(2, 1, 20);
    scene.ask(2, Op::Pull, image(BUSYBOX));
    scene.connect(3, 2, 21);
    scene.ask(3, Op::Pull, image(BUSYBOX));

    let findings = scene.findings();
    let found: Vec<_> = findings
        .iter()
        .map(|it| (it.rule, it.operations[0].0))
        .collect();
    assert_eq!(found, [(Rule::Dind, 1), (Rule::Dood, 2), (Rule::Dood, 3)]);
    assert_eq!(
        findings[0].summary,
        "container 0a0000000000 (docker) drives /run/docker.sock (docker), which runs inside it"
    );
    assert_eq!(
        findings[2].evidence[0],
        format!(
            "pid 21 (docker) is in container {inner} inside container {outer} by its control group"
        )
    );
}

#[test]
fn an_image_called_by_its_id_gets_its_name() {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    let config = format!("sha256:{}", id("cb"));
    scene.learn(
        1,
        Fact::Image {
            id: config.clone(),
            names: vec![BUSYBOX.to_owned()],
        },
    );
    let by_id = Subject {
        digest: Some(config.clone()),
        ..Subject::default()
    };
    let create = scene.ask(1, Op::Create, by_id.clone());
    assert_eq!(create.subject.image.as_deref(), Some(BUSYBOX));
    assert_eq!(create.subject.digest, Some(config));
    assert_eq!(create.inferred_fields, ["image"]);
    scene.ask(1, Op::RemoveImage, image(BUSYBOX));
    let create = scene.ask(1, Op::Create, by_id);
    assert_eq!(create.subject.image, None);
    assert_eq!(create.confidence, Confidence::Observed);
}

#[test]
fn what_is_open_at_the_end_ended_unseen() {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    scene.begin(1, Op::Pull, image(BUSYBOX));
    let reports = scene.see(Observation::End);
    let [Report::Ended(pull), Report::Summary(summary)] = reports else {
        panic!("{reports:?}");
    };
    assert_eq!(pull.outcome, Some(Outcome::Unknown));
    assert_eq!(pull.ended_at, None);
    assert_eq!(summary.operations.len(), 1);
    assert_eq!(summary.operations[0].unknown, 1);
    assert_eq!(summary.endpoints[0].operations, 1);
    assert_eq!(summary.endpoints[0].connections, 1);
}

#[test]
fn the_same_story_gives_the_same_reports() {
    let mut scene = Scene::with_docker();
    for pid in 30..60 {
        let mut docker = process(pid, "docker");
        docker.cgroups = in_group(&format!("/docker/{}", id(&pid.to_string())));
        scene.process(docker);
        let connection = u64::from(pid);
        scene.connect(connection, 1, pid);
        let created = id(&format!("f{pid}"));
        scene.create(connection, &format!("web-{pid}"), BUSYBOX, &created);
        scene.ask(connection, Op::Start, container(&format!("web-{pid}")));
    }
    scene.see(Observation::End);
    let mut again = Trace::new();
    let mut reports = Vec::new();
    for observed in &scene.told {
        let line = serde_json::to_string(observed).unwrap();
        again.observe(&serde_json::from_str(&line).unwrap(), &mut reports);
    }
    assert_eq!(reports, scene.reports);
}

#[test]
fn nonsense_makes_no_noise() {
    let mut scene = Scene::new();
    scene.end_of_nothing();
    scene.disconnect(7);
    scene.speak(7, 7);
    scene.learn(
        7,
        Fact::Version {
            version: "28".to_owned(),
        },
    );
    assert_eq!(scene.reports, []);
    let pull = scene.ask(7, Op::Pull, image(BUSYBOX));
    assert_eq!(pull.endpoint.id, None);
    assert_eq!(pull.endpoint.runtime, Runtime::Docker);
    assert_eq!(pull.caller, None);
}

impl Scene {
    fn end_of_nothing(&mut self) {
        self.see(Observation::RequestEnded {
            request: RequestId(99),
            outcome: Outcome::Ok,
            error: None,
            subject: Subject::default(),
        });
    }
}
