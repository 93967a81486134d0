use proptest::prelude::*;

use super::*;

fn line(text: &str) -> String {
    let mut out = Vec::new();
    append(&text, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn hidden_characters_are_escaped_as_utf16() {
    assert_eq!(line("a\u{9b}b"), "\"a\\u009bb\"\n");
    assert_eq!(line("\u{202e}\u{e0041}"), "\"\\u202e\\udb40\\udc41\"\n");
    assert_eq!(line("ö\n\x1b"), "\"ö\\n\\u001b\"\n");
}

#[test]
fn a_value_without_json_leaves_nothing_behind() {
    let mut out = b"before\n".to_vec();
    let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(append(&no_json, &mut out).is_err());
    assert_eq!(out, b"before\n");
}

proptest! {
    #[test]
    fn what_is_read_back_is_the_same(text in any::<String>()) {
        let line = line(&text);
        prop_assert!(line.trim_end_matches('\n').chars().all(is_plain));
        prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
