use super::*;

#[test]
fn versions_are_left_out() {
    for path in [
        "/images/load",
        "/v1.41/images/load",
        "/v4.9.3/images/load",
        "/v5.0.0-dev/images/load",
    ] {
        assert_eq!(
            route(Method::Post, path),
            Some((Api::Docker, Route::Call(Call::Load))),
            "{path}"
        );
    }
    assert_eq!(
        route(Method::Get, "/version"),
        Some((Api::Docker, Route::Look(Look::Version)))
    );
    assert_eq!(
        route(Method::Get, "/v1.41/libpod/version"),
        Some((Api::Libpod, Route::Look(Look::Version)))
    );
}

#[test]
fn names_may_have_slashes_and_escapes() {
    let tag = |name: &str| Some((Api::Docker, Route::Call(Call::Tag(name.to_owned()))));
    assert_eq!(
        route(Method::Post, "/images/r.io:5/a/tag/tag"),
        tag("r.io:5/a/tag")
    );
    assert_eq!(
        route(Method::Post, "/images/r.io%3A5%2Fa%2ftag/tag"),
        tag("r.io:5/a/tag")
    );
    assert_eq!(route(Method::Post, "/images/a%2Ftag"), tag("a"));
    let start = Route::Call(Call::Container(Op::Start, "web".to_owned()));
    assert_eq!(
        route(Method::Post, "/containers/%2Fweb/start"),
        Some((Api::Docker, start))
    );
}
