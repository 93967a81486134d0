//! What must hold of every conversation.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::said::*;
use super::script::{Script, script};
use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::decode::flow::hearing::{cut, split, with_gaps};
use crate::decode::http2::{Event, Field, Parser, Slot, Text};
use crate::model::Stamp;

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![Just(1), 1..7usize, 1..200usize], 1..8)
}

fn losses() -> impl Strategy<Value = Vec<(Index, Option<u64>)>> {
    prop::collection::vec((any::<Index>(), prop::option::of(0..30u64)), 1..5)
}

pub(super) fn listen(joined: bool, words: Vec<Words>) -> Vec<Event> {
    let mut parser = Parser::new(ToServer, joined);
    let mut events = Vec::new();
    for (direction, piece, at) in words {
        parser.push(direction, piece, at, &mut events);
    }
    events
}

/// Joins what is said of one frame's data in several pieces, without the times.
fn joined_up(events: Vec<Event>) -> Vec<String> {
    let mut whole: Vec<Event> = Vec::new();
    for event in events {
        if let Event::Data {
            stream,
            direction,
            piece: Piece::Bytes(more),
            end,
            at,
        } = &event
            && let Some(Event::Data {
                stream: of,
                direction: side,
                piece: Piece::Bytes(bytes),
                end: ended @ false,
                at: then,
            }) = whole.last_mut()
            && (&*of, &*side, &*then) == (stream, direction, at)
        {
            *bytes = [&bytes[..], more].concat().into();
            *ended = *end;
            continue;
        }
        whole.push(event);
    }
    lines(&whole)
}

/// Everything that is said of a stream in one direction.
type Streams = HashMap<(Direction, u32), (Vec<(Stamp, bool, Vec<Field>)>, Vec<u8>)>;

fn streams(events: &[Event]) -> Streams {
    let mut streams = Streams::new();
    for event in events {
        match event {
            Event::Headers {
                stream,
                direction,
                fields,
                end,
                at,
            } => streams.entry((*direction, *stream)).or_default().0.push((
                *at,
                *end,
                fields.clone(),
            )),
            Event::Data {
                stream,
                direction,
                piece: Piece::Bytes(bytes),
                ..
            } => streams
                .entry((*direction, *stream))
                .or_default()
                .1
                .extend_from_slice(bytes),
            _ => {}
        }
    }
    streams
}

/// True if it says nothing of a field but what is true.
fn agrees(field: &Field, truth: &Field) -> bool {
    let texts = [(&field.name, &truth.name), (&field.value, &truth.value)];
    texts
        .into_iter()
        .all(|(told, truth)| !matches!(told, Text::Known(_)) || told == truth)
}

/// Panics if something was told that is not true.
pub(super) fn check_true(told: &[Event], truth: &[Event]) {
    let truths = streams(truth);
    let mut entries: HashMap<(Direction, Slot), (Text, Option<Text>)> = HashMap::new();
    for event in told {
        match event {
            Event::Headers {
                stream,
                direction,
                fields,
                end,
                at,
            } => {
                let blocks = truths.get(&(*direction, *stream)).map_or(&[][..], |t| &t.0);
                let block = blocks.iter().find(|(then, ends, block)| {
                    let mut pairs = fields.iter().zip(block);
                    (then, ends) == (at, end)
                        && fields.len() <= block.len()
                        && pairs.all(|(f, t)| agrees(f, t))
                });
                let Some((.., block)) = block else {
                    panic!(
                        "nobody said {}",
                        lines(std::slice::from_ref(event)).concat()
                    );
                };
                for (field, truth) in fields.iter().zip(block) {
                    check_slots(*direction, field, truth, &mut entries);
                }
            }
            Event::Data {
                stream,
                direction,
                piece: Piece::Bytes(bytes),
                ..
            } if !bytes.is_empty() => {
                let said = truths.get(&(*direction, *stream)).map_or(&[][..], |t| &t.1);
                let is_said = said.windows(bytes.len()).any(|part| part == &bytes[..]);
                assert!(
                    is_said,
                    "nobody said {}",
                    lines(std::slice::from_ref(event)).concat()
                );
            }
            Event::Reset {
                stream,
                direction,
                code,
                ..
            } => assert!(truth.iter().any(|event| matches!(
                event,
                Event::Reset { stream: s, direction: d, code: c, .. }
                    if (s, d, c) == (stream, direction, code)
            ))),
            Event::Interrupted { direction, .. } => entries.retain(|(d, _), _| d != direction),
            Event::Data { .. } | Event::Anomaly(_) => {}
        }
    }
}

/// Panics if a slot means something else than before.
fn check_slots(
    direction: Direction,
    field: &Field,
    truth: &Field,
    entries: &mut HashMap<(Direction, Slot), (Text, Option<Text>)>,
) {
    if let Some(slot) = field.slot {
        let whole = (truth.name.clone(), Some(truth.value.clone()));
        let entry = entries
            .entry((direction, slot))
            .or_insert_with(|| whole.clone());
        entry.1.get_or_insert_with(|| truth.value.clone());
        assert_eq!(entry, &whole, "{slot:?}");
    }
    if let Text::Unknown(slot) = field.name {
        let name = truth.name.clone();
        let entry = entries.entry((direction, slot)).or_insert((name, None));
        assert_eq!(entry.0, truth.name, "{slot:?}");
    }
}

/// A place between words, behind the preface: how many words and how many bytes come before.
fn at_word(script: &Script, index: Index) -> (usize, u64) {
    let word = 1 + index.index(script.said.len() - 1);
    let before: usize = script.said[..word]
        .iter()
        .map(|(_, bytes)| bytes.len())
        .sum();
    (word, before as u64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_whole_conversation_is_told_as_it_was(script in script(60, true)) {
        let events = listen(false, script.words());
        let told = events.iter().filter_map(|event| match event {
            Event::Headers { stream, direction, fields, .. } => {
                let fields = fields.iter();
                let pairs = fields.map(|field| (text(&field.name), text(&field.value)));
                Some((*direction, *stream, pairs.collect::<Vec<_>>()))
            }
            _ => None,
        });
        prop_assert_eq!(told.collect::<Vec<_>>(), script.blocks);
        let quiet = |event: &Event| !matches!(event, Event::Anomaly(_) | Event::Interrupted { .. });
        prop_assert!(events.iter().all(quiet));
    }

    #[test]
    fn splits_change_nothing(script in script(60, true), sizes in sizes()) {
        let whole = joined_up(listen(false, script.words()));
        prop_assert_eq!(joined_up(listen(false, split(script.words(), &sizes))), whole);
    }

    #[test]
    fn splits_change_nothing_for_a_late_listener(
        script in script(60, true), sizes in sizes(), at in any::<Index>(),
    ) {
        let heard = cut(script.words(), at.index(script.len()) as u64);
        let whole = joined_up(listen(true, heard.clone()));
        prop_assert_eq!(joined_up(listen(true, split(heard, &sizes))), whole);
    }

    #[test]
    fn a_late_listener_hears_nothing_that_was_not_said(
        script in script(80, true), at in any::<Index>(),
    ) {
        let heard = cut(script.words(), at.index(script.len()) as u64);
        prop_assume!(!script.is_untellable(&heard));
        check_true(&listen(true, heard), &listen(false, script.words()));
    }

    #[test]
    fn a_listener_that_joins_between_words_hears_nothing_that_was_not_said(
        script in script(80, true), at in any::<Index>(),
    ) {
        let heard = cut(script.words(), at_word(&script, at).1);
        check_true(&listen(true, heard), &listen(false, script.words()));
    }

    #[test]
    fn a_listener_that_joins_between_words_hears_what_is_asked_after_it_came(
        script in script(80, false), at in any::<Index>(),
    ) {
        let (word, before) = at_word(&script, at);
        let told = listen(true, cut(script.words(), before));
        let truth = listen(false, script.words());
        let asked = |events: &[Event]| -> Vec<(u64, u32)> {
            events.iter().filter_map(|event| match event {
                Event::Headers { stream, direction: ToServer, at, .. } => Some((at.mono, *stream)),
                _ => None,
            }).collect()
        };
        let mut due = asked(&truth);
        due.retain(|(at, _)| *at > word as u64);
        let told = asked(&told);
        if !told.is_empty() || is_borne_out(&truth, word as u64) {
            prop_assert_eq!(told, due);
        }
    }

    #[test]
    fn gaps_invent_nothing(
        script in script(80, true),
        sizes in sizes(),
        at in prop::option::of(any::<Index>()),
        losses in losses(),
    ) {
        let joined = at.map_or(0, |at| at.index(script.len()) as u64);
        let heard = with_gaps(split(cut(script.words(), joined), &sizes), &losses);
        prop_assume!(!script.is_untellable(&heard));
        check_true(&listen(joined > 0, heard), &listen(false, script.words()));
    }

    #[test]
    fn damage_breaks_nothing(
        script in script(40, true),
        sizes in sizes(),
        joined in any::<bool>(),
        losses in losses(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..8),
    ) {
        let mut script = script;
        for (index, byte) in damage {
            let word = 1 + index.index(script.said.len() - 1);
            let bytes = &mut script.said[word].1;
            let place = index.index(bytes.len());
            bytes[place] = byte;
        }
        listen(joined, with_gaps(split(script.words(), &sizes), &losses));
    }

    #[test]
    fn noise_breaks_nothing(
        noise in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 1..50), any::<Option<u8>>()), 0..20,
        ),
        joined in any::<bool>(),
    ) {
        let mut words = Vec::new();
        for (client, bytes, gap) in noise {
            let direction = if client { ToServer } else { ToClient };
            words.push((direction, piece(bytes), stamp(1)));
            words.extend(gap.map(|len| (direction, Piece::Gap(u64::from(len)), stamp(1))));
        }
        listen(joined, words);
    }
}

/// True if behind that word a request is answered, and both sides say more than that.
fn is_borne_out(truth: &[Event], word: u64) -> bool {
    let heads = |side: Direction| {
        truth.iter().filter_map(move |event| match event {
            Event::Headers {
                stream,
                direction,
                fields,
                end,
                at,
            } if *direction == side && at.mono > word && text(&fields[0].name).starts_with(':') => {
                Some((*stream, at.mono))
            }
            _ => None,
        })
    };
    let answered: Vec<u64> = heads(ToServer)
        .flat_map(|(asked, _)| heads(ToClient).filter(move |(stream, _)| *stream == asked))
        .map(|(_, at)| at)
        .collect();
    answered.iter().any(|answered| {
        let before = heads(ToServer).filter(|(_, at)| at <= answered).count();
        let answers = heads(ToClient).filter(|(_, at)| at <= answered).count();
        before > 1 && answers > 1
    })
}
