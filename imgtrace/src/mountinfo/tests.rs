//! Lines as kernels show them.

use proptest::prelude::*;

use super::*;

#[test]
fn a_line_is_read() {
    let line = b"36 35 0:98 /r /a\\040b rw shared:2 master:1 - overlay over\\040lay rw,lowerdir=/x";
    let expected = Line {
        id: 36,
        parent: 35,
        device: (0, 98),
        root: b"/r",
        target: b"/a\\040b",
        flags: b"rw",
        kind: b"overlay",
        source: b"over\\040lay",
        options: b"rw,lowerdir=/x",
    };
    assert_eq!(Line::parse(line), Some(expected));
    assert_eq!(unescape(expected.target), "/a b");
}

#[test]
fn an_empty_source_is_one() {
    // A file system may be mounted with "" as source.
    let line = Line::parse(b"36 35 0:98 / /a rw - tmpfs  rw").unwrap();
    assert_eq!((line.source, line.options), (&b""[..], &b"rw"[..]));
}

#[test]
fn what_is_no_escape_stays() {
    assert_eq!(unescape(br"a\04"), r"a\04");
    assert_eq!(unescape(br"a\777"), r"a\777");
    assert_eq!(unescape(br"a\089\"), r"a\089\");
    assert_eq!(unescape(br"/a\040\043\134"), r"/a #\");
}

#[test]
fn our_own_is_read_whole() {
    let text = std::fs::read("/proc/self/mountinfo").unwrap();
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    assert_eq!(Line::all(&text).count(), lines.count());
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        Line::all(&bytes).count();
        prop_assert!(unescape(&bytes).len() <= 3 * bytes.len());
    }

    #[test]
    fn any_name_comes_back(name in "[a\\\\ \t\n#é0-7]{0,20}") {
        let shown: String = name
            .chars()
            .map(|char| match char {
                ' ' | '\t' | '\n' | '\\' | '#' => format!("\\{:03o}", u32::from(char)),
                char => char.to_string(),
            })
            .collect();
        prop_assert_eq!(unescape(shown.as_bytes()), name);
    }
}
