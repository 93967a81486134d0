use proptest::prelude::*;

use super::*;

#[test]
fn nerdctl_names_its_containers() {
    let config = br#"{"annotations":{"nerdctl/name":"web","nerdctl/namespace":"default"}}"#;
    let annotations = Annotations::parse(config).unwrap();
    assert_eq!(annotations.name().as_deref(), Some("web"));
    assert_eq!(annotations.pod(), None);
    assert!(!annotations.is_sandbox());
}

#[test]
fn a_bundle_without_annotations_has_none() {
    for config in [
        &b"{}"[..],
        br#"{"annotations":null}"#,
        br#"{"annotations":{}}"#,
    ] {
        assert_eq!(Annotations::parse(config), Some(Annotations::default()));
    }
    for config in [&b""[..], b"7", br#"{"annotations":{"nerdctl/name":7}}"#] {
        assert_eq!(Annotations::parse(config), None);
    }
}

#[test]
fn names_that_cannot_be_shown_are_none() {
    for name in [
        String::new(),
        "x".repeat(TEXT_MOST + 1),
        "a\\u001b[2J".to_owned(),
    ] {
        let config = format!(r#"{{"annotations":{{"nerdctl/name":"{name}"}}}}"#);
        let annotations = Annotations::parse(config.as_bytes()).unwrap();
        assert_eq!(annotations.name(), None);
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(place.path().join(CONFIG)).unwrap();
    file.set_len(CONFIG_MOST + 1).unwrap();
    let view = crate::store::View::of(std::process::id()).unwrap();
    let bundle = view.folder(place.path().to_str().unwrap()).unwrap();
    let error = Annotations::read(&bundle).unwrap_err();
    assert!(error.sentence().contains("is larger than"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(config in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Annotations::parse(&config);
    }
}
