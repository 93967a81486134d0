//! Podman's own API, and what its compatible one does otherwise than Docker.

use super::*;

#[track_caller]
fn check(talk: &Talk, wanted: &str) {
    for version in ["", "/v4.9.3", "/v5.0.0-dev"] {
        let target = format!("{version}{}", talk.target);
        let talk = Talk {
            target,
            ..talk.clone()
        };
        assert_eq!(talk.told(), wanted, "{}", talk.target);
    }
}

#[test]
fn pull() {
    let answer = format!(
        "{{\"status\":\"pulling\",\"stream\":\"Trying to pull quay.io/a/busybox:1...\\n\"}}\n\
         {{\"stream\":\"Getting image source signatures\\n\"}}\n\
         {{\"status\":\"pulling\",\"stream\":\"Pulling artifact\",\"pullProgress\":{{\"status\":\"pulling\",\"current\":5,\"total\":9,\"progressComponentID\":\"sha256:aa\"}}}}\n\
         {{\"status\":\"success\",\"images\":[\"{HEX}\"],\"id\":\"{HEX}\"}}\n"
    );
    for query in [
        "reference=busybox%3A1&policy=always&tlsVerify=true",
        "Reference=docker://busybox:1&username=u&password=p",
    ] {
        check(
            &talk("POST", &format!("/libpod/images/pull?{query}")).answer(200, answer.as_str()),
            &format!(
                r#"libpod pull ok {{"image":"quay.io/a/busybox:1","digest":"sha256:{HEX}","digest_kind":"config","bytes":5}}"#
            ),
        );
    }
    check(
        &talk(
            "POST",
            "/libpod/images/pull?reference=r.io/a&ALLTAGS=true&OS=linux&Arch=arm64&variant=v8",
        )
        .answer(200, answer.replace("quay.io/a/busybox:1", "r.io/a:1")),
        r#"libpod pull ok {"image":"r.io/a:1","all_tags":true,"platform":"linux/arm64/v8","bytes":5}"#,
    );
    check(
        &talk("POST", "/libpod/images/pull?reference=r.io/nosuch").answer(500, r#"{"cause":"access denied","message":"initializing source docker://r.io/nosuch:latest: access denied","response":500}"#),
        r#"libpod pull error: initializing source docker://r.io/nosuch:latest: access denied {"image":"r.io/nosuch:latest"}"#,
    );
    check(
        &talk("POST", "/libpod/images/pull?reference=r.io/nosuch:1")
            .answer(200, "{\"status\":\"error\",\"error\":\"access denied\"}\n"),
        r#"libpod pull error: access denied {"image":"r.io/nosuch:1"}"#,
    );
}

#[test]
fn load_import_build_commit_and_tag() {
    for path in [
        "/libpod/images/load",
        "/libpod/local/images/load?path=%2Fx.tar",
    ] {
        check(
            &talk("POST", path).answer(200, r#"{"Names":["localhost/a:1","r.io/b:2"]}"#),
            r#"libpod load ok {"image":"localhost/a:1","images":["localhost/a:1","r.io/b:2"]}"#,
        );
    }
    check(
        &talk("POST", "/libpod/images/import?reference=app")
            .answer(200, format!(r#"{{"Id":"{HEX}"}}"#)),
        &format!(
            r#"libpod import ok {{"image":"localhost/app:latest","digest":"sha256:{HEX}","digest_kind":"config"}}"#
        ),
    );
    let built = format!(
        "{{\"stream\":\"STEP 1/1: FROM scratch\\n\"}}\n{{\"stream\":\"COMMIT app\\n\"}}\n{{\"aux\":{{\"ID\":\"sha256:{HEX}\"}}}}\n\
         {{\"stream\":\"Successfully built 86e0e091d0da\\n\"}}\n{{\"stream\":\"Successfully tagged localhost/app:latest\\n\"}}\n"
    );
    for path in [
        "/libpod/build?t=app",
        "/libpod/local/build?t=app&localcontextdir=%2Fx",
    ] {
        check(
            &talk("POST", path).answer(200, built.as_str()),
            &format!(
                r#"libpod build ok {{"image":"localhost/app:latest","images":["localhost/app:latest"],"digest":"sha256:{HEX}","digest_kind":"config"}}"#
            ),
        );
    }
    check(
        &talk("POST", "/libpod/commit?container=web&repo=app&tag=1")
            .answer(200, format!(r#"{{"Id":"{HEX}"}}"#)),
        &format!(
            r#"libpod commit ok {{"image":"localhost/app:1","digest":"sha256:{HEX}","digest_kind":"config","container":"web"}}"#
        ),
    );
    check(
        &talk("POST", "/libpod/images/r.io/a:1/tag?repo=b&tag=2").answer(201, "\"\""),
        r#"libpod tag ok {"image":"r.io/a:1","target":"localhost/b:2"}"#,
    );
}

#[test]
fn push_and_save() {
    check(
        &talk("POST", "/libpod/images/r.io/a/push?quiet=false&destination=docker%3A%2F%2Fr.io%2Fb%3A2&username=u&password=p")
            .answer(200, format!("{{\"stream\":\"Copying blob\\n\"}}\n{{\"manifestdigest\":\"sha256:{HEX}\"}}\n")),
        &format!(r#"libpod push ok {{"image":"r.io/a:latest","digest":"sha256:{HEX}","digest_kind":"unknown","target":"r.io/b:2"}}"#),
    );
    check(
        &talk("POST", "/libpod/images/r.io%2Fa:1/push").answer(200, "\"\""),
        r#"libpod push ok {"image":"r.io/a:1"}"#,
    );
    check(
        &talk("GET", "/libpod/images/r.io/a:1/get").answer(200, "tar"),
        r#"libpod save ok {"image":"r.io/a:1"}"#,
    );
    check(
        &talk(
            "GET",
            "/libpod/images/export?references=r.io/a&references=r.io/b",
        )
        .answer(200, "tar"),
        r#"libpod save ok {"image":"r.io/a:latest","images":["r.io/a:latest","r.io/b:latest"]}"#,
    );
}

#[test]
fn remove_and_prune() {
    check(
        &talk("DELETE", "/libpod/images/app").answer(200, format!(r#"{{"Deleted":["{HEX}"],"Untagged":["localhost/app:latest"],"ExitCode":0,"Errors":[]}}"#)),
        &format!(r#"libpod remove-image ok {{"image":"localhost/app:latest","digest":"sha256:{HEX}","digest_kind":"config"}}"#),
    );
    check(
        &talk(
            "DELETE",
            "/libpod/images/remove?images=r.io/a&images=r.io/b&force=true",
        )
        .answer(
            200,
            r#"{"Errors":["r.io/b: image not known"],"ExitCode":1}"#,
        ),
        r#"libpod remove-image error: r.io/b: image not known {"image":"r.io/a:latest","images":["r.io/a:latest","r.io/b:latest"]}"#,
    );
    check(
        &talk("DELETE", "/libpod/containers/web?force=true")
            .answer(200, r#"[{"Id":"x","Err":null}]"#),
        r#"libpod remove-container ok {"container":"web"}"#,
    );
    check(
        &talk("POST", "/libpod/images/prune?all=true").answer(
            200,
            r#"[{"Id":"x","Err":null,"Size":100},{"Id":"y","Err":null,"Size":11}]"#,
        ),
        r#"libpod prune ok {"bytes":111,"what":"images"}"#,
    );
    check(
        &talk("POST", "/libpod/containers/prune").answer(200, "null"),
        r#"libpod prune ok {"what":"containers"}"#,
    );
}

#[test]
fn create() {
    let body = r#"{"env":{"A":"b"},"image":"quay.io/a/b:1","name":"web","command":["x"]}"#;
    check(
        &talk("POST", "/libpod/containers/create")
            .body(body)
            .answer(201, format!(r#"{{"Id":"{ID}","Warnings":[]}}"#)),
        &format!(
            r#"libpod create ok {{"image":"quay.io/a/b:1","container":"{ID}","container_name":"web"}}"#
        ),
    );
    let body = format!(r#"{{"image":"{HEX}","raw_image_name":"quay.io/a/b"}}"#);
    check(
        &talk("POST", "/libpod/containers/create")
            .body(body)
            .answer(500, r#"{"cause":"x","message":"m","response":500}"#),
        r#"libpod create error: m {"image":"quay.io/a/b:latest"}"#,
    );
    let body = format!(r#"{{"image":"{HEX}"}}"#);
    check(
        &talk("POST", "/libpod/containers/create")
            .body(body)
            .answer(201, format!(r#"{{"Id":"{ID}"}}"#)),
        &format!(
            r#"libpod create ok {{"digest":"sha256:{HEX}","digest_kind":"config","container":"{ID}"}}"#
        ),
    );
}

#[test]
fn what_a_container_sees_of_the_machine() {
    let body = r#"{"image":"quay.io/a/b:1","mounts":[{"destination":"/d.sock","type":"bind","source":"/run/podman/podman.sock","options":["rbind","ro"]},{"destination":"/tmp","type":"tmpfs","source":"tmpfs"},{"destination":"/c","source":"/srv","type":"bind"}],"volumes":[{"Name":"cache","Dest":"/v"}]}"#;
    check(
        &talk("POST", "/libpod/containers/create")
            .body(body)
            .answer(201, format!(r#"{{"Id":"{ID}"}}"#)),
        &format!(
            r#"libpod create ok {{"image":"quay.io/a/b:1","container":"{ID}","binds":[{{"source":"/run/podman/podman.sock","target":"/d.sock","read_only":true}},{{"source":"/srv","target":"/c"}}]}}"#
        ),
    );
}

#[test]
fn containers_and_exec() {
    for op in ["start", "stop", "kill", "restart"] {
        check(
            &talk("POST", &format!("/libpod/containers/web/{op}")).answer(204, ""),
            &format!(r#"libpod {op} ok {{"container":"web"}}"#),
        );
    }
    check(
        &talk("POST", "/libpod/containers/web/exec")
            .body(r#"{"Cmd":["x"]}"#)
            .answer(201, format!(r#"{{"Id":"{HEX}"}}"#)),
        &format!(r#"{{"exec":{{"id":"{HEX}","container":"web"}}}}"#),
    );
    check(
        &talk("POST", &format!("/libpod/exec/{HEX}/start")).answer(200, ""),
        &format!(r#"libpod exec ok {{"exec":"{HEX}"}}"#),
    );
}

/// The compatible API of Podman, told by its `Server` header: ids are configurations, and streams
/// differ.
#[test]
fn compatible() {
    let podman = |talk: Talk| talk.server("Libpod/4.9.3 (linux)").told();
    let version = r#"{"version":{"version":"4.9.3"}}"#;
    let pulled = "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":7,\"total\":9},\"id\":\"86e0e091d0da\"}\n\
                  {\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"86e0e091d0da\"}\n\
                  {\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"3f9c2a71b0c1\"}\n";
    assert_eq!(
        podman(talk("POST", "/v1.41/images/create?fromImage=busybox&tag=1").answer(200, pulled)),
        format!(
            "{version}\n{}",
            r#"docker pull ok {"image":"docker.io/library/busybox:1","bytes":9}"#
        )
    );
    assert_eq!(
        podman(
            talk("POST", "/images/load")
                .answer(200, r#"{"stream":"Loaded image: localhost/a:1,r.io/b:2"}"#)
        ),
        format!(
            "{version}\n{}",
            r#"docker load ok {"image":"localhost/a:1","images":["localhost/a:1","r.io/b:2"]}"#
        )
    );
    assert_eq!(
        podman(talk("POST", "/commit?container=web").answer(201, format!(r#"{{"Id":"{HEX}"}}"#))),
        format!(
            r#"{version}
docker commit ok {{"digest":"sha256:{HEX}","digest_kind":"config","container":"web"}}"#
        )
    );
    assert_eq!(
        podman(talk("POST", "/images/create?fromSrc=-").answer(
            200,
            format!(r#"{{"status":"{HEX}","progress":"","progressDetail":{{}},"id":"{HEX}"}}"#)
        )),
        format!(
            r#"{version}
docker import ok {{"digest":"sha256:{HEX}","digest_kind":"config"}}"#
        )
    );
    let pushed = format!("{{\"status\":\"1: digest: sha256:{HEX} size: 527\"}}\n");
    assert_eq!(
        podman(talk("POST", "/images/r.io/a/push?tag=1").answer(200, pushed)),
        format!(
            "{version}\ndocker push ok {{\"image\":\"r.io/a:1\",\"digest\":\"sha256:{HEX}\",\"digest_kind\":\"unknown\"}}"
        )
    );
}
