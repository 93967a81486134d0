use super::*;

#[test]
fn marks_names_and_what_is_below() {
    let good = Item {
        good: true,
        name: "kernel".to_owned(),
        found: "6.12.48 x86_64".to_owned(),
        below: Vec::new(),
    };
    let bad = Item {
        good: false,
        name: "privileges".to_owned(),
        found: "uid 1000".to_owned(),
        below: vec![("remedy", "run it as root\x1b[2J".to_owned())],
    };
    let mut out = Vec::new();
    render(&[good, bad.clone()], false, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "ok  kernel                            6.12.48 x86_64\n\
         !!  privileges                        uid 1000\n    \
             remedy    run it as root\\u{1b}[2J\n"
    );
    let mut out = Vec::new();
    render(&[bad], true, &mut out);
    assert!(String::from_utf8(out).unwrap().contains("\x1b[31m!!"));
}
