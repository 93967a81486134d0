use super::{INTERVAL, MAX_CONNECTIONS};
use crate::model::{EndpointId, Loss, LossKind, Report};
use crate::observation::{ConnectionId, Observation};
use crate::trace::scene::Scene;

fn lost(connection: Option<u64>) -> Observation {
    Observation::Lost {
        what: LossKind::Budget,
        connection: connection.map(ConnectionId),
        records: 1,
        bytes: 100,
    }
}

fn losses(reports: &[Report]) -> Vec<Loss> {
    let losses = reports.iter().filter_map(|report| match report {
        Report::Loss(loss) => Some(loss.clone()),
        _ => None,
    });
    losses.collect()
}

fn interval() -> u64 {
    // The scene's clock has whole milliseconds.
    5_000
}

#[test]
fn the_first_is_said_at_once_and_the_rest_is_summed() {
    assert!((INTERVAL - 5_000.0).abs() < f64::EPSILON);
    let mut scene = Scene::with_docker();
    scene.connect(1, 1, 10);
    let first = losses(scene.see(lost(Some(1))));
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].endpoint, Some(EndpointId(1)));
    assert_eq!((first[0].records, first[0].bytes), (1, 100));
    for _ in 0..10 {
        assert_eq!(scene.see(lost(Some(1))), []);
    }
    assert_eq!(scene.see(Observation::Tick), []);
    scene.wait(interval());
    let summed = losses(scene.see(Observation::Tick));
    assert_eq!(summed.len(), 1);
    assert_eq!((summed[0].records, summed[0].bytes), (10, 1_000));
    scene.wait(interval());
    assert_eq!(
        scene.see(Observation::Tick),
        [],
        "nothing is said of nothing"
    );
    assert_eq!(
        losses(scene.see(lost(None))).len(),
        1,
        "at once after a pause"
    );
}

#[test]
fn connections_are_told_apart_up_to_a_bound() {
    let mut scene = Scene::with_docker();
    scene.see(lost(None));
    let many = 3 * MAX_CONNECTIONS as u64;
    for connection in 0..many {
        scene.see(lost(Some(connection)));
    }
    let said = losses(scene.see(Observation::End));
    assert_eq!(said.len(), MAX_CONNECTIONS + 1);
    assert_eq!(said.iter().map(|loss| loss.records).sum::<u64>(), many);
    assert_eq!(said[0].connection, None);
}

#[test]
fn the_end_says_what_is_left_and_the_summary_all() {
    let mut scene = Scene::with_docker();
    scene.see(lost(Some(1)));
    scene.see(lost(Some(2)));
    let reports = scene.see(Observation::End).to_vec();
    assert_eq!(losses(&reports).len(), 1);
    let Some(Report::Summary(summary)) = reports.last() else {
        panic!("{reports:?}");
    };
    assert_eq!(summary.losses.len(), 1);
    assert_eq!(
        (summary.losses[0].records, summary.losses[0].bytes),
        (2, 200)
    );
}
