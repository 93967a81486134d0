//! What must hold of every recorded connection, wherever it is split, cut or full of holes.
//!
//! - With no gap, any split gives the same observations.
//! - Joined at any byte, and with any gap anywhere, no operation is reported as observed that is
//!   not in the whole conversation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[path = "../conversation/mod.rs"]
mod conversation;
mod damage;
mod hear;

use std::collections::BTreeMap;

use conversation::Conversation;
use conversation::gaps::{Gap, with_gaps};
use damage::{joined_at, regrouped, split_at, split_every};
use hear::{hear, told};
use imgtrace::decode::{Direction, Segment};
use proptest::prelude::*;
use proptest::sample::Index;

/// Bytes that a test decodes of one conversation at the most: of a long one not every cut is tried,
/// but cuts at even distances.
const BYTES_A_CONVERSATION: usize = 6_000_000;

/// Every place of a conversation, or as many at even distances as there is time for.
fn places(conversation: &Conversation) -> impl Iterator<Item = usize> + use<> {
    let len = damage::len(&conversation.segments);
    let step = len * len / BYTES_A_CONVERSATION + 1;
    (1..len).step_by(step)
}

/// What is never told cannot be told wrongly either.
#[test]
fn there_is_something_to_be_heard() {
    let mut heard: BTreeMap<String, usize> = BTreeMap::new();
    for conversation in Conversation::all() {
        let Conversation {
            name,
            joined,
            segments,
            ..
        } = &conversation;
        for operation in hear(segments, *joined).operations() {
            println!("{name}: {operation}");
            *heard.entry(operation).or_default() += 1;
        }
    }
    println!("{heard:#?}");
    for api in ["docker", "containerd", "shim"] {
        let observed = heard
            .keys()
            .any(|word| word.starts_with(&format!("{api} start observed")));
        assert!(observed, "no start by {api} in {heard:#?}");
    }
}

#[test]
fn any_split_in_two_gives_the_same_observations() {
    for conversation in Conversation::all() {
        let Conversation {
            name,
            joined,
            segments,
            ..
        } = &conversation;
        let whole = told(segments, *joined);
        for place in places(&conversation) {
            let split = split_at(segments, place);
            assert_eq!(told(&split, *joined), whole, "{name} split at {place}");
        }
    }
}

#[test]
fn bytes_that_come_one_by_one_or_all_at_once_give_the_same_observations() {
    for Conversation {
        name,
        joined,
        segments,
        ..
    } in Conversation::all()
    {
        let whole = told(&segments, joined);
        for size in [1, 2, 3, 7, 100, 1_000] {
            let split = split_every(&segments, size);
            assert_eq!(told(&split, joined), whole, "{name} in pieces of {size}");
        }
        let regrouped = regrouped(&segments);
        assert_eq!(told(&regrouped, joined), whole, "{name} in turns");
    }
}

#[test]
fn joined_at_any_byte_nothing_is_invented() {
    for conversation in Conversation::all() {
        let Conversation {
            name,
            joined,
            segments,
            ..
        } = &conversation;
        let whole = hear(segments, *joined);
        for place in places(&conversation) {
            let part = hear(&joined_at(segments, place), true);
            part.check_against(&whole, &format!("{name} joined at {place}"));
        }
    }
}

#[test]
fn a_gap_to_any_byte_invents_nothing() {
    for conversation in Conversation::all() {
        let Conversation {
            name,
            joined,
            segments,
            ..
        } = &conversation;
        let whole = hear(segments, *joined);
        for direction in [Direction::ToServer, Direction::ToClient] {
            for place in places(&conversation) {
                let gap = Gap {
                    direction,
                    from: place as u64 / 2,
                    len: 1 + place as u64 / 7,
                };
                let part = hear(&with_gaps(segments, &[gap]), *joined);
                part.check_against(&whole, &format!("{name} with {gap:?}"));
            }
        }
    }
}

/// A conversation, and a few places in it.
fn places_of_any() -> impl Strategy<Value = (Index, Vec<Index>)> {
    (any::<Index>(), prop::collection::vec(any::<Index>(), 1..20))
}

fn gap(segments: &[Segment], direction: bool, from: Index, len: usize) -> Gap {
    Gap {
        direction: if direction {
            Direction::ToServer
        } else {
            Direction::ToClient
        },
        from: from.index(damage::len(segments)) as u64,
        len: len as u64,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_splits_give_the_same_observations((which, cuts) in places_of_any()) {
        let Conversation { name, joined, segments, .. } = damage::pick(which);
        let mut split = segments.clone();
        for cut in cuts {
            split = split_at(&split, cut.index(damage::len(&segments)));
        }
        prop_assert_eq!(told(&split, joined), told(&segments, joined), "{}", name);
    }

    #[test]
    fn any_gaps_and_a_late_join_invent_nothing(
        which in any::<Index>(),
        join in prop::option::of(any::<Index>()),
        gaps in prop::collection::vec(
            (any::<bool>(), any::<Index>(), prop_oneof![1..10usize, 1..400usize, 1..20_000usize]),
            0..4,
        ),
    ) {
        let Conversation { name, joined, segments, .. } = damage::pick(which);
        let whole = hear(&segments, joined);
        let gaps: Vec<Gap> = gaps
            .into_iter()
            .map(|(direction, from, len)| gap(&segments, direction, from, len))
            .collect();
        let holed = with_gaps(&segments, &gaps);
        let (part, how) = match join {
            Some(join) => {
                let place = join.index(damage::len(&holed).max(1));
                (hear(&joined_at(&holed, place), true), format!("joined at {place}"))
            }
            None => (hear(&holed, joined), String::new()),
        };
        part.check_against(&whole, &format!("{name} with {gaps:?} {how}"));
    }
}
