use super::NAMED_CALLERS;
use crate::model::{Op, Report, Rule, Severity, Summary};
use crate::observation::{Anomaly, ConnectionId, Observation};
use crate::trace::scene::{Scene, container, id, image, in_group, process};

fn end(scene: &mut Scene) -> Summary {
    match scene.see(Observation::End).last() {
        Some(Report::Summary(summary)) => summary.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn operations_by_kind_and_outcome() {
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    scene.create(1, "web", "a:1", &id("c1"));
    scene.ask(1, Op::Pull, image("a:1"));
    let pull = scene.begin(1, Op::Pull, image("b:1"));
    scene.fail(pull, "denied");
    scene.begin(1, Op::Create, image("a:1"));
    let summary = end(&mut scene);
    let counts: Vec<_> = summary
        .operations
        .iter()
        .map(|count| (count.op, count.ok, count.error, count.unknown))
        .collect();
    assert_eq!(counts, [(Op::Pull, 1, 1, 0), (Op::Create, 1, 0, 1)]);
    assert_eq!(summary.other_callers, 4, "pid 10 was never described");
    assert_eq!(summary.callers, []);
    assert!(summary.began < summary.at);
}

#[test]
fn the_busiest_callers_are_named_and_the_rest_is_summed() {
    let mut scene = Scene::with_docker();
    for number in 1..=15_u32 {
        let mut client = process(number + 100, "docker");
        client.cgroups = in_group(&format!("/system.slice/job-{number:02}.service"));
        scene.process(client);
        let connection = u64::from(number);
        scene.connect(connection, 1, number + 100);
        for _ in 0..number {
            scene.ask(connection, Op::Pull, image("a:1"));
        }
    }
    let summary = end(&mut scene);
    assert_eq!(summary.callers.len(), NAMED_CALLERS);
    let first = &summary.callers[0];
    assert_eq!(first.place.as_deref(), Some("job-15.service"));
    assert_eq!((first.program.as_str(), first.operations), ("docker", 15));
    assert_eq!(summary.other_callers, 1 + 2 + 3 + 4 + 5);
    assert_eq!(summary.endpoints[0].operations, 120);
    assert_eq!(summary.endpoints[0].connections, 15);
}

#[test]
fn processes_of_one_container_are_one_caller() {
    let mut scene = Scene::with_docker();
    for pid in 10..15 {
        let mut client = process(pid, "docker");
        client.cgroups = in_group(&format!("/docker/{}", id("a1")));
        scene.process(client);
        scene.connect(u64::from(pid), 1, pid);
        scene.ask(u64::from(pid), Op::Start, container(&id("c1")));
    }
    let summary = end(&mut scene);
    assert_eq!(summary.callers.len(), 1);
    assert_eq!(summary.callers[0].operations, 5);
    let findings: Vec<_> = summary
        .findings
        .iter()
        .map(|count| (count.rule, count.severity, count.count))
        .collect();
    assert_eq!(
        findings,
        [
            (Rule::Dood, Severity::Info, 5),
            (Rule::Dood, Severity::Warning, 1)
        ]
    );
}

#[test]
fn what_could_not_be_decoded_is_counted() {
    let mut scene = Scene::with_docker();
    for anomaly in [
        Anomaly::LostFraming,
        Anomaly::MalformedHead,
        Anomaly::LostFraming,
    ] {
        scene.see(Observation::Anomaly {
            connection: ConnectionId(1),
            anomaly,
        });
    }
    let counts: Vec<_> = end(&mut scene)
        .anomalies
        .iter()
        .map(|count| (count.anomaly, count.count))
        .collect();
    assert_eq!(
        counts,
        [(Anomaly::MalformedHead, 1), (Anomaly::LostFraming, 2)]
    );
}
