use super::*;

/// What is told of these paths, each answered by a daemon that speaks 1.52 at most.
fn told(paths: &[&str]) -> Vec<String> {
    let mut spoken = Spoken::default();
    let facts = paths.iter().filter_map(|path| {
        spoken.asked(path);
        spoken.answered("1.52")
    });
    let versions = facts.map(|fact| match fact {
        Fact::ApiVersion {
            api: Api::Docker,
            version,
            newest,
        } => {
            assert_eq!(newest.as_deref(), Some("1.52"));
            version
        }
        other => panic!("{other:?}"),
    });
    versions.collect()
}

#[test]
fn a_version_is_told_once() {
    let paths = ["/_ping", "/v1.24/info", "/v1.24/images/json", "/info"];
    assert_eq!(told(&paths), ["1.24"]);
    assert_eq!(told(&["/_ping", "/images/json"]), [""; 0]);
}

#[test]
fn a_connection_that_takes_another_is_told_again_but_not_without_end() {
    assert_eq!(told(&["/v1.24/info", "/v1.41/info"]), ["1.24", "1.41"]);
    let many: Vec<_> = (0..100).map(|minor| format!("/v1.{minor}/info")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(told(&many).len(), 8);
}

#[test]
fn what_is_no_version_of_dockers_api() {
    for path in [
        "/v1/info",
        "/v1.41",
        "/vx.1/info",
        "/v1.2.3/info",
        "/v4.9.3/libpod/info",
        "/v1.41/libpod/info",
        "/v1.11111111111111111/info",
        "/volumes",
    ] {
        assert_eq!(told(&[path]), [""; 0], "{path}");
    }
}

#[test]
fn a_daemon_may_not_say_what_it_speaks() {
    for newest in ["", "1", "a.b"] {
        let mut spoken = Spoken::default();
        spoken.asked("/v1.41/info");
        let fact = spoken.answered(newest);
        assert!(
            matches!(fact, Some(Fact::ApiVersion { newest: None, .. })),
            "{newest}: {fact:?}"
        );
    }
}
