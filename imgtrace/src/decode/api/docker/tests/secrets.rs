//! A marked secret goes through every place that can carry one, and comes out nowhere.

use super::*;

const MARK: &str = "S3CR3T";

#[track_caller]
fn check(talk: &Talk) {
    for piece in [usize::MAX, 1, 7] {
        let talk = talk.clone().pieces(piece);
        let events = talk.events();
        assert!(
            !format!("{events:?}").contains(MARK),
            "{}: {events:?}",
            talk.target
        );
        assert!(!told(&events).contains(MARK));
    }
}

/// Everything that a reader holds half-way through a request.
#[track_caller]
fn check_held(talk: &Talk) {
    let mut reader = Reader::new();
    let mut out = Vec::new();
    for event in talk.http().into_iter().take(2) {
        reader.read(event, &mut out);
    }
    assert!(!format!("{reader:?}").contains(MARK), "{reader:?}");
}

#[test]
fn in_queries() {
    for target in [
        "/libpod/images/pull?reference=a&username=S3CR3T&password=S3CR3T&credentials=S3CR3T",
        "/libpod/images/pull?reference=docker://u:S3CR3T@r.io/a",
        "/libpod/images/a/push?destination=docker%3A%2F%2Fu%3AS3CR3T%40r.io%2Fa&username=S3CR3T&password=S3CR3T",
        "/build?t=a&buildargs=%7B%22TOKEN%22%3A%22S3CR3T%22%7D&labels=%7B%22a%22%3A%22S3CR3T%22%7D&remote=https%3A%2F%2Fu%3AS3CR3T%40g.io&secrets=S3CR3T",
        "/libpod/build?t=a&secrets=S3CR3T&buildargs=S3CR3T&httpproxy=S3CR3T",
        "/images/create?fromSrc=https%3A%2F%2Fu%3AS3CR3T%40x.io%2Fa.tar&repo=a&changes=ENV%20A%3DS3CR3T&message=S3CR3T",
        "/images/create?fromImage=https%3A%2F%2Fu%3AS3CR3T%40r.io%2Fa&tag=1",
        "/images/create?fromImage=u%3AS3CR3T%40r.io%2Fa",
        "/commit?container=a&repo=b&changes=ENV%20A%3DS3CR3T&author=S3CR3T&comment=S3CR3T",
        "/containers/create?name=a&Env=S3CR3T&HostConfig=S3CR3T&Cmd=S3CR3T",
        "/images/u:S3CR3T@r.io%2Fa/tag?repo=u:S3CR3T@r.io/b&tag=1",
        "/containers/prune?filters=%7B%22label%22%3A%5B%22a%3DS3CR3T%22%5D%7D",
    ] {
        check(&talk("POST", target).answer(200, ""));
        check_held(&talk("POST", target));
    }
}

#[test]
fn in_bodies() {
    let config = r#"{"Image":"a","Env":["PASSWORD=S3CR3T"],"Cmd":["S3CR3T"],"Entrypoint":["S3CR3T"],"Labels":{"image":"S3CR3T","a":"S3CR3T"},"Healthcheck":{"Test":["S3CR3T"]},"HostConfig":{"LogConfig":{"Config":{"image":"S3CR3T"}},"Mounts":[{"Type":"volume","Source":"a","VolumeOptions":{"Labels":{"source":"S3CR3T"},"DriverConfig":{"Options":{"password":"S3CR3T"}}}}]}}"#;
    for target in [
        "/containers/create",
        "/libpod/containers/create",
        "/commit?container=a",
        "/containers/a/exec",
        "/exec/a/start",
        "/auth",
    ] {
        check(&talk("POST", target).body(config).answer(201, "{}"));
        check_held(&talk("POST", target).body(&config.as_bytes()[..90]));
    }
    let libpod = r#"{"image":"a","env":{"A":"S3CR3T"},"command":["S3CR3T"],"secret_env":{"A":"S3CR3T"},"labels":{"name":"S3CR3T"}}"#;
    check(
        &talk("POST", "/libpod/containers/create")
            .body(libpod)
            .answer(201, "{}"),
    );
    check_held(&talk("POST", "/libpod/containers/create").body(&libpod.as_bytes()[..40]));
    let auth = r#"{"username":"S3CR3T","password":"S3CR3T","identitytoken":"S3CR3T"}"#;
    check(
        &talk("POST", "/images/create?fromImage=a")
            .body(auth)
            .answer(200, auth),
    );
    check(
        &talk("POST", "/images/create")
            .form("fromImage=a&password=S3CR3T&registryAuth=S3CR3T")
            .answer(200, ""),
    );
}

#[test]
fn in_answers() {
    let inspected = format!(
        r#"{{"Id":"{ID}","Name":"/web","Path":"S3CR3T","Args":["S3CR3T"],"Config":{{"Image":"a","Env":["A=S3CR3T"],"Cmd":["S3CR3T"],"Labels":{{"image":"S3CR3T"}}}}}}"#
    );
    check(&talk("GET", "/containers/web/json").answer(200, inspected.as_str()));
    check(&talk("GET", "/containers/json").answer(200, format!("[{inspected}]")));
    check(&talk("GET", "/images/a/json").answer(
        200,
        format!(r#"{{"Id":"{HEX}","RepoTags":[],"Config":{{"Env":["S3CR3T"]}}}}"#),
    ));
    check(&talk("POST", "/build?t=a").answer(
        200,
        "{\"stream\":\"echo S3CR3T\\n\"}\r\n{\"stream\":\"Successfully tagged S3CR3T\\n\"}\r\n",
    ));
    check(&talk("POST", "/exec/a/start").answer(200, "S3CR3T"));
}

#[test]
fn in_error_messages() {
    for message in [
        "Get https://u:S3CR3T@r.io/v2/: unauthorized",
        "failed to parse parameters for /v4.0.0/libpod/images/pull?reference=a&password=S3CR3T: bad",
        "Authorization: Basic S3CR3T",
        "sent Bearer S3CR3T",
        "bad X-Registry-Auth: eyJ1c2VybmFtZSI6IlMzQ1IzVCJ9S3CR3T",
        r#"invalid auth {"username":"S3CR3T","password":"S3CR3T"}"#,
        "The command '/bin/sh -c login --password S3CR3T' returned a non-zero code: 1",
        "TOKEN=S3CR3T is not set",
    ] {
        let json = serde_json::json!({"message": message, "cause": message, "error": message, "errorDetail": {"message": message}});
        for target in [
            "/images/create?fromImage=a",
            "/build",
            "/containers/web/start",
            "/libpod/images/pull?reference=a",
            "/containers/a/exec",
        ] {
            for status in [200, 401, 500] {
                check(&talk("POST", target).answer(status, json.to_string()));
                check(&talk("POST", target).answer(status, message));
            }
        }
    }
}
