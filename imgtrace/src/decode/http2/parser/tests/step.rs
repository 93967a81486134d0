//! What a client or a server of gRPC may do next, at random.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What is said next.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Ask {
        path: u8,
        token: Option<u8>,
        end: bool,
    },
    /// By the client or the server, on a stream that is open.
    Data {
        client: bool,
        stream: Index,
        body: Body,
        end: bool,
        padding: Option<u8>,
    },
    Answer {
        stream: Index,
        found: bool,
        end: bool,
    },
    Finish {
        stream: Index,
        message: u8,
    },
    Reset {
        client: bool,
        stream: Index,
    },
    Ping {
        client: bool,
    },
    Window {
        client: bool,
        stream: Index,
    },
    Resize {
        client: bool,
        capacity: usize,
    },
}

/// What a DATA frame holds.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Noise(Vec<u8>),
    Long(u8, usize),
    /// Frames on these streams, with noise around them.
    Fake {
        before: usize,
        streams: Vec<u32>,
        after: usize,
    },
}

fn body(fakes: bool) -> impl Strategy<Value = Body> {
    let streams = prop::collection::vec((0..20_u32).prop_map(|n| 2 * n + 1), 1..4);
    let fake = (0..60_usize, streams, prop_oneof![Just(0), 0..60_usize]).prop_map(
        |(before, streams, after)| Body::Fake {
            before: before.saturating_sub(30),
            streams,
            after,
        },
    );
    let noise = prop::collection::vec(any::<u8>(), 0..50).prop_map(Body::Noise);
    let long = (any::<u8>(), 1..9_000_usize).prop_map(|(byte, len)| Body::Long(byte, len));
    prop_oneof![
        6 => noise,
        3 => long,
        if fakes { 4 } else { 0 } => fake,
    ]
}

pub(super) fn step(fakes: bool) -> impl Strategy<Value = Step> {
    let client = any::<bool>;
    let stream = any::<Index>;
    prop_oneof![
        4 => (0..5_u8, prop::option::of(0..200_u8), any::<bool>())
            .prop_map(|(path, token, end)| Step::Ask { path, token, end }),
        6 => (client(), stream(), body(fakes), any::<bool>(), prop::option::weighted(0.1, 0..9_u8))
            .prop_map(|(client, stream, body, end, padding)| Step::Data {
                client, stream, body, end, padding,
            }),
        4 => (stream(), any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(stream, found, end)| Step::Answer { stream, found, end }),
        3 => (stream(), 0..9_u8).prop_map(|(stream, message)| Step::Finish { stream, message }),
        1 => (client(), stream()).prop_map(|(client, stream)| Step::Reset { client, stream }),
        1 => client().prop_map(|client| Step::Ping { client }),
        2 => (client(), stream()).prop_map(|(client, stream)| Step::Window { client, stream }),
        1 => (client(), select(vec![0, 60, 200, 4_096]))
            .prop_map(|(client, capacity)| Step::Resize { client, capacity }),
    ]
}
