//! By what requests are joined, and how many are kept.

use super::*;
use crate::model::{Confidence, Correlation};
use crate::trace::scene::{Asked, container, id, image};

fn with_correlation(correlation: Correlation, connection: u64, op: Op, api: Api) -> Asked {
    Asked {
        api,
        connection,
        op,
        correlation,
        ..Asked::default()
    }
}

fn traced(digit: &str) -> Correlation {
    Correlation {
        trace: Some(digit.repeat(32)),
        ..Correlation::default()
    }
}

#[test]
fn a_trace_joins_where_it_is_one_requests_alone() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let one = scene.begin_as(with_correlation(traced("1"), cli, Op::Load, Api::Docker));
    let other = scene.begin_as(with_correlation(traced("2"), cli, Op::Load, Api::Docker));
    for digit in ["2", "1"] {
        let import = with_correlation(
            traced(digit),
            DOCKERD_TO_CONTAINERD,
            Op::Import,
            Api::Containerd,
        );
        let import = scene.begin_as(import);
        scene.finish(import, image(&format!("app:{digit}")));
    }
    for load in [one, other] {
        let load = scene.end(load, Subject::default());
        assert_eq!(load.hops.len(), 1);
        assert_eq!(load.hops[0].confidence, Confidence::Observed);
    }
    // A client may use one trace for all that it asks: then the trace alone tells nothing.
    for op in [Op::Load, Op::Load] {
        scene.begin_as(with_correlation(traced("3"), cli, op, Api::Docker));
    }
    let import = with_correlation(
        traced("3"),
        DOCKERD_TO_CONTAINERD,
        Op::Import,
        Api::Containerd,
    );
    let import = scene.begin_as(import);
    scene.finish(import, Subject::default());
    end(&mut scene);
    let hops: Vec<_> = scene.ended().into_iter().flat_map(|it| it.hops).collect();
    assert_eq!(hops.len(), 3);
    assert_eq!(hops[2].confidence, Confidence::Inferred);
}

#[test]
fn a_lease_may_be_the_containers_id() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let start = scene.begin(cli, Op::Start, container(&id("c1")));
    let lease = Correlation {
        lease: Some(id("c1")),
        ..Correlation::default()
    };
    let asked = with_correlation(lease, DOCKERD_TO_CONTAINERD, Op::Create, Api::Containerd);
    let inner = scene.begin_as(asked);
    scene.finish(inner, Subject::default());
    let start = scene.end(start, Subject::default());
    assert_eq!(start.hops[0].confidence, Confidence::Observed);
}

#[test]
fn how_far_a_hop_is_is_how_far_the_operation_is() {
    let mut scene = host();
    let crictl = client(&mut scene, 40, "crictl", CRI_DOCKERD);
    scene.begin_in(Api::Cri, crictl, Op::Pull, image(BUSYBOX));
    let docker = scene.begin(CRI_DOCKERD_TO_DOCKERD, Op::Pull, image(BUSYBOX));
    scene.tick();
    let subject = Subject {
        bytes: Some(5),
        bytes_total: Some(9),
        ..Subject::default()
    };
    let said = scene.see(Observation::RequestProgress {
        request: docker,
        subject,
    });
    let [Report::Progress(pull)] = said else {
        panic!("{said:?}");
    };
    assert_eq!(pull.caller.as_ref().unwrap().comm, "crictl");
    assert_eq!(
        (pull.subject.bytes, pull.subject.bytes_total),
        (Some(5), Some(9))
    );
}

#[test]
fn hops_are_listed_up_to_a_bound_and_counted_beyond() {
    let mut scene = host();
    let cli = client(&mut scene, 10, "docker", DOCKER);
    let remove = scene.begin(cli, Op::RemoveContainer, container(&id("c1")));
    for _ in 0..50 {
        let of = container(&id("c1"));
        scene.pass(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Kill, of);
    }
    let remove = scene.end(remove, Subject::default());
    assert_eq!(remove.hops.len(), 48);
    assert_eq!(remove.evidence, ["2 more hops are not listed"]);
}

#[test]
fn what_waits_is_bounded() {
    let mut scene = host();
    for number in 0..1_100 {
        let of = image(&format!("app:{number}"));
        scene.begin_in(Api::Containerd, DOCKERD_TO_CONTAINERD, Op::Pull, of);
        scene.millis -= 1;
    }
    let ended = scene.ended();
    assert_eq!(ended.len(), 1_100 - 1_024);
    assert_eq!(ended[0].subject.image.as_deref(), Some("app:0"));
    assert_eq!(ended[0].outcome, Some(Outcome::Unknown));
}
