use crate::correlate::Survey;
use crate::correlate::topology::samples::*;
use crate::model::{AnswerValue, EndpointId, Question, Runtime};
use crate::observation::{Observation, Observed};
use crate::trace::scene::{Scene, id, in_group, process};

#[test]
fn without_a_configuration_crictl_takes_the_first_that_answers() {
    let topology = survey(&k3s_beside_docker());
    let crictl = answer(&topology, Question::Crictl);
    assert_eq!(crictl.value, Some(AnswerValue::Endpoint(EndpointId(2))));
    assert!(
        crictl
            .text
            .starts_with("there is no /etc/crictl.yaml, so to the first")
    );
    assert!(
        crictl
            .evidence
            .contains(&"crictl was not called while imgtrace looked on".to_owned())
    );

    let mut scene = k3s_beside_docker();
    scene.see(crictl_says(Some("unix:///run/nowhere.sock")));
    let topology = survey(&scene);
    let crictl = answer(&topology, Question::Crictl);
    assert_eq!(crictl.value, None);
    assert!(
        crictl.text.ends_with("where nobody listens"),
        "{}",
        crictl.text
    );
}

#[test]
fn a_path_of_a_daemon_in_a_container_is_not_the_machines() {
    let mut scene = Scene::new();
    let mut inner = process(500, "containerd");
    inner.cgroups = in_group(&format!("/docker/{}", id("d1d")));
    scene.process(inner);
    scene.see(socket(
        1,
        Runtime::Containerd,
        "/run/containerd/containerd.sock",
        500,
    ));
    scene.see(crictl_says(Some("unix:///run/containerd/containerd.sock")));
    let topology = survey(&scene);
    assert_eq!(value(&topology, Question::Crictl), None);
}

#[test]
fn what_crictl_called_counts_where_its_configuration_is_not_known() {
    let mut scene = k3s_with_docker();
    let is_surveyed = |line: &Observed| matches!(line.what, Observation::Surveyed { .. });
    scene.process(process(960, "crictl"));
    scene.connect(9, 2, 960);
    let mut survey = Survey::new();
    let told = scene.told.iter().filter(|line| !is_surveyed(line));
    told.for_each(|line| survey.observe(line));
    let topology = survey.topology();
    let crictl = answer(&topology, Question::Crictl);
    assert_eq!(crictl.value, Some(AnswerValue::Endpoint(EndpointId(2))));
    assert!(
        crictl.text.starts_with("it was seen to call e2"),
        "{}",
        crictl.text
    );
    assert!(
        topology
            .missing
            .iter()
            .any(|it| it.contains("which containers hold a socket"))
    );
}

#[test]
fn a_call_elsewhere_than_configured_is_said() {
    let mut scene = k3s_beside_docker();
    scene.process(process(960, "crictl"));
    scene.connect(9, 3, 960);
    let topology = survey(&scene);
    let crictl = answer(&topology, Question::Crictl);
    assert!(
        crictl
            .evidence
            .iter()
            .any(|it| it.contains("connected to e3")),
        "{crictl:?}"
    );
    assert!(
        crictl
            .evidence
            .iter()
            .any(|it| it.contains("may say otherwise")),
        "{crictl:?}"
    );
}
