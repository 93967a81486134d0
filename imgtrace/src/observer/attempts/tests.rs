use super::*;
use crate::model::{Denial, Runtime};

fn tried(attempts: &mut Attempts, pid: u32, mono: u64, endpoint: Option<EndpointId>) {
    attempts.tried(Waiting {
        at: Stamp { mono, wall: 0 },
        process: ProcessKey { pid, start: 1 },
        path: "/run/docker.sock".to_owned(),
        refusal: Refusal {
            endpoint,
            runtime: Runtime::Docker,
            denial: Denial::default(),
        },
    });
}

fn pids(ripe: &[Waiting]) -> Vec<u32> {
    ripe.iter().map(|waiting| waiting.process.pid).collect()
}

#[test]
fn an_attempt_is_believed_after_a_while_without_contradiction() {
    let mut attempts = Attempts::default();
    tried(&mut attempts, 1, 1_000, None);
    tried(&mut attempts, 2, 2_000, None);
    assert!(attempts.ripe(DOUBT_NS + 999).is_empty());
    assert_eq!(pids(&attempts.ripe(DOUBT_NS + 1_000)), [1]);
    assert_eq!(pids(&attempts.ripe(u64::MAX)), [2]);
}

#[test]
fn an_accept_contradicts_one_earlier_attempt_of_its_client_there() {
    let mut attempts = Attempts::default();
    let there = Some(EndpointId(1));
    tried(&mut attempts, 1, 1_000, there);
    tried(&mut attempts, 1, 3_000, there);
    tried(&mut attempts, 2, 1_500, there);
    attempts.accepted(1, EndpointId(2), 2_000);
    attempts.accepted(1, EndpointId(1), 2_000);
    attempts.accepted(1, EndpointId(1), 2_000);
    attempts.accepted(3, EndpointId(1), 9_000);
    assert_eq!(pids(&attempts.ripe(u64::MAX)), [2, 1], "oldest first");
}
