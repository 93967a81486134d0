//! What is cut: bulk, within two budgets.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use imgtrace_common::{Data, direction};

use crate::budget::{BULK, Expected, expected};
use crate::tracer::exchange;

#[test]
fn bulk_is_counted_and_its_heads_are_kept() {
    let mut tracer = tracer!("bulk");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let total = 8 << 20;
    let sender = std::thread::spawn(move || {
        client.write_all(&vec![b'x'; total]).unwrap();
        client
    });
    let mut read = 0;
    let mut buffer = vec![0; 1 << 16];
    while read < total {
        read += server.read(&mut buffer).unwrap();
    }
    let mut client = sender.join().unwrap();
    exchange(&mut client, &mut server, b"after", b"ok");
    let data = tracer.data();
    let (sent, copied) = add_up(&data);
    within_budget(&data);
    assert_eq!(sent, total as u64 + 7);
    assert!(copied < 2 << 20, "bulk was copied: {copied} of {sent}");
    let words: Vec<_> = data
        .iter()
        .rev()
        .take(2)
        .map(|(_, bytes)| bytes.as_slice())
        .collect();
    assert_eq!(words, [b"ok".as_slice(), b"after"]);
}

/// Bytes sent and bytes copied of one connection, after a check of what holds for each buffer.
fn add_up(data: &[(Data, Vec<u8>)]) -> (u64, u64) {
    let mut offsets: BTreeMap<u32, u64> = BTreeMap::new();
    let (mut sent, mut copied) = (0, 0);
    for (data, bytes) in data {
        let expected = offsets.entry(data.direction).or_default();
        assert_eq!(data.offset, *expected, "offsets leave no hole");
        *expected += u64::from(data.len);
        assert_eq!(bytes.len(), usize::try_from(data.copied).unwrap());
        assert!(
            data.copied >= data.len.min(256),
            "the head of every buffer is kept"
        );
        sent += u64::from(data.len);
        copied += u64::from(data.copied);
    }
    (sent, copied)
}

/// HTTP/2 in bulk: 32 KiB, then the receiver's few bytes that open the window again, which refill
/// the sender's budget each time.
#[test]
fn bulk_that_is_answered_all_the_time_is_cut_too_and_a_quiet_connection_beside_it_is_whole() {
    const TURNS: u64 = 4_000;
    let mut tracer = tracer!("answered_bulk");
    let listener = tracer.listen();
    let mut client = UnixStream::connect(tracer.path()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut quiet = UnixStream::connect(tracer.path()).unwrap();
    let (mut other, _) = listener.accept().unwrap();
    let began = Instant::now();
    let piece = vec![b'x'; 32 << 10];
    for turn in 0..TURNS {
        exchange(&mut client, &mut server, &piece, b"window_update");
        if turn % 100 == 0 {
            exchange(&mut quiet, &mut other, &[b'q'; 4_000], b"quiet too");
            // Nobody else takes the records out of their buffers.
            tracer.capture.drain(&mut tracer.events);
        }
    }
    let took = began.elapsed();
    // Long enough for the second budget to be full again.
    std::thread::sleep(Duration::from_millis(300));
    exchange(&mut client, &mut server, &piece, b"");
    let data = tracer.data();
    let (bulk, quiet): (Vec<_>, Vec<_>) = data
        .into_iter()
        .partition(|(_, bytes)| bytes.first() != Some(&b'q'));
    let quiet: usize = quiet.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(quiet, 40 * (4_000 + 9), "the quiet one is whole");
    let Expected { cut_by_bulk, .. } = within_budget(&bulk);
    let bulk: Vec<_> = bulk
        .into_iter()
        .filter(|(data, _)| data.direction == direction::TO_SERVER)
        .collect();
    let last = bulk.last().map(|(data, _)| data.copied);
    assert_eq!(last, Some(32 << 10), "it is copied again after a pause");
    let (sent, copied) = add_up(&bulk);
    println!("{copied} of {sent} bytes copied in {took:.1?}, {cut_by_bulk} buffers cut");
    assert_eq!(sent, (TURNS + 1) << 15);
    assert!(copied > BULK, "the burst is copied whole");
    assert_eq!(
        copied < sent,
        cut_by_bulk > 0,
        "nothing but the second budget cuts what is answered"
    );
    let losses = tracer.capture.take_losses();
    assert_eq!((losses.buffer, losses.table), (0, 0));
}

/// Checks that of each buffer of one connection as much was copied as the budgets allow, and tells what they do.
fn within_budget(data: &[(Data, Vec<u8>)]) -> Expected {
    let mut data: Vec<&Data> = data.iter().map(|(data, _)| data).collect();
    data.sort_by_key(|data| data.header.at);
    let expected = expected(data.iter().copied());
    for (number, (data, copied)) in data.iter().zip(&expected.copied).enumerate() {
        assert_eq!(u64::from(data.copied), *copied, "buffer {number}: {data:?}");
    }
    expected
}
