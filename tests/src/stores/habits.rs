//! What clients of one Docker do that is worth a word: a container gets the socket, read-only; a job pulls the same image
//! each time; an old library lists; and one client removes what another has brought.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Situation, Told, Watch};
use crate::lab::{Client, Docker, Generation, Image, Lab, Ran, SOCKET_INSIDE, say};

pub(super) const SITUATION: Situation = Situation {
    name: "habits",
    peers: &[],
    play,
};

/// How often the job pulls.
const PULLS: usize = 3;

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let image = registry.add(Image::Own)?;
    let watch = Watch::begin(lab, &[("docker", &docker.socket())])?;
    for _ in 0..PULLS {
        docker.cli(&["pull", &image])?;
        // Until the store's files have been read again it is not known that it is there.
        watch.records(&format!("\"names\":[\"{image}"))?;
    }
    say(&format!("docker pull {image}, {PULLS} times"));
    let socket = docker.socket().display().to_string();
    let bind = format!("{socket}:{SOCKET_INSIDE}:ro");
    docker.cli(&["create", "--name", "agent", "-v", &bind, &image, "true"])?;
    let folder = docker.socket();
    let folder = folder.parent().unwrap_or(&folder).display().to_string();
    let mount = format!("type=bind,source={folder},target=/host");
    docker.cli(&[
        "create", "--name", "wide", "--mount", &mount, &image, "true",
    ])?;
    say("two containers, one with the socket and one with the folder around it");
    // An API that Docker 1.12 had.
    ask(&docker, "GET", "/v1.24/images/json")?;
    ask(&docker, "DELETE", "/v1.24/containers/agent?force=1")?;
    ask(&docker, "DELETE", "/v1.24/containers/wide?force=1")?;
    let path = format!("/v1.24/images/{image}?force=1");
    ask(&docker, "DELETE", &path)?;
    watch.line(|line| line["op"] == "remove-image" && line["outcome"] == "ok")?;
    watch.finding("removed-by", &image)?;
    let told = watch.end()?;

    told.only(&["socket-grant", "repeated-pull", "old-api", "removed-by"])?;
    pulled(&told, &image)?;
    granted(&told, &socket, &folder)?;
    spoken(&told)?;
    removed(&told, &image)?;
    Ok(told)
}

/// A request of curl's.
fn ask(docker: &Docker, method: &str, path: &str) -> Result<()> {
    let mut curl = docker.command(Client::Curl)?;
    curl.args(["-sS", "-X", method, "--unix-socket"]);
    Ran::ok(curl.arg(docker.socket()).arg(format!("http://lab{path}")))?;
    say(&format!("curl -X {method} {path}"));
    Ok(())
}

/// The third pull only asked for the digest: the image was there by the store's own files.
fn pulled(told: &Told, image: &str) -> Result<()> {
    let it = told.finding("repeated-pull")?;
    ensure!(
        it["image"] == *image && it["count"] == PULLS && it["severity"] == "info",
        "{it:#}"
    );
    ensure!(said(it).contains("only asked for its digest"), "{it:#}");
    ensure!(
        it["operations"]
            .as_array()
            .is_some_and(|all| all.len() == PULLS),
        "{it:#}"
    );
    Ok(())
}

fn granted(told: &Told, socket: &str, folder: &str) -> Result<()> {
    let all = told.findings("socket-grant");
    let [agent, wide] = all.as_slice() else {
        anyhow::bail!("two grants are expected, not {all:#?}")
    };
    for (it, words) in [
        (agent, [socket, "read-only, which does not help"]),
        (wide, [folder, "which holds"]),
    ] {
        ensure!(it["severity"] == "warning", "{it:#}");
        ensure!(words.iter().all(|word| said(it).contains(word)), "{it:#}");
    }
    let created = told.operations("create");
    let binds: Vec<_> = created.iter().map(|line| &line["binds"]).collect();
    ensure!(
        binds.len() == 2 && binds[0][0]["read_only"] == true && binds[1][0]["target"] == "/host",
        "{binds:#?}"
    );
    Ok(())
}

fn spoken(told: &Told) -> Result<()> {
    let it = told.finding("old-api")?;
    ensure!(it["severity"] == "warning", "{it:#}");
    let words = ["curl", "1.24", "Docker 29.0"];
    ensure!(words.iter().all(|word| said(it).contains(word)), "{it:#}");
    Ok(())
}

/// curl removed what docker had created and pulled.
fn removed(told: &Told, image: &str) -> Result<()> {
    let all = told.findings("removed-by");
    let of_image = all
        .iter()
        .find(|it| said(it).contains(&format!("removed {image} from")));
    let of_container = all
        .iter()
        .find(|it| said(it).contains("removed container agent"));
    for it in [of_image, of_container] {
        let Some(it) = it else {
            anyhow::bail!("an image and a container went, but: {all:#?}")
        };
        ensure!(
            said(it).starts_with("curl") && said(it).contains("docker ("),
            "{it:#}"
        );
    }
    Ok(())
}

fn said(finding: &Value) -> &str {
    finding["summary"].as_str().unwrap_or_default()
}
