use super::*;

#[test]
fn parts_do_not_run_together() {
    assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    assert_ne!(of(&["ab"]), of(&["ab", ""]));
}
