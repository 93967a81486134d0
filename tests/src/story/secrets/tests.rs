use super::*;

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in [
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
    assert!(clean("here", &base64(format!("x{MARK}y").as_bytes())).is_err());
    assert!(clean("here", &base64(format!("xy{MARK}").as_bytes())).is_err());
    assert!(clean("here", "nothing").is_ok());
}
