//! What decoding costs on one core: small messages, bulk, and growth with streams and connections.
//!
//! `cargo bench -p imgtrace --bench decode`, or `cargo xtask bench` for all there is.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

mod traffic;

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use imgtrace::decode::Direction;
use traffic::{BUFFER, Listener, Protocol};

/// Calls in one sample of small messages.
const CALLS: u32 = 1_000;
/// Buffers in one sample of bulk: 8 MiB.
const BUFFERS: u32 = 256;
/// How many streams or connections there are.
const MANY: [u32; 3] = [1, 100, 10_000];

fn shared((direction, bytes): (Direction, Vec<u8>)) -> (Direction, Bytes) {
    (direction, Bytes::from(bytes))
}

/// Requests and answers of calls from `first` on, in turn.
fn calls(protocol: Protocol, first: u32, count: u32) -> Vec<(Direction, Bytes)> {
    (first..first + count)
        .flat_map(|number| [protocol.request(number), protocol.answer(number)])
        .map(shared)
        .collect()
}

/// Time for a message, of which a call has two: one after the other on one connection.
fn small(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("small messages");
    group.throughput(Throughput::Elements(u64::from(2 * CALLS)));
    for protocol in Protocol::ALL {
        let turns = calls(protocol, 0, CALLS);
        group.bench_function(protocol.name(), |bencher| {
            bencher.iter_batched(
                || Listener::new(protocol),
                |mut listener| {
                    for (direction, bytes) in &turns {
                        listener.hear(*direction, black_box(bytes));
                    }
                    assert_eq!(listener.began, u64::from(CALLS), "each call is understood");
                    listener
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn bulk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bulk");
    group.throughput(Throughput::Bytes(u64::from(BUFFERS) * BUFFER as u64));
    for protocol in Protocol::ALL {
        let (_, head) = shared(protocol.bulk_head());
        let buffers: Vec<Bytes> = (0..BUFFERS)
            .map(|number| shared(protocol.bulk(number)).1)
            .collect();
        group.bench_function(protocol.name(), |bencher| {
            bencher.iter_batched(
                || Listener::new(protocol),
                |mut listener| {
                    if !head.is_empty() {
                        listener.hear(Direction::ToServer, &head);
                    }
                    for bytes in &buffers {
                        listener.hear(Direction::ToServer, black_box(bytes));
                    }
                    listener
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Time for a message while so many calls wait for their answer: all requests, then all answers.
fn streams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("streams at once");
    for protocol in [Protocol::Grpc, Protocol::Ttrpc] {
        for many in MANY {
            let requests = (0..many).map(|number| protocol.request(number));
            let answers = (0..many).map(|number| protocol.answer(number));
            let turns: Vec<_> = requests.chain(answers).map(shared).collect();
            group.throughput(Throughput::Elements(u64::from(2 * many)));
            group.bench_function(BenchmarkId::new(protocol.name(), many), |bencher| {
                bencher.iter_batched(
                    || Listener::new(protocol),
                    |mut listener| {
                        for (direction, bytes) in &turns {
                            listener.hear(*direction, black_box(bytes));
                        }
                        listener
                    },
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

/// Time for a message while it is each time another of so many connections that speaks.
fn connections(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("connections in turn");
    for protocol in Protocol::ALL {
        let first = calls(protocol, 0, 1);
        let second = calls(protocol, 1, 1);
        for many in MANY {
            group.throughput(Throughput::Elements(2 * u64::from(many)));
            group.bench_function(BenchmarkId::new(protocol.name(), many), |bencher| {
                bencher.iter_batched_ref(
                    || {
                        let mut all: Vec<Listener> =
                            (0..many).map(|_| Listener::new(protocol)).collect();
                        for listener in &mut all {
                            for (direction, bytes) in &first {
                                listener.hear(*direction, bytes);
                            }
                        }
                        all
                    },
                    |all| {
                        for (direction, bytes) in &second {
                            for listener in all.iter_mut() {
                                listener.hear(*direction, black_box(bytes));
                            }
                        }
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = decode;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20);
    targets = small, bulk, streams, connections
}
criterion_main!(decode);
