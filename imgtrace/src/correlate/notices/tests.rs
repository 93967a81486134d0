use crate::model::{EndpointId, Notice, Process, Report};
use crate::observation::Observation;
use crate::trace::scene::{Scene, ancestors, endpoint, process};

fn dial_stdio() -> Process {
    let mut docker = process(10, "docker");
    docker.args = Some(
        ["docker", "system", "dial-stdio"]
            .map(str::to_owned)
            .to_vec(),
    );
    docker.ancestors = ancestors(&["sh", "sshd-session", "sshd", "systemd"]);
    docker
}

fn notices(scene: &Scene) -> Vec<Notice> {
    let notices = scene.reports.iter().filter_map(|report| match report {
        Report::Notice(notice) => Some(notice.clone()),
        _ => None,
    });
    notices.collect()
}

#[test]
fn what_the_edges_notice_is_said_once_for_each_endpoint() {
    let mut scene = Scene::new();
    for endpoint in [Some(1), Some(2), Some(1), None, None] {
        scene.see(Observation::Notice {
            about: "tcp-listener".to_owned(),
            text: "it also listens on TCP".to_owned(),
            endpoint: endpoint.map(EndpointId),
        });
    }
    let said: Vec<_> = notices(&scene)
        .iter()
        .map(|notice| notice.endpoint)
        .collect();
    assert_eq!(said, [Some(EndpointId(1)), Some(EndpointId(2)), None]);
}

#[test]
fn dial_stdio_below_sshd() {
    let mut scene = Scene::with_docker();
    scene.process(dial_stdio());
    scene.connect(1, 1, 10);
    scene.connect(2, 1, 10);
    let said = notices(&scene);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].about, "ssh-dial-stdio");
    assert_eq!(said[0].endpoint, Some(EndpointId(1)));
    assert!(
        said[0]
            .text
            .starts_with("pid 10 (docker system dial-stdio) ")
    );
}

#[test]
fn dial_stdio_without_ssh_and_other_commands_below_it() {
    let mut scene = Scene::with_docker();
    let mut local = dial_stdio();
    local.ancestors = ancestors(&["bash"]);
    scene.process(local);
    scene.connect(1, 1, 10);
    let mut other = dial_stdio();
    other.args = Some(vec![
        "docker".to_owned(),
        "system".to_owned(),
        "df".to_owned(),
    ]);
    scene.process(other);
    scene.connect(2, 1, 10);
    assert_eq!(notices(&scene), []);
}

#[test]
fn a_proxy_that_is_described_late() {
    let mut scene = Scene::with_docker();
    scene.see(Observation::Endpoint(endpoint(2, None)));
    scene.connect(1, 2, 10);
    scene.connect(2, 1, 10);
    scene.connect(3, 1, 11);
    scene.process(process(10, "haproxy"));
    let said: Vec<_> = notices(&scene)
        .into_iter()
        .map(|notice| (notice.about, notice.endpoint.unwrap().0))
        .collect();
    let about = "socket-proxy".to_owned();
    assert_eq!(said, [(about.clone(), 1), (about, 2)]);
}
