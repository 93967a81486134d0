//! What only looks makes no operation; some of it tells something.

use super::*;
use crate::model::Api;

#[test]
fn a_client_that_only_lists_tells_the_version_that_it_speaks() {
    let list = talk("GET", "/v1.24/images/json").api_version("1.52");
    let events = list.answer(200, "[]").events();
    let spoken = Fact::ApiVersion {
        api: Api::Docker,
        version: "1.24".to_owned(),
        newest: Some("1.52".to_owned()),
    };
    assert!(
        matches!(&events[..], [Event::Learned(fact)] if *fact == spoken),
        "{events:?}"
    );
}

#[test]
fn nothing_that_is_not_named_makes_an_operation() {
    for line in [
        "GET /_ping",
        "HEAD /_ping",
        "GET /version",
        "GET /info",
        "GET /events?since=1",
        "GET /system/df",
        "POST /auth",
        "POST /session",
        "POST /grpc",
        "POST /build/cancel?id=1",
        "GET /images/json?all=1",
        "GET /images/search?term=x",
        "GET /images/busybox/json",
        "GET /images/busybox/history",
        "GET /images/busybox/attestations",
        "GET /distribution/busybox/json",
        "HEAD /images/get?names=a",
        "POST /images/create",
        "POST /images/create?fromImage=&fromSrc=",
        "GET /images/create?fromImage=a",
        "GET /containers/json",
        "GET /containers/web/json",
        "GET /containers/web/logs?follow=1",
        "GET /containers/web/top",
        "GET /containers/web/stats",
        "GET /containers/web/changes",
        "GET /containers/web/export",
        "POST /containers/web/wait?condition=next-exit",
        "POST /containers/web/attach?stream=1",
        "GET /containers/web/attach/ws",
        "POST /containers/web/resize",
        "POST /containers/web/rename?name=x",
        "POST /containers/web/pause",
        "POST /containers/web/unpause",
        "POST /containers/web/update",
        "PUT /containers/web/archive?path=/",
        "GET /containers/web/archive",
        "HEAD /containers/web/archive",
        "POST /containers/web/checkpoints",
        "DELETE /containers/web/checkpoints/1",
        "GET /containers/web/start",
        "POST /containers//start",
        "POST /containers",
        "DELETE /containers",
        "POST /containers/start",
        "GET /exec/x/json",
        "POST /exec/x/resize",
        "POST /exec//start",
        "POST /volumes/create",
        "POST /volumes/prune",
        "DELETE /volumes/x",
        "POST /networks/create",
        "POST /networks/prune",
        "POST /networks/x/connect",
        "DELETE /networks/x",
        "POST /plugins/pull?remote=x",
        "POST /plugins/x/push",
        "POST /services/create",
        "POST /swarm/init",
        "POST /secrets/create",
        "POST /configs/create",
        "GET /libpod/info",
        "GET /libpod/images/json",
        "GET /libpod/images/x/exists",
        "POST /libpod/images/x/untag",
        "POST /libpod/images/scp/x",
        "POST /libpod/play/kube",
        "POST /libpod/kube/play",
        "DELETE /libpod/kube/play",
        "POST /libpod/pods/create",
        "POST /libpod/pods/x/start",
        "POST /libpod/pods/prune",
        "POST /libpod/containers/x/init",
        "POST /libpod/containers/x/mount",
        "POST /libpod/containers/x/wait",
        "POST /libpod/system/prune",
        "POST /libpod/artifacts/x/push",
        "POST /libpod/manifests/x",
        "POST /libpod/exec/x/remove",
        "POST /libpod/volumes/prune",
        "POST /libpod/images/create?fromImage=a",
        "PUT /images/create?fromImage=a",
        "POST /v1.41images/load",
        "POST /v/images/load",
        "POST images/load",
        "POST /",
        "POST /v1.41",
    ] {
        let (method, target) = line.split_once(' ').unwrap();
        for version in ["", "/v1.44", "/v4.9.3"] {
            for status in [200, 404] {
                let events = talk(method, &format!("{version}{target}"))
                    .answer(status, "{}")
                    .events();
                assert_eq!(told(&events), "", "{line}");
            }
        }
    }
}

#[test]
fn containers_tell_their_names_and_images() {
    let inspected = format!(
        r#"{{"Id":"{ID}","Created":"x","Image":"sha256:{HEX}","Name":"/web","Config":{{"Env":["A=b"],"Image":"busybox:1","Labels":{{"Name":"no"}}}}}}"#
    );
    assert_eq!(
        talk("GET", "/v1.41/containers/web/json")
            .answer(200, inspected)
            .told(),
        format!(
            r#"{{"container":{{"id":"{ID}","name":"web","image":"docker.io/library/busybox:1"}}}}"#
        )
    );
    let listed = format!(
        r#"[{{"Id":"{ID}","Names":["/other/alias","/web"],"Image":"r.io/a:1","ImageID":"sha256:{HEX}"}},{{"Id":"{HEX}","Names":["/b"],"Image":"sha256:{HEX}"}},{{"Id":"short","Names":["/c"]}}]"#
    );
    let told = format!(
        "{}\n{}",
        format_args!(r#"{{"container":{{"id":"{ID}","name":"web","image":"r.io/a:1"}}}}"#),
        format_args!(r#"{{"container":{{"id":"{HEX}","name":"b","image":null}}}}"#),
    );
    assert_eq!(
        talk("GET", "/containers/json?all=1")
            .answer(200, listed)
            .told(),
        told
    );
    let podman = format!(
        r#"{{"Id":"{ID}","Name":"web","Image":"{HEX}","ImageName":"localhost/app:latest"}}"#
    );
    assert_eq!(
        talk("GET", "/v4.9.3/libpod/containers/web/json")
            .answer(200, podman)
            .told(),
        format!(r#"{{"container":{{"id":"{ID}","name":"web","image":"localhost/app:latest"}}}}"#)
    );
}

#[test]
fn images_tell_their_names() {
    let told = format!(
        r#"{{"image":{{"id":"sha256:{HEX}","names":["docker.io/library/busybox:1","docker.io/library/busybox@sha256:{ID}"]}}}}"#
    );
    let image = format!(
        r#""RepoTags":["busybox:1","<none>:<none>"],"RepoDigests":["busybox@sha256:{ID}","<none>@<none>","docker.io/library/busybox@sha256:{ID}"]"#
    );
    assert_eq!(
        talk("GET", "/images/busybox/json")
            .answer(200, format!(r#"{{"Id":"sha256:{HEX}",{image}}}"#))
            .told(),
        told
    );
    assert_eq!(
        talk("GET", "/images/json")
            .answer(200, format!(r#"[{{{image},"Id":"sha256:{HEX}"}}]"#))
            .told(),
        told
    );
    assert_eq!(
        talk("GET", "/libpod/images/json")
            .answer(200, format!(r#"[{{"Id":"{HEX}",{image}}}]"#))
            .told(),
        told
    );
}

#[test]
fn the_version_is_told_once() {
    let ping = talk("GET", "/_ping").server("Docker/28.5.2 (linux)");
    let mut events = ping.http();
    events.extend(ping.http());
    assert_eq!(told(&read(events)), r#"{"version":{"version":"28.5.2"}}"#);
    let version =
        talk("GET", "/version").answer(200, r#"{"Version":"20.10.24","ApiVersion":"1.41"}"#);
    assert_eq!(version.told(), r#"{"version":{"version":"20.10.24"}}"#);
    assert_eq!(
        version.server("Docker/20.10.24 (linux)").told(),
        r#"{"version":{"version":"20.10.24"}}"#
    );
    for server in [
        "nginx/1.27",
        "Docker/",
        "Docker/a;b",
        "Docker/\u{1b}[1m",
        "",
    ] {
        assert_eq!(talk("GET", "/_ping").server(server).told(), "");
    }
}

#[test]
fn what_stands_before_a_gap_is_told() {
    let list = talk("GET", "/containers/json");
    let answer = format!(r#"[{{"Id":"{ID}","Names":["/web"]}},{{"Id":"{HEX}","Names":["/b"#);
    let events = [
        list.request_head(),
        list.response_head(),
        bytes(Direction::ToClient, answer.as_bytes()),
        gap(Direction::ToClient),
    ];
    let rest = [
        bytes(Direction::ToClient, b"\n{\"Id\":\"x\"}]\n"),
        end(Direction::ToClient),
    ];
    assert_eq!(
        told(&read(events.into_iter().chain(rest))),
        format!(r#"{{"container":{{"id":"{ID}","name":"web","image":null}}}}"#)
    );
}
