//! Containers and execs.

use super::*;
use crate::model::MAX_BINDS;

#[test]
fn create() {
    let body = r#"{"Hostname":"","Env":["A=b"],"Cmd":["sh"],"Image":"busybox","Labels":{"Image":"no"},"HostConfig":{"Image":"no"}}"#;
    let create = talk("POST", "/containers/create?name=web&platform=linux%2Famd64").body(body);
    check(
        &create
            .clone()
            .answer(201, format!("{{\"Id\":\"{ID}\",\"Warnings\":[]}}\n")),
        &format!(
            r#"docker create ok {{"image":"docker.io/library/busybox:latest","platform":"linux/amd64","container":"{ID}","container_name":"web"}}"#
        ),
    );
    check(
        &create.answer(404, r#"{"message":"No such image: busybox:latest"}"#),
        r#"docker create error: No such image: busybox:latest {"image":"docker.io/library/busybox:latest","platform":"linux/amd64","container_name":"web"}"#,
    );
    check(
        &talk("POST", "/containers/create")
            .body(format!(r#"{{"Image":"sha256:{HEX}"}}"#))
            .answer(201, format!("{{\"Id\":\"{ID}\"}}")),
        &format!(
            r#"docker create ok {{"digest":"sha256:{HEX}","digest_kind":"unknown","container":"{ID}"}}"#
        ),
    );
    check(
        &talk("POST", "/containers/create")
            .body(r#"{"image": "r.io/a@sha256:zz"}"#)
            .answer(400, r#"{"message":"invalid reference format"}"#),
        r#"docker create error: invalid reference format {"image":"r.io/a@sha256:zz"}"#,
    );
}

/// The bodies of docker 20.10 (`-v`), compose (`--mount`'s form) and docker 29 in short: the fields
/// that matter, in the order in which they were sent.
#[test]
fn what_a_container_sees_of_the_machine() {
    let cases = [
        (
            r#"{"Image":"a","Volumes":{},"HostConfig":{"Binds":["/var/run/docker.sock:/var/run/docker.sock","/srv/api-token:/t:ro,z","cache:/c"],"NetworkMode":"default","VolumesFrom":null,"Mounts":[]}}"#,
            r#"[{"source":"/var/run/docker.sock","target":"/var/run/docker.sock"},{"source":"/srv/api-token","target":"/t","read_only":true}]"#,
        ),
        (
            r#"{"Image":"a","HostConfig":{"Binds":null,"Mounts":[{"Type":"volume","Source":"cache","Target":"/c","ReadOnly":true,"VolumeOptions":{"DriverConfig":{"Options":{"device":"/x","o":"bind"}}}},{"Type":"tmpfs","Target":"/tmp"},{"Type":"bind","Source":"/run","Target":"/host/run","BindOptions":{"CreateMountpoint":true}},{"Type":"bind","Source":"/run/docker.sock","Target":"/d.sock","ReadOnly":true}]}}"#,
            r#"[{"source":"/run","target":"/host/run"},{"source":"/run/docker.sock","target":"/d.sock","read_only":true}]"#,
        ),
    ];
    for (body, binds) in cases {
        for piece in [usize::MAX, 1, 13] {
            check(
                &talk("POST", "/containers/create")
                    .body(body)
                    .pieces(piece)
                    .answer(201, format!("{{\"Id\":\"{ID}\"}}")),
                &format!(
                    r#"docker create ok {{"image":"docker.io/library/a:latest","container":"{ID}","binds":{binds}}}"#
                ),
            );
        }
    }
}

#[test]
fn so_many_binds_are_told_and_no_more() {
    let binds: Vec<_> = (0..500)
        .map(|number| format!("\"/a/{number}:/b\""))
        .collect();
    let body = format!(
        r#"{{"Image":"a","HostConfig":{{"Binds":[{}]}}}}"#,
        binds.join(",")
    );
    let events = talk("POST", "/containers/create").body(body).events();
    let began = events.iter().find_map(|event| match event {
        Event::Began { subject, .. } => Some(subject.binds.len()),
        _ => None,
    });
    assert_eq!(began, Some(MAX_BINDS));
}

#[test]
fn start_restart_stop_kill_and_remove() {
    for (op, method, target) in [
        ("start", "POST", "/containers/web/start"),
        ("restart", "POST", "/containers/web/restart?t=1"),
        ("stop", "POST", "/containers/web/stop"),
        ("kill", "POST", "/containers/web/kill?signal=HUP"),
        ("remove-container", "DELETE", "/containers/web?v=1&force=1"),
    ] {
        let talk = talk(method, target);
        check(
            &talk.clone().answer(204, ""),
            &format!(r#"docker {op} ok {{"container":"web"}}"#),
        );
        let unchanged = if op == "remove-container" {
            "error"
        } else {
            "ok"
        };
        check(
            &talk.clone().answer(304, ""),
            &format!(r#"docker {op} {unchanged} {{"container":"web"}}"#),
        );
        check(
            &talk.answer(500, r#"{"message":"cannot"}"#),
            &format!(r#"docker {op} error: cannot {{"container":"web"}}"#),
        );
    }
    check(
        &talk("POST", &format!("/containers/{ID}/start")).answer(204, ""),
        &format!(r#"docker start ok {{"container":"{ID}"}}"#),
    );
}

#[test]
fn exec_is_one_operation_at_its_start() {
    let create =
        talk("POST", "/containers/web/exec").body(r#"{"Cmd":["sh","-c","x"],"Env":["A=b"]}"#);
    check(
        &create
            .clone()
            .answer(201, format!("{{\"Id\":\"{HEX}\"}}\n")),
        &format!(r#"{{"exec":{{"id":"{HEX}","container":"web"}}}}"#),
    );
    check(
        &create.answer(409, r#"{"message":"container web is not running"}"#),
        r#"docker exec error: container web is not running {"container":"web"}"#,
    );
    let start = talk("POST", &format!("/exec/{HEX}/start")).body(r#"{"Detach":true}"#);
    check(
        &start
            .clone()
            .answer(200, "{\"id\":\"printed by the command\"}"),
        &format!(r#"docker exec ok {{"exec":"{HEX}"}}"#),
    );
    check(
        &start.answer(404, r#"{"message":"No such exec instance"}"#),
        &format!(r#"docker exec error: No such exec instance {{"exec":"{HEX}"}}"#),
    );
}
