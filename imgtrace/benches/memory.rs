//! What a connection takes of the heap: a table, by a counting allocator.
//!
//! `cargo bench -p imgtrace --bench memory`.
#![allow(
    unsafe_code,
    clippy::print_stdout,
    missing_docs,
    reason = "an allocator is unsafe, and the table is for people"
)]

mod traffic;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use traffic::{Listener, Protocol};

/// Connections of each row; their mean is shown.
const CONNECTIONS: usize = 100;

/// The system's allocator, and how many bytes are given out.
struct Counting;

static GIVEN: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system allocator's; the counter decides nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        GIVEN.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        GIVEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What one connection has said.
enum State {
    /// Nothing but its opening.
    Open,
    /// So many calls, answered.
    Done(u32),
    /// So many calls that wait for their answer.
    Waiting(u32),
    /// So many buffers of bulk.
    Bulk(u32),
}

const STATES: [(&str, State); 6] = [
    ("just opened", State::Open),
    ("1 call answered", State::Done(1)),
    ("1,000 calls answered", State::Done(1_000)),
    ("1 call waiting", State::Waiting(1)),
    ("100 calls waiting", State::Waiting(100)),
    ("8 MiB of bulk", State::Bulk(256)),
];

fn main() {
    println!("bytes of the heap that a connection takes, its decoder itself included:");
    print!("{:<24}", "");
    for protocol in Protocol::ALL {
        print!("{:>18}", protocol.name());
    }
    println!();
    for (name, state) in &STATES {
        print!("{name:<24}");
        for protocol in Protocol::ALL {
            print!("{:>18}", taken(protocol, state));
        }
        println!();
    }
}

/// The mean of [`CONNECTIONS`] connections.
fn taken(protocol: Protocol, state: &State) -> usize {
    let before = GIVEN.load(Ordering::Relaxed);
    let all: Vec<Box<Listener>> = (0..CONNECTIONS)
        .map(|_| Box::new(listener(protocol, state)))
        .collect();
    let taken = GIVEN.load(Ordering::Relaxed) - before;
    drop(all);
    taken / CONNECTIONS
}

fn listener(protocol: Protocol, state: &State) -> Listener {
    let mut listener = Listener::new(protocol);
    // The kernel side's buffers are copied into ones of their own; nothing else may keep them.
    let mut hear = |(direction, bytes)| listener.hear(direction, &Bytes::from(bytes));
    match *state {
        State::Open => {}
        State::Done(calls) => {
            for number in 0..calls {
                hear(protocol.request(number));
                hear(protocol.answer(number));
            }
        }
        State::Waiting(calls) => (0..calls).for_each(|number| hear(protocol.request(number))),
        State::Bulk(buffers) => {
            if !matches!(protocol, Protocol::Ttrpc) {
                hear(protocol.bulk_head());
            }
            (0..buffers).for_each(|number| hear(protocol.bulk(number)));
        }
    }
    listener
}
