use super::*;

#[test]
fn a_newer_version_is_refused_by_name() {
    let line = br#"{"format":"imgtrace-recording","version":7,"imgtrace":"3.1.0","new":[]}"#;
    let error = header(line).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the recording has format version 7, made by imgtrace 3.1.0; \
         this program reads up to version 1"
    );
}

#[test]
fn other_files_are_no_recordings() {
    let others: [&[u8]; 5] = [
        b"\x7fELF",
        b"{}",
        b"hello",
        b"[1]",
        br#"{"format":"other","version":1}"#,
    ];
    for other in others {
        assert!(
            matches!(header(other), Err(HeaderError::NotARecording)),
            "{other:?}"
        );
    }
    assert!(matches!(header(b""), Err(HeaderError::Empty)));
}

#[test]
fn a_piece_of_a_header_is_known_as_one() {
    let line = br#"{"format":"imgtrace-recording","version":1,"imgt"#;
    for length in 1..line.len() {
        assert!(
            matches!(header(&line[..length]), Err(HeaderError::Damaged(_))),
            "{length}"
        );
    }
    let no_zone = br#"{"format":"imgtrace-recording","version":1,"imgtrace":"0.1.0"}"#;
    assert!(matches!(header(no_zone), Err(HeaderError::Damaged(_))));
}
