use proptest::prelude::*;

use super::*;

#[test]
fn only_64_lower_case_hex_digits_are_one() {
    let text = "00ff".repeat(16);
    assert_eq!(Id::parse(&text).unwrap().to_string(), text);
    for no in [
        "",
        "00",
        &text[1..],
        &format!("{text}0"),
        &text.to_uppercase(),
    ] {
        assert_eq!(Id::parse(no), None, "{no}");
    }
    assert_eq!(Id::parse(&format!("{}-init", &text[..59])), None);
}

#[test]
fn a_digest_is_one_of_sha256() {
    let text = "0a".repeat(32);
    let digest = format!("sha256:{text}\n");
    assert_eq!(Id::parse_digest(digest.as_bytes()), Id::parse(&text));
    assert_eq!(Id::parse_digest(text.as_bytes()), None);
    assert_eq!(Id::parse_digest(format!("sha512:{text}").as_bytes()), None);
    assert_eq!(Id::parse_digest(b"sha256:\xff"), None);
}

proptest! {
    #[test]
    fn an_id_is_written_as_it_was_read(text in "[0-9a-f]{64}") {
        prop_assert_eq!(Id::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn no_text_does_harm(bytes in any::<Vec<u8>>()) {
        let _ = Id::parse(&String::from_utf8_lossy(&bytes));
        let _ = Id::parse_digest(&bytes);
    }
}

#[test]
fn an_id_is_the_hash_of_its_content() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Id::of(b"").to_string(), empty);
}
