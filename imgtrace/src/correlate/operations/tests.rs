use super::{MAX_BY_NAME, MAX_OPEN, Operations};
use crate::correlate::World;
use crate::model::{
    Api, Basis, Correlation, Op, Operation, OperationId, Outcome, Report, Stamp, Subject,
};
use crate::observation::{ConnectionId, Observation, RequestId};
use crate::trace::scene::{Scene, container, endpoint, image, process};

fn scene() -> Scene {
    let mut scene = Scene::with_docker();
    scene.process(process(10, "docker"));
    scene.connect(1, 1, 10);
    scene
}

fn progress(scene: &mut Scene, request: RequestId, bytes: u64) -> Option<Operation> {
    let subject = Subject {
        bytes: Some(bytes),
        ..Subject::default()
    };
    match scene.see(Observation::RequestProgress { request, subject }) {
        [] => None,
        [Report::Progress(operation)] => Some(operation.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn progress_is_said_after_a_second_and_then_every_other_second() {
    let mut scene = scene();
    let pull = scene.begin(1, Op::Pull, image("a:1"));
    assert_eq!(progress(&mut scene, pull, 1), None);
    scene.wait(1_000);
    let said = progress(&mut scene, pull, 2).unwrap();
    assert_eq!(said.subject.bytes, Some(2));
    assert_eq!(said.subject.image.as_deref(), Some("a:1"));
    assert_eq!(said.outcome, None);
    scene.wait(1_900);
    assert_eq!(progress(&mut scene, pull, 3), None);
    scene.wait(100);
    assert_eq!(progress(&mut scene, pull, 4).unwrap().id, OperationId(1));
    let ended = scene.end(pull, Subject::default());
    assert_eq!(ended.subject.bytes, Some(4), "what was not said is kept");
    assert_eq!(progress(&mut scene, pull, 5), None, "it has ended");
}

#[test]
fn a_request_understood_late_began_when_it_did() {
    let mut scene = scene();
    let began = Stamp { mono: 5, wall: 6 };
    scene.see(Observation::RequestBegan {
        request: RequestId(1),
        connection: ConnectionId(1),
        api: Api::Docker,
        op: Op::Exec,
        subject: Subject::default(),
        began: Some(began),
        basis: Basis::OBSERVED,
        correlation: Correlation::default(),
    });
    assert_eq!(scene.last_began().at, began);
    let ended = scene.end(RequestId(1), Subject::default());
    assert_eq!(ended.at, began);
    assert_eq!(ended.ended_at, Some(scene.now()));
    assert_eq!(ended.endpoint.api, Some(Api::Docker));
}

#[test]
fn a_connection_may_close_before_its_last_request_ends() {
    let mut scene = scene();
    let pull = scene.begin(1, Op::Pull, image("a:1"));
    scene.disconnect(1);
    for connection in 2..3_000 {
        scene.connect(connection, 1, 11);
        scene.disconnect(connection);
    }
    let ended = scene.end(pull, Subject::default());
    assert_eq!(ended.caller.unwrap().comm, "docker");
    assert_eq!(ended.endpoint.id, Some(endpoint(1, None).id));
}

#[test]
fn a_request_can_follow_its_connections_end() {
    let mut scene = scene();
    scene.disconnect(1);
    let pull = scene.ask(1, Op::Pull, image("a:1"));
    assert_eq!(pull.caller.unwrap().comm, "docker");
}

#[test]
fn too_many_in_flight_end_unseen_and_are_said() {
    let mut scene = scene();
    for _ in 0..MAX_OPEN {
        scene.begin(1, Op::Pull, image("a:1"));
    }
    assert_eq!(scene.ended().len(), 0);
    scene.begin(1, Op::Pull, image("a:1"));
    let ended = scene.ended();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].id, OperationId(1));
    assert_eq!(ended[0].outcome, Some(Outcome::Unknown));
}

#[test]
fn an_endpoint_is_said_when_something_about_it_is_new() {
    let mut scene = Scene::with_docker();
    assert_eq!(scene.see(Observation::Endpoint(endpoint(1, Some(800)))), []);
    scene.connect(1, 1, 10);
    let version = |version: &str| Observation::Learned {
        connection: ConnectionId(1),
        fact: crate::observation::Fact::Version {
            version: version.to_owned(),
        },
    };
    let said = scene.see(version("28.5.2"));
    let [Report::Endpoint(_, found)] = said else {
        panic!("{said:?}");
    };
    let server = found.server.clone().unwrap();
    assert_eq!(server.version.as_deref(), Some("28.5.2"));
    assert_eq!(scene.see(version("28.5.2")), []);
    assert_eq!(
        scene.see(Observation::Endpoint(endpoint(1, Some(800)))),
        [],
        "the version stays"
    );
    assert_eq!(
        scene
            .see(Observation::Endpoint(endpoint(1, Some(801))))
            .len(),
        1
    );
}

#[test]
fn a_number_that_is_used_again_ends_the_earlier_request() {
    let mut scene = scene();
    for _ in 0..2 {
        scene.see(Observation::RequestBegan {
            request: RequestId(1),
            connection: ConnectionId(1),
            api: Api::Docker,
            op: Op::Pull,
            subject: image("a:1"),
            began: None,
            basis: Basis::OBSERVED,
            correlation: Correlation::default(),
        });
    }
    let ended: Vec<_> = scene
        .ended()
        .iter()
        .map(|it| (it.id.0, it.outcome))
        .collect();
    assert_eq!(ended, [(1, Some(Outcome::Unknown))]);
    assert_eq!(
        scene.end(RequestId(1), Subject::default()).id,
        OperationId(2)
    );
}

#[test]
fn what_has_ended_takes_no_place_of_what_is_open() {
    let mut scene = scene();
    let long = scene.begin(1, Op::Pull, image("a:1"));
    for _ in 0..MAX_OPEN {
        let request = scene.begin(1, Op::Tag, image("a:1"));
        scene.finish(request, Subject::default());
    }
    assert_eq!(scene.ended().len(), MAX_OPEN);
    assert_eq!(scene.end(long, Subject::default()).id, OperationId(1));
}

#[test]
fn what_was_asked_by_name_is_forgotten_also_where_nothing_is_mounted() {
    let mut operations = Operations::new();
    let mut world = World::new();
    let mut out = Vec::new();
    let mut see = |number: u64, what| {
        let at = Stamp {
            mono: number * 1_000_000,
            wall: 0,
        };
        operations.observe(at, &what, &mut world, &mut out);
        operations.by_name.len()
    };
    let begin = |number| Observation::RequestBegan {
        request: RequestId(number),
        connection: ConnectionId(1),
        api: Api::Docker,
        op: Op::Start,
        subject: container("web"),
        began: None,
        basis: Basis::OBSERVED,
        correlation: Correlation::default(),
    };
    for number in 0..3_000 {
        see(number, begin(number));
        let kept = see(
            number,
            Observation::RequestEnded {
                request: RequestId(number),
                outcome: Outcome::Error,
                error: None,
                subject: Subject::default(),
            },
        );
        assert!(kept <= MAX_BY_NAME);
    }
    let under_way = (3_000..5_000).map(|number| see(number, begin(number)));
    assert_eq!(under_way.last(), Some(MAX_BY_NAME));
}
