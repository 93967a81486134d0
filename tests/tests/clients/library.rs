//! One story with every row of the Docker table, as a library tells it: docker-py and dockerode.

use std::path::Path;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Client, Generation};
use imgtrace_tests::story::{Row, succeed};
use serde_json::Value;

use super::images::Known;
use super::stage::{Stage, program};

/// Has the client tell its story, with `name` in every name that it makes.
pub(super) fn tell(
    stage: &mut Stage,
    client: Client,
    known: &Known,
    name: &str,
    folder: &Path,
) -> Result<()> {
    let (file, script) = match client {
        Client::DockerPy => ("story.py", include_str!("story.py")),
        _ => ("story.js", include_str!("story.js")),
    };
    let file = folder.join(file);
    std::fs::write(&file, script)?;
    let (file, folder) = (file.display().to_string(), folder.display().to_string());
    let args = [
        &file,
        &known.image,
        &known.repository,
        &known.digest,
        name,
        &folder,
    ];
    let actor = succeed(&mut program(stage.docker, client, &args)?)?;
    let told: Value = serde_json::from_str(actor.ran.stdout.trim())?;
    let answer = |field: &str| {
        told[field]
            .as_str()
            .with_context(|| format!("no {field} in {told}"))
    };
    let (id, commit) = (answer("id")?, answer("commit")?);
    let of = |op: &str| Row::ok(op).container(id).name(name).image(&known.image);
    let hub = |what: &str| format!("docker.io/library/{name}-{what}:1");
    let pushed = format!("{}-{name}:2", known.repository);
    let removed = Row::ok("remove-image").image(&pushed);
    let removed = match stage.docker.generation() {
        Generation::Debian => removed.digest(answer("push")?),
        // Tells of the name only.
        Generation::Newest => removed,
    };
    let rows = [
        Row::ok("pull").image(&known.image).digest(&known.digest),
        Row::ok("pull")
            .image(&known.by_digest())
            .digest(&known.digest),
        Row::ok("pull").image(&known.repository).all_tags(),
        Row::error("pull").image(&format!("{}-missing:1", known.repository)),
        of("create"),
        Row::error("create").image(&known.image).name(name),
        Row::error("create").image(&hub("missing")),
        of("start"),
        of("start"),
        of("restart"),
        of("exec"),
        of("kill"),
        Row::error("exec")
            .container(id)
            .name(name)
            .image(&known.image),
        Row::error("start").container(&format!("{name}-missing")),
        of("start"),
        of("stop"),
        Row::ok("commit")
            .container(id)
            .name(name)
            .image(&hub("commit"))
            .digest(commit),
        Row::ok("tag").image(&hub("commit")).target(&pushed),
        Row::ok("push").image(&pushed).digest(answer("push")?),
        Row::ok("save").image(&known.image),
        Row::ok("load").image(&known.image),
        Row::ok("import")
            .image(&hub("import"))
            .digest(answer("import")?),
        Row::ok("build")
            .image(&hub("build"))
            .digest(answer("build")?),
        of("remove-container"),
        removed,
        Row::error("remove-image").image(&hub("missing")),
        Row::ok("prune").what("images"),
        Row::ok("prune").what("containers"),
        Row::ok("prune").what("build-cache"),
    ];
    stage.expect(&actor.who, rows);
    Ok(())
}
