//! Real connections, heard from any of their buffers on.

use super::properties::{check_true, listen};
use super::said::*;
use crate::decode::conversation::Conversation;
use crate::decode::flow::{Flow, Piece};
use crate::decode::http2::Event;

/// What was said on a connection, gaps included.
fn words(conversation: Conversation) -> Vec<Words> {
    let (mut to_server, mut to_client) = (Flow::default(), Flow::default());
    let mut words = Vec::new();
    for segment in conversation.segments {
        let (direction, at) = (segment.direction, segment.at);
        let flow = match direction {
            ToServer => &mut to_server,
            ToClient => &mut to_client,
        };
        let pieces = flow.follow(segment).unwrap().into_iter();
        let pieces = pieces.filter(|piece| !piece.is_empty());
        words.extend(pieces.map(|piece| (direction, piece, at)));
    }
    words
}

/// When each request was told, and its stream.
fn requests(events: &[Event]) -> Vec<(u64, u32)> {
    let request = |event: &Event| match event {
        Event::Headers {
            stream,
            direction: ToServer,
            at,
            ..
        } => Some((at.mono, *stream)),
        _ => None,
    };
    events.iter().filter_map(request).collect()
}

/// Those that are heard from the first byte.
fn followed() -> impl Iterator<Item = Vec<Words>> {
    let all = Conversation::all().into_iter().map(words);
    all.filter(
        |words| matches!(words.first(), Some((ToServer, first, _)) if *first == piece(PREFACE)),
    )
}

/// At most that many places in a conversation.
fn places(words: &[Words], most: usize) -> impl Iterator<Item = usize> + use<> {
    (1..words.len()).step_by(words.len().div_ceil(most))
}

/// Panics unless of the requests `told` nearly all that were `due` are there.
fn check_enough(told: usize, due: usize) {
    println!("{told} of {due} requests");
    assert!(due > 1_000);
    assert!(told * 100 >= due * 99);
}

#[test]
fn heard_late_they_say_nothing_else() {
    let (mut due, mut told) = (0, 0);
    for words in followed() {
        let truth = listen(false, words.clone());
        let asked = requests(&truth);
        for join in places(&words, 100) {
            let late = listen(true, words[join..].to_vec());
            check_true(&late, &truth);
            let since = words[join].2.mono;
            due += asked.iter().filter(|(at, _)| *at >= since).count();
            told += requests(&late).len();
        }
    }
    check_enough(told, due);
}

#[test]
fn with_a_buffer_lost_they_say_nothing_else() {
    let (mut due, mut told) = (0, 0);
    for words in followed() {
        let truth = listen(false, words.clone());
        for place in places(&words, 100) {
            let mut heard = words.clone();
            let gap = Piece::Gap(heard[place].1.len());
            heard[place].1 = gap;
            let events = listen(false, heard);
            check_true(&events, &truth);
            due += requests(&truth).len();
            told += requests(&events).len();
        }
    }
    check_enough(told, due);
}

#[test]
fn those_that_were_joined_are_found() {
    for conversation in Conversation::all() {
        let (name, client) = (conversation.name.clone(), conversation.client.clone());
        if !conversation.joined || client != "dockerd" {
            continue;
        }
        let events = listen(true, words(conversation));
        let (asked, lost) = (requests(&events).len(), lost(&events));
        println!("{name}: {asked} requests, lost {lost} times");
        assert!(asked > 0, "{name}");
    }
}

fn lost(events: &[Event]) -> usize {
    let lost = |event: &&Event| matches!(event, Event::Interrupted { .. });
    events.iter().filter(lost).count()
}
