use super::*;

#[test]
fn only_known_keys_are_kept() {
    let query = b"fromImage=a%2Fb+c&password=S3CR3T&buildargs=S3CR3T&t=x&t=&t=y%20z&=&&novalue&tag";
    let params = Params::parse(Api::Docker, query);
    assert_eq!(params.first("fromImage"), Some("a/b c"));
    assert_eq!(params.all("t").collect::<Vec<_>>(), ["x", "y z"]);
    assert_eq!(params.first("tag"), None);
    assert!(!format!("{params:?}").contains("S3CR3T"));
}

#[test]
fn the_first_value_counts_even_if_it_is_empty() {
    assert_eq!(Params::parse(Api::Docker, b"tag=&tag=1").first("tag"), None);
    let form = Params::parse(Api::Docker, b"tag=2");
    assert_eq!(
        form.and(Params::parse(Api::Docker, b"tag=1")).first("tag"),
        Some("2")
    );
}

#[test]
fn only_podman_compares_keys_without_case() {
    assert!(Params::parse(Api::Libpod, b"ALLtags=true").is_true("allTags"));
    assert!(!Params::parse(Api::Libpod, b"allTags=yes").is_true("allTags"));
    assert_eq!(
        Params::parse(Api::Docker, b"FROMIMAGE=a").first("fromImage"),
        None
    );
}

#[test]
fn values_are_bounded() {
    let many = "t=x&".repeat(10_000);
    assert_eq!(
        Params::parse(Api::Docker, many.as_bytes()).all("t").count(),
        MAX_VALUES
    );
    let long = format!("t={}", "é".repeat(10_000));
    let params = Params::parse(Api::Docker, long.as_bytes());
    assert_eq!(params.first("t").map(str::len), Some(clean::MAX_RAW));
}

#[test]
fn escapes_in_paths_are_resolved_once() {
    assert_eq!(percent_decode("/a%2Fb%2fc+d%252F"), "/a/b/c+d%2F");
    assert_eq!(percent_decode("%zz%2%é%C3%A9%FF"), "%zz%2%éé\u{fffd}");
}
