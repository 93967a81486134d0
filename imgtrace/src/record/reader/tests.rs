use proptest::collection::vec;
use proptest::prelude::*;

use super::super::samples::observed;
use super::*;
use crate::jsonl;
use crate::model::Stamp;
use crate::record::Shown;
use crate::show::Zone;

fn header() -> Header {
    Header::new(
        Stamp {
            mono: 5,
            wall: 1_767_225_600_000_000,
        },
        Zone::default(),
        Shown::default(),
    )
}

fn written(observed: &[Observed]) -> Vec<u8> {
    let mut out = Vec::new();
    jsonl::append(&header(), &mut out).unwrap();
    for observed in observed {
        jsonl::append(observed, &mut out).unwrap();
    }
    out
}

/// Everything that can be read, and how it ended.
fn read(bytes: &[u8]) -> Result<(Vec<Observed>, Ending), ReadError> {
    let mut reader = Reader::open(bytes)?;
    let mut all = Vec::new();
    while let Some(observed) = reader.next()? {
        all.push(observed);
    }
    Ok((all, reader.ending.unwrap()))
}

fn tick(mono: u64) -> Observed {
    Observed {
        at: Stamp { mono, wall: 1 },
        what: Observation::Tick,
    }
}

fn end(mono: u64) -> Observed {
    Observed {
        at: Stamp { mono, wall: 1 },
        what: Observation::End,
    }
}

#[test]
fn a_whole_recording_ends_orderly() {
    let (all, ending) = read(&written(&[tick(1), end(2)])).unwrap();
    assert_eq!(all, [tick(1), end(2)]);
    assert!(matches!(ending, Ending::Orderly));
}

#[test]
fn a_full_file_says_which_one_goes_on() {
    let mut bytes = written(&[tick(1)]);
    bytes.extend_from_slice(b"{\"continued\":1}\n");
    let (all, ending) = read(&bytes).unwrap();
    assert_eq!(all, [tick(1)]);
    assert!(matches!(ending, Ending::Continued { part: 1 }));
}

#[test]
fn a_damaged_line_stops_the_reading() {
    let mut bytes = written(&[tick(1)]);
    bytes.extend_from_slice(b"{\"mono\":2,\"wa\xff\n");
    jsonl::append(&tick(3), &mut bytes).unwrap();
    let (all, ending) = read(&bytes).unwrap();
    assert_eq!(all, [tick(1)]);
    assert!(matches!(
        ending,
        Ending::Damaged {
            line: 3,
            why: Some(_)
        }
    ));
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let mut bytes = written(&[tick(1)]);
    bytes.resize(bytes.len() + MAX_LINE + 1, b'x');
    let (all, ending) = read(&bytes).unwrap();
    assert_eq!(all, [tick(1)]);
    assert!(matches!(ending, Ending::Damaged { line: 3, why: None }));
}

#[test]
fn a_tail_of_zeros_is_a_cut() {
    let mut bytes = written(&[tick(1)]);
    bytes.resize(bytes.len() + 512, 0);
    let (_, ending) = read(&bytes).unwrap();
    assert!(matches!(
        ending,
        Ending::Cut {
            whole: 2,
            piece: true
        }
    ));
}

#[test]
fn deep_nesting_is_damage_and_no_crash() {
    let mut bytes = written(&[]);
    bytes.extend_from_slice(&b"[".repeat(100_000));
    bytes.push(b'\n');
    let (_, ending) = read(&bytes).unwrap();
    assert!(matches!(ending, Ending::Damaged { line: 2, .. }));
}

proptest! {
    #[test]
    fn any_observation_comes_back(all in vec(observed(), 0..12)) {
        let (back, ending) = read(&written(&all)).unwrap();
        prop_assert_eq!(back, all);
        let is_cut = matches!(ending, Ending::Cut { piece: false, .. });
        prop_assert!(is_cut);
    }

    #[test]
    fn a_recording_cut_anywhere_is_good_up_to_its_last_whole_line(
        all in vec(observed(), 1..6),
        cut: prop::sample::Index,
    ) {
        let bytes = written(&all);
        let at = cut.index(bytes.len());
        let whole = bytes[..at].split(|&byte| byte == b'\n').count() - 1;
        match read(&bytes[..at]) {
            // A line that lacks its line feed and nothing else is whole.
            Ok((back, ending)) => {
                prop_assert!(back.len() + 1 == whole || back.len() == whole);
                prop_assert_eq!(&back[..], &all[..back.len()]);
                let is_cut = matches!(ending, Ending::Cut { .. });
                prop_assert!(is_cut);
            }
            Err(ReadError::Header(_)) => prop_assert_eq!(whole, 0),
            Err(ReadError::Io(error)) => return Err(TestCaseError::fail(error.to_string())),
        }
    }

    #[test]
    fn any_bytes_can_be_given(bytes: Vec<u8>) {
        let mut whole = written(&[]);
        whole.extend_from_slice(&bytes);
        prop_assert!(read(&whole).is_ok());
        let _ = read(&bytes);
    }
}
