//! Real connections, joined at every buffer in which a request may begin: what was concluded, and
//! that none of it is wrong.

use std::collections::{BTreeMap, HashMap};

use crate::decode::conversation::Conversation;
use crate::decode::flow::Flow;
use crate::decode::inference::Inference;
use crate::decode::rpc::Event;
use crate::decode::{Direction, Exchange, Segment, grpc, http2};
use crate::model::{Confidence, Stamp};

/// What was told of the calls of a connection, by their number.
type Calls = HashMap<Exchange, Told>;

#[derive(Debug)]
struct Told {
    path: String,
    confidence: Confidence,
    at: Stamp,
}

/// Listens to a connection from its `from`-th buffer on.
fn listen(conversation: &Conversation, from: usize) -> Calls {
    let joined = from > 0 || conversation.joined;
    let (mut to_server, mut to_client) = (Flow::default(), Flow::default());
    let mut frames = http2::Parser::new(Direction::ToServer, joined);
    let mut calls = grpc::Parser::new(joined);
    let mut inference = Inference::new(joined);
    let mut told = Vec::new();
    for segment in joined_at(conversation, from) {
        let (direction, at) = (segment.direction, segment.at);
        let flow = match direction {
            Direction::ToServer => &mut to_server,
            Direction::ToClient => &mut to_client,
        };
        let (mut said, mut called) = (Vec::new(), Vec::new());
        for piece in flow.follow(segment).unwrap() {
            frames.push(direction, piece, at, &mut said);
        }
        for event in said {
            calls.push(event, &mut called);
        }
        for event in called {
            inference.push(event, &mut told);
        }
    }
    inference.close(&mut told);
    result(&told)
}

/// The buffers from this one on, counted as if nobody had been there before.
fn joined_at(conversation: &Conversation, from: usize) -> Vec<Segment> {
    let mut segments = conversation.segments[from..].to_vec();
    for direction in [Direction::ToServer, Direction::ToClient] {
        let mut of_it = segments.iter_mut().filter(|s| s.direction == direction);
        let Some(first) = of_it.next() else { continue };
        let offset = std::mem::take(&mut first.offset);
        of_it.for_each(|segment| segment.offset -= offset);
    }
    segments
}

fn result(told: &[Event]) -> Calls {
    let mut calls = Calls::new();
    for event in told {
        match event {
            Event::Called {
                exchange,
                path,
                basis,
                at,
                ..
            } => {
                let told = Told {
                    path: path.clone(),
                    confidence: basis.confidence,
                    at: *at,
                };
                calls.insert(*exchange, told);
            }
            Event::Withdrawn { exchange } => {
                calls.remove(exchange);
            }
            _ => {}
        }
    }
    calls
}

/// How the calls of one method fared over all joins.
#[derive(Debug, Default)]
struct Fate {
    seen: u32,
    concluded: u32,
    unknown: u32,
    wrong: u32,
}

/// Joins a connection at every `step`-th buffer of its client, and compares what is told of the calls
/// that begin later with what is told of them from the beginning.
fn compare(conversation: &Conversation, step: usize) -> BTreeMap<String, Fate> {
    let truth = listen(conversation, 0);
    let mut fates = BTreeMap::<String, Fate>::new();
    let moments = conversation.segments.iter().enumerate();
    let moments = moments.filter(|(_, segment)| segment.direction == Direction::ToServer);
    for (from, segment) in moments.skip(1).step_by(step) {
        let late = listen(conversation, from);
        let later = truth.iter().filter(|(_, told)| told.at >= segment.at);
        let seen = later.filter(|(_, told)| told.confidence == Confidence::Observed);
        for (exchange, Told { path, .. }) in seen {
            let fate = fates.entry(path.clone()).or_default();
            match late.get(exchange) {
                None => fate.unknown += 1,
                Some(told) if told.path != *path => {
                    println!("{exchange:?} is {path}, joined at {from}: {told:?}");
                    fate.wrong += 1;
                }
                Some(told) if told.confidence == Confidence::Observed => fate.seen += 1,
                Some(_) => fate.concluded += 1,
            }
        }
    }
    fates
}

fn show(name: &str, fates: &BTreeMap<String, Fate>) {
    println!("{name}: of the calls after each moment of joining");
    for (path, fate) in fates {
        let Fate {
            seen,
            concluded,
            unknown,
            wrong,
        } = fate;
        println!("  {path}: {seen} seen, {concluded} concluded, {unknown} unknown, {wrong} wrong");
    }
}

/// What makes an operation that a user asks for.
const WANTED: [&str; 3] = ["PullImage", "CreateContainer", "StartContainer"];

#[test]
fn kubelet_joined_at_any_moment() {
    let (mut found, mut unknown) = (0, 0);
    for (name, step) in [("kubelet/runtime", 3), ("kubelet/images", 1)] {
        let fates = compare(&Conversation::load(name), step);
        show(name, &fates);
        assert!(fates.values().all(|fate| fate.wrong == 0), "{fates:#?}");
        let is_wanted = |path: &str| WANTED.iter().any(|method| path.ends_with(method));
        for (_, fate) in fates.iter().filter(|(path, _)| is_wanted(path)) {
            assert!(fate.concluded > 0, "{fates:#?}");
            found += fate.concluded;
            unknown += fate.unknown;
        }
    }
    let share = 100.0 * f64::from(found) / f64::from(found + unknown);
    println!(
        "pulls, creates and starts by a number alone: {share:.2} % concluded rightly, 0 wrong"
    );
    assert!(share >= 99.0);
}

#[test]
fn clients_of_containerd_joined_at_any_moment() {
    let mut joined = 0;
    for conversation in Conversation::all() {
        if conversation.runtime != "containerd" || conversation.joined {
            continue;
        }
        let fates = compare(&conversation, 5);
        show(&conversation.name, &fates);
        assert!(
            fates.values().all(|fate| fate.wrong == 0),
            "{}",
            conversation.name
        );
        joined += 1;
    }
    assert!(joined > 10, "only {joined}");
}
