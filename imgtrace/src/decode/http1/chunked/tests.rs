use bytes::Bytes;

use super::{Chunked, EXTENSION_LIMIT, Piece, TRAILER_LIMIT, Token};
use crate::observation::Anomaly;

/// Reads pieces to the end of a body: its data (a gap as dots), how it ended, and what of the last
/// piece is left.
fn read(pieces: Vec<Piece>) -> (String, Result<bool, Anomaly>, u64) {
    let mut chunked = Chunked::START;
    let mut data = String::new();
    for mut piece in pieces {
        while let Some(token) = chunked.next(&mut piece) {
            match token {
                Token::Data(Piece::Bytes(bytes)) => data += std::str::from_utf8(&bytes).unwrap(),
                Token::Data(Piece::Gap(len)) => data += &".".repeat(usize::try_from(len).unwrap()),
                Token::End => return (data, Ok(true), piece.len()),
                Token::Broken(anomaly) => return (data, Err(anomaly), piece.len()),
                Token::Head(_) => panic!("no head in a body"),
            }
        }
    }
    (data, Ok(false), 0)
}

fn text(text: &str) -> Piece {
    Piece::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

fn read_text(said: &str) -> (String, Result<bool, Anomaly>, u64) {
    read(vec![text(said)])
}

#[test]
fn bodies_end_where_they_end() {
    for (said, data, left) in [
        ("0\r\n\r\n", "", 0),
        ("3\r\nabc\r\n0\r\n\r\nGET", "abc", 3),
        ("3 \r\nabc\r\n000\r\n\r\n", "abc", 0),
        ("3\nabc\r\n0\n\n", "abc", 0),
        (
            "1;a=\"b;c\"\r\na\r\nB\r\n0123456789a\r\n0;x\r\n\r\n",
            "a0123456789a",
            0,
        ),
        ("0\r\nA: b\r\nC: d\r\n\r\nX", "", 1),
    ] {
        assert_eq!(
            read_text(said),
            (data.to_owned(), Ok(true), left),
            "{said:?}"
        );
    }
}

#[test]
fn what_is_no_size_or_no_end_is_said() {
    for said in [
        "\r\n",
        ";a\r\n",
        "g\r\n",
        "-1\r\n",
        "0x1\r\n",
        "10000000000000000\r\n",
        "1\r\nab",
        "1\r\na\n",
        "1\r\na\rb",
    ] {
        assert_eq!(read_text(said).1, Err(Anomaly::MalformedChunk), "{said:?}");
    }
    assert_eq!(
        read_text("ffffffffffffffff\r\nab"),
        ("ab".to_owned(), Ok(false), 0)
    );
}

#[test]
fn a_gap_may_lie_in_the_data_only() {
    let whole = vec![text("5\r\na"), Piece::Gap(3), text("e\r\n0\r\n\r\n")];
    assert_eq!(read(whole), ("a...e".to_owned(), Ok(true), 0));
    let to_the_end = vec![text("5\r\na"), Piece::Gap(4), text("\r\n0\r\n\r\n")];
    assert_eq!(read(to_the_end), ("a....".to_owned(), Ok(true), 0));
    let beyond = vec![text("5\r\na"), Piece::Gap(5)];
    assert_eq!(
        read(beyond),
        ("a....".to_owned(), Err(Anomaly::LostFraming), 1)
    );
    for before in ["5", "5\r", "5\r\nabcde", "5\r\nabcde\r", "0\r\n", "0\r\n\r"] {
        let (_, end, _) = read(vec![text(before), Piece::Gap(1)]);
        assert_eq!(end, Err(Anomaly::LostFraming), "{before:?}");
    }
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let extension = |len: u32| format!("1;{}\n", "x".repeat(usize::try_from(len).unwrap()));
    assert_eq!(read_text(&extension(EXTENSION_LIMIT)).1, Ok(false));
    assert_eq!(
        read_text(&extension(EXTENSION_LIMIT + 1)).1,
        Err(Anomaly::MalformedChunk)
    );
    let trailer = "a: b\r\n".repeat(usize::try_from(TRAILER_LIMIT).unwrap() / 6 + 1);
    assert_eq!(
        read_text(&format!("0\r\n{trailer}")).1,
        Err(Anomaly::MalformedChunk)
    );
}
