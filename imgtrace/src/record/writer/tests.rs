use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::model::{EndpointId, ProcessKey, Stamp};
use crate::observation::{ConnectionId, Observation};
use crate::record::{Ending, Reader, Shown};
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

fn connected(mono: u64) -> Observed {
    let client = Some(ProcessKey { pid: 7, start: 70 });
    let connection = ConnectionId(1);
    let what = Observation::Connected {
        connection,
        endpoint: EndpointId(1),
        client,
        joined: false,
    };
    Observed {
        at: Stamp { mono, wall: 0 },
        what,
    }
}

fn tick(mono: u64) -> Observed {
    Observed {
        at: Stamp { mono, wall: 0 },
        what: Observation::Tick,
    }
}

/// The header's part, all observations and the ending of a file.
fn read(path: &Path) -> (u32, Vec<Observed>, Ending) {
    let mut reader = Reader::open(BufReader::new(File::open(path).unwrap())).unwrap();
    let mut all = Vec::new();
    while let Some(observed) = reader.next().unwrap() {
        all.push(observed);
    }
    let part = reader.header().part;
    (part, all, reader.into_ending().unwrap())
}

#[test]
fn a_recording_is_private_and_on_disk_after_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut recorder = Recorder::create(&path, header(), None).unwrap();
    recorder.append(&tick(1)).unwrap();
    recorder.flush().unwrap();
    // The recorder is neither dropped nor ended, as after kill -9.
    let (part, all, ending) = read(&path);
    assert_eq!((part, all), (0, vec![tick(1)]));
    assert!(matches!(ending, Ending::Cut { piece: false, .. }));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, "mine").unwrap();
    let error = Recorder::create(&path, header(), None).unwrap_err();
    assert!(matches!(error, WriteError::Exists(taken) if taken == path));
    assert_eq!(fs::read(&path).unwrap(), b"mine");

    let dangling = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &dangling).unwrap();
    assert!(matches!(
        Recorder::create(&dangling, header(), None),
        Err(WriteError::Exists(_))
    ));

    let free = folder.path().join("b.jsonl");
    fs::write(folder.path().join("b.jsonl.2"), "mine").unwrap();
    let rotation = Some(Rotation {
        max_size: 1_000,
        max_files: 3,
    });
    assert!(matches!(
        Recorder::create(&free, header(), rotation),
        Err(WriteError::Exists(_))
    ));
}

#[test]
fn a_device_can_be_written_but_not_rotated() {
    let null = Path::new("/dev/null");
    Recorder::create(null, header(), None)
        .unwrap()
        .append(&tick(1))
        .unwrap();
    let rotation = Some(Rotation {
        max_size: 1_000,
        max_files: 3,
    });
    let error = Recorder::create(null, header(), rotation).unwrap_err();
    assert!(matches!(error, WriteError::NotRotatable(_)));
}

#[test]
fn rotation_keeps_the_newest_files_and_each_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let rotation = Rotation {
        max_size: 2_000,
        max_files: 3,
    };
    let mut recorder = Recorder::create(&path, header(), Some(rotation)).unwrap();
    recorder.append(&connected(1)).unwrap();
    for mono in 2..400 {
        recorder.append(&tick(mono)).unwrap();
    }
    recorder.flush().unwrap();

    let names = [path.clone(), numbered(&path, 1), numbered(&path, 2)];
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
    let [(newest, now, _), (middle, before, ending), (oldest, ..)] =
        names.clone().map(|name| read(&name));
    assert_eq!((middle + 1, oldest + 2), (newest, newest));
    assert!(matches!(ending, Ending::Continued { part } if part == newest));
    assert_eq!(now[0], connected(1), "what is alive is repeated");
    assert_eq!(before[0], connected(1));
    assert_eq!(now.last(), Some(&tick(399)));
    let (last, next) = (before.last().unwrap().at.mono, now[1].at.mono);
    assert_eq!(
        last + 1,
        next,
        "nothing between two files is lost or doubled"
    );
    for name in names {
        assert!(fs::metadata(name).unwrap().len() <= 2_000);
    }
}

#[test]
fn one_file_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let rotation = Rotation {
        max_size: 1_000,
        max_files: 1,
    };
    let mut recorder = Recorder::create(&path, header(), Some(rotation)).unwrap();
    for mono in 0..100 {
        recorder.append(&tick(mono)).unwrap();
    }
    recorder.flush().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(read(&path).1.last(), Some(&tick(99)));
}

#[test]
fn a_limit_smaller_than_the_header_still_makes_progress() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let rotation = Rotation {
        max_size: 1,
        max_files: 2,
    };
    let mut recorder = Recorder::create(&path, header(), Some(rotation)).unwrap();
    for mono in 0..50 {
        recorder.append(&tick(mono)).unwrap();
    }
    recorder.flush().unwrap();
    assert!(recorder.header.part < 40, "{}", recorder.header.part);
    assert_eq!(read(&path).1.last(), Some(&tick(49)));
}

#[test]
fn a_full_disk_is_told() {
    let full = Path::new("/dev/full");
    let error = Recorder::create(full, header(), None).unwrap_err();
    assert!(matches!(error, WriteError::Write { .. }), "{error}");
}
