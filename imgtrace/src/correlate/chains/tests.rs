use super::*;
use crate::correlate::World;
use crate::correlate::request::Begin;
use crate::model::{Api, Basis, Correlation, Op, Stamp, Subject};
use crate::observation::ConnectionId;

fn request(id: u64) -> Request {
    let begin = Begin {
        id: RequestId(id),
        at: Stamp { mono: id, wall: 0 },
        connection: ConnectionId(1),
        api: Api::Docker,
        op: Op::Pull,
        subject: &Subject::default(),
        basis: &Basis::OBSERVED,
        correlation: &Correlation::default(),
    };
    Request::new(&begin, &mut World::new())
}

fn hops(chains: &Chains, root: u64) -> usize {
    let chain = chains.get(RequestId(root));
    chain.map_or(0, |chain| chain.hops.len())
}

/// Chain 1 has the hop 9; chains 2 and 3 list it as well, and 3 is part of 4 then.
fn shared() -> Chains {
    let mut chains = Chains::new();
    for root in [1, 2, 3, 4, 9] {
        chains.insert(Chain::new(request(root), true));
    }
    chains.join(RequestId(9), RequestId(1), Confidence::Observed);
    for root in [2, 3] {
        let copy = Inner {
            request: request(9),
            belongs: Confidence::Inferred,
        };
        chains.share(RequestId(root), copy);
    }
    chains.join(RequestId(3), RequestId(4), Confidence::Observed);
    chains
}

#[test]
fn a_hop_that_is_taken_is_taken_everywhere() {
    let mut chains = shared();
    let before = [1, 2, 4].map(|root| hops(&chains, root));
    assert_eq!(before, [1, 1, 2]);
    assert_eq!(chains.root_of(RequestId(9)), Some(RequestId(1)));
    chains.take_hop(RequestId(9));
    let after = [1, 2, 4].map(|root| hops(&chains, root));
    assert_eq!(after, [0, 0, 1]);
    assert_eq!(chains.root_of(RequestId(9)), None);
}

#[test]
fn nothing_is_kept_of_a_chain_that_is_gone() {
    let mut chains = shared();
    for root in [1, 2, 4] {
        assert!(chains.remove(RequestId(root)).is_some());
    }
    assert!(chains.roots.is_empty() && chains.copies.is_empty());
}
