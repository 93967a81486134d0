use super::*;

#[test]
fn every_name_comes_with_its_reason() {
    let leave = parse("# a comment\n\nfentry: refused: this kernel's policy\n").unwrap();
    assert_eq!(leave.len(), 1);
    assert_eq!(leave["fentry"], "refused: this kernel's policy");
}

#[test]
fn a_name_alone_is_refused() {
    assert!(parse("fentry\n").is_err());
}
