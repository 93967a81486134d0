use proptest::prelude::*;

use super::*;

#[test]
fn plain_text_is_left_alone() {
    for text in [
        "",
        "docker.io/library/nginx:1.27",
        "größer",
        "日本語",
        "a‹b…",
        r"C:\path",
    ] {
        assert!(
            matches!(escape(text), Cow::Borrowed(same) if same == text),
            "{text}"
        );
    }
}

#[test]
fn terminal_commands_become_visible() {
    assert_eq!(escape("\x1b[2J"), r"\u{1b}[2J");
    assert_eq!(escape("a\r\nb\tc"), r"a\r\nb\tc");
    assert_eq!(escape("\u{9b}31m"), r"\u{9b}31m", "the one-byte CSI of C1");
    assert_eq!(escape("\x07\x08\x7f\0"), r"\u{7}\u{8}\u{7f}\u{0}");
}

#[test]
fn reordering_and_hiding_become_visible() {
    assert_eq!(escape("nginx\u{202e}tset"), r"nginx\u{202e}tset");
    assert_eq!(escape("\u{2066}a\u{2069}"), r"\u{2066}a\u{2069}");
    assert_eq!(escape("ngi\u{200b}nx"), r"ngi\u{200b}nx");
    assert_eq!(
        escape("\u{feff}a\u{ad}b\u{e0041}"),
        r"\u{feff}a\u{ad}b\u{e0041}"
    );
    assert_eq!(
        escape("o\u{308}"),
        r"o\u{308}",
        "a combining mark could overlay its neighbour"
    );
    assert_eq!(escape("a\u{2028}b"), r"a\u{2028}b");
}

#[test]
fn width_counts_columns() {
    assert_eq!(width("nginx"), 5);
    assert_eq!(width("日本"), 4);
    assert_eq!(width("ö‹…"), 3);
}

proptest! {
    #[test]
    fn nothing_but_plain_characters_comes_out(text in any::<String>()) {
        let escaped = escape(&text);
        prop_assert!(escaped.chars().all(is_plain));
        prop_assert!(matches!(escape(&escaped), Cow::Borrowed(_)), "nothing is left to escape");
    }

    #[test]
    fn every_character_counts_for_at_least_one_column(text in any::<String>()) {
        let escaped = escape(&text);
        prop_assert!(width(&escaped) >= escaped.chars().count());
    }
}
