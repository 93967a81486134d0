use anstyle::AnsiColor;
use proptest::prelude::*;

use super::*;

fn text(line: Line) -> String {
    let mut out = Vec::new();
    line.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn columns_count_what_is_seen() {
    let mut line = Line::new(true);
    line.push(AnsiColor::Red.on_default(), "日本")
        .pad_to(6)
        .plain("x")
        .pad_to(3)
        .plain("y");
    assert_eq!(line.column(), 9);
    assert_eq!(text(line), "\x1b[31m日本\x1b[0m  x y\n");
}

#[test]
fn without_colour_there_is_none() {
    let mut line = Line::new(false);
    line.push(AnsiColor::Red.on_default().bold(), "a")
        .plain("\x1b[31mb")
        .pad_to(40);
    assert_eq!(text(line), "a\\u{1b}[31mb\n");
}

#[test]
fn a_long_text_keeps_the_side_that_tells() {
    assert_eq!(
        keep_end("registry.example.com/team/app:1", 10),
        "…eam/app:1"
    );
    assert_eq!(keep_begin("registry.example.com", 9), "registry…");
    assert_eq!(keep_end("app:1", 5), "app:1");
    assert_eq!(keep_end("日本語", 4), "…語");
}

proptest! {
    #[test]
    fn a_cut_text_fits(text in any::<String>(), columns in 1_usize..60) {
        prop_assert!(width(&escape(&keep_end(&text, columns))) <= columns);
        prop_assert!(width(&escape(&keep_begin(&text, columns))) <= columns);
    }
}
