use std::cell::Cell;
use std::io::Read as _;
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::meta::{Meta, fnv1a};
use super::*;

/// containerd 2.3's `meta.db`: two namespaces, four containers.
const META: &[u8] = include_bytes!("../containerd/fixtures/meta-2.3.db.gz");
/// containerd 1.6's `metadata.db`: 217 snapshots in trees of two levels.
const SNAPSHOTS: &[u8] = include_bytes!("../containerd/fixtures/metadata-1.6.db.gz");
const PAGE: usize = 4096;

fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn database(packed: &[u8]) -> Database<Vec<u8>> {
    Database::new(unpack(packed))
}

/// Every key of a bucket, with those of the buckets in it behind a slash, and the number of bytes
/// of each value.
fn walk<S: ReadAt>(
    bucket: &Bucket<'_, '_, S>,
    path: &str,
    levels: usize,
    out: &mut Vec<(String, usize)>,
) -> Result<(), Error> {
    bucket.each(|key, entry| {
        let path = format!("{path}/{}", String::from_utf8_lossy(key));
        match entry.bucket()? {
            Some(inner) if levels > 0 => walk(&inner, &path, levels - 1, out)?,
            Some(_) => {}
            None => out.push((path, entry.value()?.len())),
        }
        Ok(ControlFlow::Continue(()))
    })
}

fn everything<S: ReadAt>(database: &Database<S>) -> Result<Vec<(String, usize)>, Error> {
    database.read(|tx| {
        let mut found = Vec::new();
        walk(&tx.bucket(&[])?.unwrap(), "", 8, &mut found)?;
        Ok(found)
    })
}

fn get<S: ReadAt>(database: &Database<S>, path: &[&[u8]], key: &[u8]) -> Option<Vec<u8>> {
    let value = database.read(|tx| match tx.bucket(path)? {
        Some(bucket) => bucket.get(key),
        None => Ok(None),
    });
    value.unwrap()
}

#[test]
fn values_are_found_by_their_way() {
    let database = database(META);
    let web: [&[u8]; 4] = [b"v1", b"lab", b"containers", b"web"];
    assert_eq!(
        get(&database, &web, b"image").unwrap(),
        b"docker.io/lab/five:1"
    );
    assert_eq!(get(&database, &web, b"none"), None);
    // A bucket is no value, and a value no bucket.
    assert_eq!(get(&database, &web, b"labels"), None);
    let image = database.read(|tx| Ok(tx.bucket(&[&web[..], &[b"image"]].concat())?.is_none()));
    assert!(image.unwrap());
    let nobody: [&[u8]; 4] = [b"v1", b"lab", b"containers", b"nobody"];
    assert_eq!(get(&database, &nobody, b"image"), None);
}

#[test]
fn a_value_that_overflows_its_page_is_read_whole() {
    let large: [&[u8]; 4] = [b"v1", b"lab", b"containers", b"large"];
    let spec = get(&database(META), &large, b"spec").unwrap();
    assert!(spec.len() > PAGE);
    let text = String::from_utf8_lossy(&spec).into_owned();
    assert!(text.contains("ociVersion") && text.trim_end().ends_with('}'));
}

#[test]
fn what_is_listed_is_found_and_the_other_way_round() {
    let database = database(SNAPSHOTS);
    let all = everything(&database).unwrap();
    let keys: Vec<&str> = all
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("/v1/snapshots/")?.strip_suffix("/id"))
        .collect();
    assert_eq!(keys.len(), 217);
    for key in keys {
        let path: [&[u8]; 3] = [b"v1", b"snapshots", key.as_bytes()];
        assert!(get(&database, &path, b"id").is_some(), "{key}");
    }
}

#[test]
fn an_iteration_ends_where_it_is_told_to() {
    let mut seen = 0;
    let database = database(SNAPSHOTS);
    let read = database.read(|tx| {
        let snapshots = tx.bucket(&[b"v1", b"snapshots"])?.unwrap();
        snapshots.each(|_, _| {
            seen += 1;
            Ok(if seen == 100 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
    });
    read.unwrap();
    assert_eq!(seen, 100);
}

#[test]
fn the_older_state_is_read_while_the_newer_meta_page_is_cut() {
    let bytes = unpack(META);
    let newest = Database::new(bytes.as_slice()).newest().unwrap();
    for page in [0, 1] {
        let mut cut = bytes.clone();
        cut[page * PAGE + 16 + 48] ^= 1;
        let is_newest = newest % 2 == page as u64;
        let expected = if is_newest { newest - 1 } else { newest };
        assert_eq!(Database::new(cut).newest().unwrap(), expected);
    }
    let mut both = bytes;
    both[16] ^= 1;
    both[PAGE + 16] ^= 1;
    let neither = Database::new(both).newest();
    assert!(matches!(neither, Err(Error::Foreign)));
}

#[test]
fn what_is_no_bolt_file_is_said_to_be_none() {
    for bytes in [Vec::new(), vec![0; 3 * PAGE], b"SQLite format 3\0".to_vec()] {
        let database = Database::new(bytes);
        assert!(matches!(everything(&database), Err(Error::Foreign)));
    }
}

#[test]
fn the_sum_is_fnv_1a() {
    // Vectors of the FNV draft (draft-eastlake-fnv, appendix C).
    assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
}

/// A file that a writer changes after so many reads, as often as it is told to.
struct Written {
    bytes: Vec<u8>,
    after: u32,
    reads: Cell<u32>,
    changes: Cell<u64>,
}

impl ReadAt for Written {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), std::io::Error> {
        self.reads.set(self.reads.get() + 1);
        if self.reads.get().is_multiple_of(self.after) && self.changes.get() > 0 {
            self.changes.set(self.changes.get() - 1);
        }
        self.bytes.read_at(bytes, offset)?;
        if offset < 2 * PAGE as u64 && bytes.len() == size_of::<Meta>() {
            // As many transactions more as there were changes.
            let txid = u64::from_le_bytes(bytes[48..56].try_into().unwrap());
            bytes[48..56].copy_from_slice(&(txid + 1000 - self.changes.get()).to_le_bytes());
            let sum = fnv1a(&bytes[..56]).to_le_bytes();
            bytes[56..].copy_from_slice(&sum);
        }
        Ok(())
    }
}

fn written(changes: u64) -> Database<Written> {
    Database::new(Written {
        bytes: unpack(META),
        after: 5,
        reads: Cell::new(0),
        changes: Cell::new(changes),
    })
}

#[test]
fn what_was_overtaken_by_the_writer_is_looked_up_again() {
    let database = written(3);
    let mut looks = 0;
    let image = database.read(|tx| {
        looks += 1;
        let web = tx.bucket(&[b"v1", b"lab", b"containers", b"web"])?;
        web.unwrap().get(b"image")
    });
    assert_eq!(image.unwrap().unwrap(), b"docker.io/lab/five:1");
    assert!(looks > 1, "{looks}");
}

#[test]
fn a_file_that_never_rests_is_given_up() {
    let changing = everything(&written(u64::from(u32::MAX) >> 23));
    assert!(matches!(changing, Err(Error::Changing(TRIES))));
}

/// The keys of a bucket by [`Database::list`], and how it ended.
fn list<S: ReadAt>(database: &Database<S>, path: &[&[u8]]) -> (Vec<Vec<u8>>, Result<(), Error>) {
    let mut keys = Vec::new();
    let ended = database.list(path, |key, _| Ok(key.to_vec()), |key| keys.push(key));
    (keys, ended)
}

/// A bucket of so many keys, below the bucket `v1`.
fn many(count: u32) -> Vec<u8> {
    let mut tree = written::Tree::new();
    for number in 0..count {
        written::put(&mut tree, &["v1", &format!("{number:08}")], b"x");
    }
    written::file(&tree)
}

#[test]
fn a_large_bucket_is_listed_in_parts_each_entry_once() {
    for count in [0, 1, 255, 256, 257, 5000] {
        let (keys, ended) = list(&Database::new(many(count)), &[b"v1"]);
        ended.unwrap();
        let expected: Vec<_> = (0..count)
            .map(|it| format!("{it:08}").into_bytes())
            .collect();
        assert!(keys == expected, "{count}: {}", keys.len());
    }
    let (keys, ended) = list(&Database::new(many(1)), &[b"none"]);
    assert!(keys.is_empty() && ended.is_ok());
    let (keys, ended) = list(&database(SNAPSHOTS), &[b"v1", b"snapshots"]);
    assert!(keys.len() == 217 && ended.is_ok());
}

#[test]
fn a_list_goes_on_while_its_writer_does() {
    // Every part is overtaken once or twice, and the whole far more often than one look-up may be.
    let database = Database::new(Written {
        bytes: many(5000),
        after: 24,
        reads: Cell::new(0),
        changes: Cell::new(500),
    });
    let (keys, ended) = list(&database, &[b"v1"]);
    ended.unwrap();
    assert_eq!(keys.len(), 5000);
    assert!(500 - database.source.changes.get() > u64::from(TRIES));
}

#[test]
fn what_was_listed_before_the_damage_is_kept() {
    let mut bytes = many(5000);
    let half = bytes.len() / 2 / PAGE * PAGE;
    bytes[half..half + PAGE].fill(0xff);
    let (keys, ended) = list(&Database::new(bytes), &[b"v1"]);
    assert!(matches!(ended, Err(Error::Damaged { .. })));
    assert!((1000..5000).contains(&keys.len()), "{}", keys.len());
}

#[test]
fn there_is_a_bound_to_a_list() {
    let (keys, ended) = list(&Database::new(many(270_000)), &[b"v1"]);
    assert!(matches!(ended, Err(Error::TooMany(_))), "{ended:?}");
    assert_eq!(keys.len(), 262_144);
}

/// The page number that the first bucket of the file is on, which is that of `v1`.
fn root_of(bytes: &[u8]) -> usize {
    let meta = Meta::newest(&bytes).unwrap();
    usize::try_from(meta.root()).unwrap()
}

#[test]
fn a_branch_that_leads_back_is_damage() {
    let mut bytes = unpack(SNAPSHOTS);
    let pages = bytes.len() / PAGE;
    // Every child of every branch page becomes the branch itself.
    let mut branches = 0;
    for page in 2..pages {
        let at = page * PAGE;
        if bytes[at..at + 8] != (page as u64).to_le_bytes() || bytes[at + 8..at + 10] != [1, 0] {
            continue;
        }
        branches += 1;
        let count = usize::from(u16::from_le_bytes([bytes[at + 10], bytes[at + 11]]));
        for element in 0..count {
            let child = at + 16 + element * 16 + 8;
            bytes[child..child + 8].copy_from_slice(&(page as u64).to_le_bytes());
        }
    }
    assert!(branches > 0);
    let database = Database::new(bytes);
    assert!(matches!(everything(&database), Err(Error::Damaged { .. })));
}

#[test]
fn a_bucket_in_itself_ends() {
    let mut bytes = unpack(META);
    let root = root_of(&bytes);
    // The value of the only entry begins with its page.
    let element = root * PAGE + 16;
    let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let value = element + field(element + 4) + field(element + 8);
    bytes[value..value + 8].copy_from_slice(&(root as u64).to_le_bytes());
    let database = Database::new(bytes);
    let v1: &[u8] = b"v1";
    assert_eq!(get(&database, &[v1; 100], b"image"), None);
    assert_eq!(everything(&database).unwrap(), []);
}

/// Makes the meta pages valid again.
fn sum(bytes: &mut [u8]) {
    for at in [16, PAGE + 16] {
        if let Some(meta) = bytes.get_mut(at..at + 64) {
            let sum = fnv1a(&meta[..56]).to_le_bytes();
            meta[56..].copy_from_slice(&sum);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3 * PAGE)) {
        let _ = everything(&Database::new(bytes));
    }

    #[test]
    fn no_damage_makes_it_panic_or_hang(
        real in prop_oneof![Just(META), Just(SNAPSHOTS)],
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..400),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = unpack(real);
        // Most pages are free: half of the damage goes where elements and keys begin.
        for (number, (at, byte)) in damage.iter().enumerate() {
            let at = at.index(bytes.len());
            let at = if number % 2 == 0 { at } else { at - at % PAGE + at % 128 };
            bytes[at] = *byte;
        }
        sum(&mut bytes);
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let database = Database::new(bytes);
        let _ = everything(&database);
        let _ = list(&database, &[b"v1", b"snapshots"]);
    }
}
