//! The story by curl, with and without a version in the path: one process that keeps its connection, and one whose
//! body waits for `100 Continue`.

use std::path::Path;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::Client;
use imgtrace_tests::story::{Actor, Row, succeed};
use serde_json::{Value, json};

use super::images::Known;
use super::stage::Stage;

/// One request of a curl: the lines of its configuration file (curl(1), `--config`).
fn request(method: &str, target: &str) -> String {
    format!("request = {method}\nurl = \"http://localhost{target}\"\n")
}

/// One with a body out of a file.
fn sending(method: &str, target: &str, kind: &str, file: &str) -> String {
    let body =
        format!("header = \"Content-Type: application/{kind}\"\ndata-binary = \"@{file}\"\n");
    request(method, target) + &body
}

/// One curl with these requests, one after the other. Errors of the daemon are answers like others. They stand in a
/// file: a command line of that length is not kept whole.
fn run(stage: &Stage, folder: &Path, requests: &[String]) -> Result<Actor> {
    let common = format!(
        "silent\nshow-error\nunix-socket = {}\n",
        stage.docker.socket().display()
    );
    let text: Vec<_> = requests
        .iter()
        .map(|request| format!("{common}{request}"))
        .collect();
    let file = folder.join("curl.config");
    std::fs::write(&file, text.join("next\n"))?;
    succeed(
        stage
            .docker
            .command(Client::Curl)?
            .arg("--config")
            .arg(file),
    )
}

/// Containers, and what is made of them.
pub(super) fn containers(
    stage: &mut Stage,
    known: &Known,
    name: &str,
    folder: &Path,
) -> Result<()> {
    let Known {
        image,
        repository,
        digest,
    } = known;
    let body = |file: &str, json: Value| -> Result<String> {
        let file = folder.join(file).display().to_string();
        std::fs::write(&file, json.to_string())?;
        Ok(file)
    };
    let hub = |what: &str| format!("docker.io/library/{name}-{what}:1");
    let sleeps = body(
        "create.json",
        json!({ "Image": image, "Cmd": ["sleep", "1000"] }),
    )?;
    let execs = body("exec.json", json!({ "Cmd": ["true"] }))?;
    let container = format!("/containers/{name}");
    let at = |what: &str| format!("{container}/{what}");
    let versioned = |target: &str| format!("/v1.41{target}");
    let target = versioned(&format!("/containers/create?name={name}"));
    let create = sending("POST", &target, "json", &sleeps);
    let told = run(
        stage,
        folder,
        &[
            request(
                "POST",
                &format!("/images/create?fromImage={repository}&tag=1"),
            ),
            request(
                "POST",
                &format!("/images/create?fromImage={repository}:1&fromSrc="),
            ),
            request(
                "POST",
                &format!("/images/create?fromImage={repository}-missing&tag=1"),
            ),
            create.clone(),
            create.clone(),
            request("POST", &at("start")),
            request("POST", &at("start")),
            request("POST", &versioned(&at("restart?t=0"))),
            request("POST", &at("kill?signal=KILL")),
            request("POST", &at("wait")),
            sending("POST", &versioned(&at("exec")), "json", &execs),
            request(
                "POST",
                &format!("/commit?container={name}&repo={name}-commit&tag=1"),
            ),
            request(
                "POST",
                &format!("/images/{name}-commit:1/tag?repo={name}-tag&tag=1"),
            ),
            request("DELETE", &format!("/images/{name}-tag:1?noprune=1")),
            request("DELETE", &versioned(&container)),
            request("DELETE", &container),
            request("POST", "/containers/prune"),
            request("GET", "/containers/json?all=1"),
        ],
    )?;
    let objects = serde_json::Deserializer::from_str(&told.ran.stdout).into_iter::<Value>();
    let ids: Vec<_> = objects
        .map_while(Result::ok)
        .filter_map(|o| Some(o["Id"].as_str()?.to_owned()))
        .collect();
    let id = ids.first().context("no id was answered")?;
    let commit = ids.last().context("no id was answered")?;
    let of = |row: Row| row.container(id).name(name).image(image);
    let rows = [
        Row::ok("pull").image(image).digest(digest),
        Row::ok("pull").image(image).digest(digest),
        Row::error("pull").image(&format!("{repository}-missing:1")),
        of(Row::ok("create")),
        Row::error("create").image(image).name(name),
        of(Row::ok("start")),
        of(Row::ok("start")),
        of(Row::ok("restart")),
        of(Row::ok("kill")),
        of(Row::error("exec")),
        Row::ok("commit")
            .container(id)
            .name(name)
            .image(&hub("commit"))
            .digest(commit),
        Row::ok("tag").image(&hub("commit")).target(&hub("tag")),
        Row::ok("remove-image").image(&hub("tag")),
        of(Row::ok("remove-container")),
        Row::error("remove-container").container(name),
        Row::ok("prune").what("containers"),
    ];
    stage.expect(&told.who, rows);
    Ok(())
}

/// Images in bulk: out of the daemon and into it.
pub(super) fn images(stage: &mut Stage, known: &Known, name: &str, folder: &Path) -> Result<()> {
    let image = &known.image;
    let hub = |what: &str| format!("docker.io/library/{name}-{what}:1");
    let folder_of = folder.display();
    let saved = format!("{folder_of}/saved-by-curl.tar");
    let save =
        request("GET", &format!("/images/get?names={image}")) + &format!("output = \"{saved}\"\n");
    let unseen = request("GET", &format!("/images/{image}/get")) + "output = /dev/null\n";
    // On its own, for curl reads what it is to send before it begins.
    let actor = run(stage, folder, &[save, unseen])?;
    let row = Row::ok("save").image(image);
    stage.expect(&actor.who, [row.clone(), row]);
    let rest = run(
        stage,
        folder,
        &[
            // Longer than the megabyte from which on curl waits for 100 Continue.
            sending("POST", "/images/load?quiet=1", "x-tar", &saved),
            sending(
                "POST",
                &format!("/images/create?fromSrc=-&repo={name}-import&tag=1"),
                "x-tar",
                &format!("{folder_of}/files.tar"),
            ),
            sending(
                "POST",
                &format!("/build?t={name}-build:1&version=1"),
                "x-tar",
                &format!("{folder_of}/context.tar"),
            ),
        ],
    )?;
    let digests: Vec<_> = rest
        .ran
        .stdout
        .split('"')
        .filter(|word| word.starts_with("sha256:") && word.len() == 71)
        .collect();
    stage.expect(
        &rest.who,
        [
            Row::ok("load").image(image),
            Row::ok("import")
                .image(&hub("import"))
                .digest(digests.first().context("no digest")?),
            Row::ok("build")
                .image(&hub("build"))
                .digest(digests.last().context("no digest")?),
        ],
    );
    Ok(())
}
