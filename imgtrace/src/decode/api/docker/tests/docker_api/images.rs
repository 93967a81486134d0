//! Images.

use super::*;

fn pulled(digest: &str) -> String {
    format!(
        "{{\"status\":\"Pulling from library/busybox\",\"id\":\"1.36\"}}\r\n\
         {{\"status\":\"Pull complete\",\"progressDetail\":{{}},\"id\":\"3f9c2a71b0c1\"}}\r\n\
         {{\"status\":\"Digest: sha256:{digest}\"}}\r\n\
         {{\"status\":\"Status: Downloaded newer image for busybox:1.36\"}}\r\n"
    )
}

#[test]
fn pull() {
    let told = format!(
        r#"docker pull ok {{"image":"docker.io/library/busybox:1.36","digest":"sha256:{HEX}","digest_kind":"unknown"}}"#
    );
    for query in [
        "fromImage=busybox&tag=1.36",
        "fromImage=busybox%3A1.36",
        "fromImage=docker.io%2Flibrary%2Fbusybox&tag=1.36",
        "tag=1.36&fromImage=index.docker.io/library/busybox:&fromSrc=",
        "fromSrc=&fromImage=busybox:1.35&tag=1.36&repo=x&message=",
    ] {
        check(
            &talk("POST", &format!("/images/create?{query}")).answer(200, pulled(HEX)),
            &told,
        );
    }
}

#[test]
fn pull_by_digest_and_platform() {
    let digest = format!("sha256:{HEX}");
    let told = format!(
        r#"docker pull ok {{"image":"r.io:5/a/b@{digest}","digest":"{digest}","digest_kind":"unknown","platform":"linux/arm64/v8"}}"#
    );
    for query in [
        format!("fromImage=r.io%3A5%2Fa%2Fb&tag={digest}&platform=linux%2Farm64%2Fv8"),
        format!("fromImage=r.io:5/a/b@{digest}&platform=linux/arm64/v8"),
        format!("fromImage=r.io:5/a/b:1&tag=sha256%3A{HEX}&platform=linux/arm64/v8"),
    ] {
        check(
            &talk("POST", &format!("/images/create?{query}")).answer(200, pulled(HEX)),
            &told,
        );
    }
}

#[test]
fn pull_of_all_tags() {
    let told = r#"docker pull ok {"image":"docker.io/library/busybox","all_tags":true}"#;
    let answer = pulled(HEX) + &pulled(ID);
    for query in [
        "fromImage=busybox",
        "fromImage=busybox:",
        "fromImage=busybox&tag=",
    ] {
        check(
            &talk("POST", &format!("/images/create?{query}")).answer(200, answer.as_str()),
            told,
        );
    }
}

#[test]
fn pull_that_fails() {
    let pull = talk("POST", "/images/create?fromImage=nosuch&tag=1");
    let told = r#"docker pull error: pull access denied for nosuch {"image":"docker.io/library/nosuch:1"}"#;
    check(
        &pull
            .clone()
            .answer(404, r#"{"message":"pull access denied for nosuch"}"#),
        told,
    );
    check(
        &pull.clone().answer(
            200,
            "{\"status\":\"Pulling from library/nosuch\",\"id\":\"1\"}\r\n\
             {\"errorDetail\":{\"message\":\"pull access denied for nosuch\"},\"error\":\"pull access denied for nosuch\"}\r\n",
        ),
        told,
    );
    // From API 1.52 on Podman leaves the old field out.
    check(
        &pull.answer(
            200,
            r#"{"errorDetail":{"message":"pull access denied for nosuch"}}"#,
        ),
        told,
    );
    check(
        &talk("POST", "/images/create?fromImage=Not%20A%20Name")
            .answer(400, r#"{"message":"invalid reference format"}"#),
        r#"docker pull error: invalid reference format {"image":"Not A Name"}"#,
    );
}

#[test]
fn parameters_may_stand_in_a_form() {
    let told = format!(
        r#"docker pull ok {{"image":"docker.io/library/busybox:1.36","digest":"sha256:{HEX}","digest_kind":"unknown"}}"#
    );
    let pull = talk("POST", "/images/create").answer(200, pulled(HEX));
    check(&pull.form("fromImage=busybox&tag=1.36"), &told);
    let pull = talk("POST", "/images/create?tag=1.35&fromImage=other").answer(200, pulled(HEX));
    check(&pull.form("fromImage=busybox&tag=1.36"), &told);
    check(
        &talk("POST", "/images/busybox/tag")
            .form("repo=r.io/b&tag=2")
            .answer(201, ""),
        r#"docker tag ok {"image":"docker.io/library/busybox:latest","target":"r.io/b:2"}"#,
    );
}

#[test]
fn import() {
    let answer = format!(
        "{{\"status\":\"Importing\",\"progressDetail\":{{}}}}\r\n{{\"status\":\"sha256:{HEX}\"}}\r\n"
    );
    check(
        &talk("POST", "/images/create?fromSrc=-&repo=app&tag=1")
            .body(vec![b'x'; 600])
            .answer(200, answer.as_str()),
        &format!(
            r#"docker import ok {{"image":"docker.io/library/app:1","digest":"sha256:{HEX}","digest_kind":"unknown"}}"#
        ),
    );
    check(
        &talk(
            "POST",
            "/images/create?fromSrc=http%3A%2F%2Fx%2Fy.tar&fromImage=",
        )
        .answer(200, answer.as_str()),
        &format!(r#"docker import ok {{"digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
    check(
        &talk("POST", "/images/create?fromSrc=-&repo=app")
            .answer(200, "{\"error\":\"unexpected EOF\"}\r\n"),
        r#"docker import error: unexpected EOF {"image":"docker.io/library/app:latest"}"#,
    );
}

#[test]
fn load() {
    let load = talk("POST", "/images/load?quiet=1").body(vec![0; 4096]);
    check(
        &load
            .clone()
            .answer(200, "{\"stream\":\"Loaded image: busybox:1.36\\n\"}\r\n"),
        r#"docker load ok {"image":"docker.io/library/busybox:1.36"}"#,
    );
    check(
        &load.clone().answer(200, "{\"stream\":\"Loaded image: a:1\\n\"}\r\n{\"stream\":\"Loaded image: r.io/b:2\\n\"}\r\n"),
        r#"docker load ok {"image":"docker.io/library/a:1","images":["docker.io/library/a:1","r.io/b:2"]}"#,
    );
    check(
        &load.clone().answer(
            200,
            format!("{{\"stream\":\"Loaded image ID: sha256:{HEX}\\n\"}}\r\n"),
        ),
        &format!(r#"docker load ok {{"digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
    // Without any name the ids come in one document.
    let ids = format!(
        "{{\"stream\":\"Loaded image ID: sha256:{HEX}\\nLoaded image ID: sha256:{ID}\\n\"}}\r\n"
    );
    check(
        &load.clone().answer(200, ids),
        &format!(r#"docker load ok {{"digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
    check(
        &load.answer(
            200,
            "{\"errorDetail\":{\"message\":\"unexpected EOF\"},\"error\":\"unexpected EOF\"}\r\n",
        ),
        "docker load error: unexpected EOF {}",
    );
}

#[test]
fn save() {
    check(
        &talk("GET", "/images/docker.io%2Flibrary%2Fbusybox:1/get").answer(200, "tar"),
        r#"docker save ok {"image":"docker.io/library/busybox:1"}"#,
    );
    check(
        &talk("GET", "/images/get?names=a").answer(200, "tar"),
        r#"docker save ok {"image":"docker.io/library/a:latest"}"#,
    );
    check(
        &talk("GET", &format!("/images/get?names=a%3A1&names={HEX}")).answer(200, "tar"),
        &format!(
            r#"docker save ok {{"image":"docker.io/library/a:1","images":["docker.io/library/a:1","sha256:{HEX}"]}}"#
        ),
    );
    check(
        &talk("GET", "/images/get?names=a").answer(404, r#"{"message":"No such image: a"}"#),
        r#"docker save error: No such image: a {"image":"docker.io/library/a:latest"}"#,
    );
}

#[test]
fn build() {
    let build = talk(
        "POST",
        "/build?t=app&t=r.io%2Fapp%3A1&buildargs=%7B%22A%22%3A%22b%22%7D&rm=1&platform=linux%2Famd64",
    );
    let asked = r#""image":"docker.io/library/app:latest","images":["docker.io/library/app:latest","r.io/app:1"]"#;
    let answer = format!(
        "{{\"stream\":\"Step 1/1 : FROM scratch\"}}\r\n{{\"aux\":{{\"ID\":\"sha256:{ID}\"}}}}\r\n\
         {{\"id\":\"moby.buildkit.trace\",\"aux\":\"CoEBCkdzaGEyNTY6\"}}\r\n\
         {{\"aux\":{{\"ID\":\"sha256:{HEX}\"}}}}\r\n{{\"stream\":\"Successfully built 86e0e091d0da\\n\"}}\r\n\
         {{\"stream\":\"Successfully tagged app:latest\\n\"}}\r\n{{\"stream\":\"Successfully tagged r.io/app:1\\n\"}}\r\n"
    );
    check(
        &build.clone().body(vec![0; 1024]).answer(200, answer),
        &format!(
            r#"docker build ok {{{asked},"digest":"sha256:{HEX}","digest_kind":"unknown","platform":"linux/amd64"}}"#
        ),
    );
    check(
        &build.answer(
            200,
            "{\"errorDetail\":{\"code\":1,\"message\":\"it failed\"},\"error\":\"it failed\"}\r\n",
        ),
        &format!(r#"docker build error: it failed {{{asked},"platform":"linux/amd64"}}"#),
    );
    check(
        &talk("POST", "/build?q=1").answer(200, format!("{{\"stream\":\"sha256:{HEX}\\n\"}}\r\n")),
        &format!(r#"docker build ok {{"digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
}

#[test]
fn what_a_build_step_prints_is_not_believed() {
    let answer = format!(
        "{{\"stream\":\"Successfully tagged evil:1\\n\"}}\r\n{{\"stream\":\"{ID}\\n\"}}\r\n{{\"stream\":\" ---> 86e0\\n\"}}\r\n"
    );
    check(
        &talk("POST", "/build?t=a:1").answer(200, answer),
        r#"docker build ok {"image":"docker.io/library/a:1","images":["docker.io/library/a:1"]}"#,
    );
}

#[test]
fn commit() {
    check(
        &talk("POST", "/commit?container=web&repo=app&tag=1&author=x")
            .body(r#"{"Env":["A=b"]}"#)
            .answer(201, format!(r#"{{"Id":"sha256:{HEX}"}}"#)),
        &format!(
            r#"docker commit ok {{"image":"docker.io/library/app:1","digest":"sha256:{HEX}","digest_kind":"unknown","container":"web"}}"#
        ),
    );
    check(
        &talk("POST", "/commit?container=web")
            .answer(404, r#"{"message":"No such container: web"}"#),
        r#"docker commit error: No such container: web {"container":"web"}"#,
    );
}

#[test]
fn tag() {
    for path in [
        "/images/docker.io/library/x:1/tag",
        "/images/docker.io%2Flibrary%2Fx%3A1/tag",
        "/images/x:1/tag",
    ] {
        check(
            &talk("POST", &format!("{path}?repo=r.io%2Fy&tag=2")).answer(201, ""),
            r#"docker tag ok {"image":"docker.io/library/x:1","target":"r.io/y:2"}"#,
        );
    }
    check(
        &talk("POST", "/images/86e0e091d0da/tag?repo=y").answer(201, ""),
        r#"docker tag ok {"digest":"86e0e091d0da","digest_kind":"unknown","target":"docker.io/library/y:latest"}"#,
    );
}

#[test]
fn push() {
    let answer = format!(
        "{{\"status\":\"The push refers to repository [r.io/a/b]\"}}\r\n{{\"status\":\"Pushing\",\"progressDetail\":{{\"current\":512,\"total\":1024}},\"id\":\"aa\"}}\r\n\
         {{\"status\":\"Pushed\",\"progressDetail\":{{}},\"id\":\"aa\"}}\r\n\
         {{\"status\":\"1: digest: sha256:{HEX} size: 527\"}}\r\n\
         {{\"progressDetail\":{{}},\"aux\":{{\"Tag\":\"1\",\"Digest\":\"sha256:{HEX}\",\"Size\":527}}}}\r\n"
    );
    check(
        &talk("POST", "/images/r.io/a/b/push?tag=1").answer(200, answer),
        &format!(
            r#"docker push ok {{"image":"r.io/a/b:1","digest":"sha256:{HEX}","digest_kind":"unknown","bytes":1024}}"#
        ),
    );
    check(
        &talk("POST", "/images/r.io%2Fa%2Fb/push").answer(200, ""),
        r#"docker push ok {"image":"r.io/a/b"}"#,
    );
    check(
        &talk("POST", "/images/r.io/a/push?tag=1&platform=%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22arm64%22%2C%22variant%22%3A%22v8%22%7D")
            .answer(200, "{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\r\n"),
        r#"docker push error: denied {"image":"r.io/a:1","platform":"linux/arm64/v8"}"#,
    );
}

#[test]
fn remove_image() {
    check(
        &talk("DELETE", "/images/busybox:1?force=1").answer(200, r#"[{"Untagged":"busybox:1"}]"#),
        r#"docker remove-image ok {"image":"docker.io/library/busybox:1"}"#,
    );
    check(
        &talk("DELETE", "/images/busybox:1").answer(
            200,
            format!(r#"[{{"Untagged":"busybox:1"}},{{"Untagged":"busybox@sha256:{HEX}"}},{{"Deleted":"sha256:{ID}"}},{{"Deleted":"sha256:{HEX}"}}]"#),
        ),
        &format!(r#"docker remove-image ok {{"image":"docker.io/library/busybox:1","digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
    // Fewer digits than an id is printed with look like a name, until the answer tells.
    check(
        &talk("DELETE", "/images/86e0").answer(
            200,
            format!(r#"[{{"Untagged":"busybox:1"}},{{"Deleted":"sha256:{HEX}"}}]"#),
        ),
        &format!(
            r#"docker remove-image ok {{"image":"docker.io/library/busybox:1","digest":"sha256:{HEX}","digest_kind":"unknown"}}"#
        ),
    );
    check(
        &talk("DELETE", &format!("/images/sha256:{HEX}")).answer(
            200,
            format!(r#"[{{"Untagged":"busybox:1"}},{{"Deleted":"sha256:{HEX}"}}]"#),
        ),
        &format!(r#"docker remove-image ok {{"digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
    check(
        &talk("DELETE", "/images/r.io%2Fa%2Fb:1").answer(
            409,
            r#"{"message":"conflict: unable to remove repository reference"}"#,
        ),
        r#"docker remove-image error: conflict: unable to remove repository reference {"image":"r.io/a/b:1"}"#,
    );
    check(
        &talk("DELETE", "/images/86e0e091d0da").answer(
            200,
            format!(
                r#"[{{"Untagged":"busybox@sha256:{ID}"}},{{"Deleted":"sha256:{HEX}"}},{{"Deleted":"sha256:{ID}"}}]"#
            ),
        ),
        &format!(r#"docker remove-image ok {{"digest":"sha256:{HEX}","digest_kind":"unknown"}}"#),
    );
}

#[test]
fn prune() {
    for (path, what) in [
        ("images", "images"),
        ("containers", "containers"),
        ("build", "build-cache"),
    ] {
        check(
            &talk("POST", &format!("/{path}/prune?filters=%7B%7D")).answer(
                200,
                r#"{"ImagesDeleted":[{"Deleted":"x"}],"SpaceReclaimed":12345}"#,
            ),
            &format!(r#"docker prune ok {{"bytes":12345,"what":"{what}"}}"#),
        );
    }
}
