//! What must hold of every conversation.

use proptest::prelude::*;
use proptest::sample::Index;

use super::ear::{ToClient, ToServer, Words, anomalies, check_contract, hear};
use super::script::{Manner, Script, check_sound, script};
use crate::decode::Direction;
use crate::decode::flow::hearing::{cut, split, with_gaps};
use crate::decode::http1::{Event, Parser, Piece};
use crate::model::Stamp;

const MANNERS: [Manner; 4] = [
    Manner::Plain,
    Manner::Continue,
    Manner::Early,
    Manner::Meanwhile,
];

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![Just(1), 1..7usize, 1..200usize], 1..8)
}

/// Pipelines a conversation: the client says everything first.
fn pipelined(script: &Script) -> Vec<Words> {
    let (mut asked, answered): (Vec<Words>, Vec<Words>) = script
        .words()
        .into_iter()
        .partition(|(direction, ..)| *direction == ToServer);
    asked.extend(answered);
    asked
}

/// Moves each gap that was a whole word to the next word of its direction: that is when a lost
/// record shows.
fn told_late(words: Vec<Words>) -> Vec<Words> {
    let mut owed = [0, 0];
    let mut told = Vec::new();
    for (direction, piece, at) in words {
        let owed = &mut owed[usize::from(direction == ToClient)];
        if let Piece::Gap(len) = piece {
            *owed += len;
            continue;
        }
        if *owed > 0 {
            told.push((direction, Piece::Gap(std::mem::take(owed)), at));
        }
        told.push((direction, piece, at));
    }
    told
}

/// True where no listener can tell: the first that is heard of the client is a whole request that
/// is the rest of a body.
fn is_untellable(words: &[Words]) -> bool {
    words
        .iter()
        .find(|(direction, ..)| *direction == ToServer)
        .is_some_and(|(_, piece, _)| match piece {
            Piece::Bytes(bytes) => {
                bytes.starts_with(b"GET /fake") || bytes.starts_with(b"POST /fake")
            }
            Piece::Gap(_) => false,
        })
}

/// True if the server's words before that exchange end like an interim answer, as far as they were
/// heard.
fn may_follow_an_interim(words: &[Words], number: usize) -> bool {
    let target = format!(" /real/{number}?");
    let mut said = Vec::new();
    for (direction, piece, _) in words {
        let Piece::Bytes(bytes) = piece else {
            continue;
        };
        match direction {
            ToClient => said.extend_from_slice(bytes),
            ToServer
                if bytes
                    .windows(target.len())
                    .any(|part| part == target.as_bytes()) =>
            {
                break;
            }
            ToServer => said.clear(),
        }
    }
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    !said.is_empty() && (said.ends_with(interim) || interim.ends_with(&said))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_whole_conversation_is_told_as_it_was(script in script(&MANNERS)) {
        let events = hear(false, script.words());
        prop_assert_eq!(anomalies(&events), []);
        check_sound(&events, &script.truths);
        let ended = |wanted: Direction| events.iter()
            .filter(|e| matches!(e, Event::End { direction, .. } if *direction == wanted))
            .count();
        let upgraded = script.truths.iter().filter(|truth| truth.upgrade).count();
        prop_assert_eq!(ended(ToServer), script.truths.len());
        prop_assert_eq!(ended(ToClient), script.truths.len() - upgraded);
    }

    #[test]
    fn splits_change_nothing(script in script(&MANNERS), sizes in sizes()) {
        let whole = hear(false, script.words());
        prop_assert_eq!(hear(false, split(script.words(), &sizes)), whole);
    }

    #[test]
    fn splits_change_nothing_for_a_late_listener(
        script in script(&MANNERS), sizes in sizes(), at in any::<Index>(),
    ) {
        let heard = cut(script.words(), at.index(script.len()) as u64);
        let whole = hear(true, heard.clone());
        prop_assert_eq!(hear(true, split(heard, &sizes)), whole);
    }

    #[test]
    fn pipelined_requests_get_their_answers_in_order(
        script in script(&[Manner::Plain]), sizes in sizes(),
    ) {
        let events = hear(false, split(pipelined(&script), &sizes));
        prop_assert_eq!(anomalies(&events), []);
        check_sound(&events, &script.truths);
        let answers = events.iter().filter(|e| matches!(e, Event::Response { .. })).count();
        prop_assert_eq!(answers, script.truths.len());
    }

    #[test]
    fn a_late_listener_hears_nothing_that_was_not_said(
        script in script(&MANNERS), at in any::<Index>(),
    ) {
        let heard = cut(script.words(), at.index(script.len()) as u64);
        prop_assume!(!is_untellable(&heard));
        check_sound(&hear(true, heard), &script.truths);
    }

    #[test]
    fn a_late_listener_hears_every_exchange_that_begins_after_it_came(
        script in script(&[Manner::Plain, Manner::Continue]), at in any::<Index>(),
    ) {
        let at = at.index(script.len());
        let heard = cut(script.words(), at as u64);
        prop_assume!(!is_untellable(&heard));
        let mut before = 0;
        let mut begins = script.begins.iter().peekable();
        let mut expected = Vec::new();
        for (index, (_, bytes)) in script.said.iter().enumerate() {
            if begins.next_if_eq(&&index).is_some() && before >= at {
                expected.push(script.begins.iter().position(|begin| *begin == index).unwrap());
            }
            before += bytes.len();
        }
        expected.retain(|number| !may_follow_an_interim(&heard, *number));
        let events = hear(true, heard);
        let told: Vec<&str> = events.iter()
            .filter_map(|event| match event {
                Event::Request { head, .. } => Some(head.path.as_str()),
                _ => None,
            })
            .collect();
        for number in expected {
            prop_assert!(told.contains(&script.truths[number].path.as_str()), "not {}", number);
        }
        prop_assert_eq!(anomalies(&events), []);
        let abandoned = events.iter().filter(|e| matches!(e, Event::Abandoned { .. })).count();
        let upgraded = events.iter().filter(|e| matches!(e, Event::Upgraded { .. })).count();
        prop_assert_eq!(abandoned, upgraded, "all but the last ended by themselves");
    }

    #[test]
    fn gaps_invent_nothing(
        script in script(&MANNERS),
        sizes in sizes(),
        joined in any::<bool>(),
        losses in prop::collection::vec((any::<Index>(), prop::option::of(0..30u64)), 1..5),
        late in any::<bool>(),
    ) {
        let mut words = with_gaps(split(script.words(), &sizes), &losses);
        if late {
            words = told_late(words);
        }
        check_sound(&hear(joined, words), &script.truths);
    }

    #[test]
    fn nothing_that_is_said_breaks_the_contract(
        script in script(&MANNERS),
        sizes in sizes(),
        joined in any::<bool>(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..8),
    ) {
        let mut script = script;
        for (index, byte) in damage {
            let word = index.index(script.said.len());
            let bytes = &mut script.said[word].1;
            let place = index.index(bytes.len());
            bytes[place] = byte;
        }
        hear(joined, split(script.words(), &sizes));
    }

    #[test]
    fn noise_breaks_nothing(
        noise in prop::collection::vec(
            (any::<bool>(), prop_oneof![
                prop::collection::vec(any::<u8>(), 0..50),
                "(GET|POST|HTTP/1.1) ?/?[a-z0-9 ]{0,5}( HTTP/1.1)?\r?\n([a-z]:[0-9]\r\n){0,2}\r\n"
                    .prop_map(String::into_bytes),
            ], any::<Option<u8>>()),
            0..20,
        ),
        joined in any::<bool>(),
    ) {
        let mut parser = Parser::new(joined);
        let mut events = Vec::new();
        for (to_client, bytes, gap) in noise {
            let direction = if to_client { ToClient } else { ToServer };
            let at = Stamp::default();
            parser.push(direction, Piece::Bytes(bytes.into()), at, &mut events);
            if let Some(len) = gap {
                parser.push(direction, Piece::Gap(u64::from(len)), at, &mut events);
            }
        }
        parser.close(Stamp::default(), &mut events);
        check_contract(&events);
    }
}
