//! Answers of statmount(2).

use proptest::prelude::*;

use super::*;

/// An answer with these strings, each at its place.
fn answer(kind: &str, subtype: Option<&str>, options: &[u8]) -> Vec<u8> {
    let mut strings = Vec::new();
    let mut put = |text: &[u8]| {
        let at = u32::try_from(strings.len()).unwrap();
        strings.extend(text);
        strings.push(0);
        at.to_ne_bytes()
    };
    let (kind, root, point) = (put(kind.as_bytes()), put(b"/"), put(b"/t m"));
    let (source, options) = (put(b"src"), put(options));
    let has_subtype = subtype.is_some();
    let subtype = put(subtype.unwrap_or("not this").as_bytes());
    let mask = SB_BASIC | MNT_ROOT | MNT_POINT | FS_TYPE | MNT_OPTS | SB_SOURCE;
    let mask = mask | if has_subtype { FS_SUBTYPE } else { 0 };
    let mut bytes = vec![0; STRINGS_AT];
    let mut set = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    let size = u32::try_from(STRINGS_AT + strings.len()).unwrap();
    set(0, &size.to_ne_bytes());
    set(4, &options);
    set(8, &mask.to_ne_bytes());
    set(16, &0u32.to_ne_bytes());
    set(20, &77u32.to_ne_bytes());
    set(36, &kind);
    set(104, &root);
    set(108, &point);
    set(120, &subtype);
    set(124, &source);
    bytes.extend(strings);
    bytes
}

#[test]
fn an_answer_is_read() {
    let found = describe(&answer("overlay", None, b"lowerdir=/a")).unwrap();
    let expected = Description {
        kind: "overlay".to_owned(),
        source: "src".to_owned(),
        root: "/".to_owned(),
        target: "/t m".to_owned(),
        options: b"lowerdir=/a".to_vec(),
        device: (0, 77),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_subtype_is_part_of_the_type() {
    let found = describe(&answer("fuse", Some("fuse-overlayfs"), b"")).unwrap();
    assert_eq!(found.kind, "fuse.fuse-overlayfs");
}

#[test]
fn our_own_root_is_described() {
    let own = super::super::namespace::open(std::process::id()).unwrap();
    let Ok(id) = super::super::namespace::id(std::os::fd::AsFd::as_fd(&own)) else {
        eprintln!("skipped: this kernel has no ids of mount namespaces");
        return;
    };
    let all = list(id).unwrap();
    let mut asker = Asker::new();
    let targets: Vec<_> = all
        .iter()
        .filter_map(|mount| asker.describe(*mount, id).ok())
        .map(|found| found.target)
        .collect();
    assert!(targets.iter().any(|target| target == "/"));
    assert!(targets.iter().any(|target| target == "/proc"));
    assert!(is_there(id));
    assert!(!is_there(u64::MAX - 1));
}

proptest! {
    #[test]
    fn a_damaged_answer_is_none_or_whole(at in 0usize..128, value: u8, cut in 0usize..600) {
        let mut bytes = answer("overlay", Some("x"), b"lowerdir=/a");
        bytes[at] = value;
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Some(found) = describe(&bytes) {
            prop_assert!(found.options.len() < bytes.len());
        }
    }
}
