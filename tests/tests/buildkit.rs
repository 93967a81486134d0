//! Builds by BuildKit: each is one operation with the image's name and digest, whatever its steps run, and nothing of
//! what flows in it is told.

#![expect(
    clippy::indexing_slicing,
    reason = "a field that an answer lacks is null"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{
    Client, Docker, Generation, Image, Lab, Peers, Ran, Registry, missing, skip,
};
use imgtrace_tests::story::{Actor, Listeners, MARK, Row, Stage, Who, attempt, succeed};
use imgtrace_tests::tracer;
use serde_json::Value;

/// Says whether a test cannot run here, and lets it end there.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

#[test]
fn buildctl() -> Result<()> {
    needs!("buildctl", Peers::BuildKit.missing());
    let lab = Lab::new("w-buildctl")?;
    let registry = lab.registry()?;
    let buildkitd = lab.buildkitd()?;
    let contexts = Contexts::new(&lab, &registry)?;
    let mut stage = Stage::open(&[("buildkit", &buildkitd.socket())], lab.place())?;
    let name = format!("{}/imgtrace-lab/built:1", registry.address());
    let row = |row: Row| row.endpoint("buildkit/buildkit");
    let build = |context: &Path, more: &[&str]| -> Result<Command> {
        let mut command = buildkitd.buildctl()?;
        command.args(words_of_a_build(context)).args(more);
        Ok(command)
    };
    let metadata = contexts.metadata();
    let output = format!("type=image,\"name={name},localhost/other:2\"");
    let told = ["--output", &output, "--metadata-file", &metadata];
    let actor = succeed(&mut build(&contexts.good, &told)?)?;
    let digest = digest(&metadata)?;
    let expected = row(Row::ok("build")).image(&name).digest(&digest);
    stage.expect(&actor.who, [expected]);
    // Nothing names what comes of it.
    let actor = succeed(&mut build(&contexts.good, &[])?)?;
    stage.expect(&actor.who, [row(Row::ok("build"))]);
    let output = format!("type=image,name={name}");
    let actor = attempt(&mut build(&contexts.bad, &["--output", &output])?)?;
    ensure!(!actor.ran.status.success(), "a step that fails did not");
    let failed = row(Row::error("build")).image(&name);
    stage.expect(&actor.who, [failed.saying("exit code: 7")]);
    let actor = succeed(buildkitd.buildctl()?.arg("prune"))?;
    stage.expect(&actor.who, [row(Row::ok("prune")).what("build-cache")]);
    stage.close()?;
    Ok(())
}

#[test]
fn buildx_of_docker() -> Result<()> {
    needs!(
        "buildx_of_docker",
        Generation::Newest.missing(),
        Peers::BuildKit.missing()
    );
    let lab = Lab::new("w-buildx")?;
    let registry = lab.registry()?;
    let contexts = Contexts::new(&lab, &registry)?;
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        let (socket, below) = (docker.socket(), docker.containerd().socket());
        let mut stage = Stage::open(&[("docker", &socket), ("containerd", &below)], lab.place())?;
        let buildx = Buildx::new(&docker, &lab)?;
        let name = "docker.io/library/built:1";
        let metadata = contexts.metadata();
        let row = |row: Row| row.endpoint("docker/buildkit").image(name);
        let words = ["--tag", "built:1", "--metadata-file", &metadata];
        let (actor, who) = buildx.run(&contexts.good, &words)?;
        ensure!(actor.ran.status.success(), "{}", actor.ran.stderr);
        stage.expect(&who, [row(Row::ok("build")).digest(&digest(&metadata)?)]);
        let (actor, who) = buildx.run(&contexts.bad, &["--tag", "built:1"])?;
        ensure!(!actor.ran.status.success(), "a step that fails did not");
        stage.expect(&who, [row(Row::error("build")).saying("exit code: 7")]);
        stage.close()?;
    }
    Ok(())
}

#[test]
fn secrets_of_builds_are_nowhere() -> Result<()> {
    needs!(
        "secrets_of_builds_are_nowhere",
        Generation::Newest.missing(),
        Peers::BuildKit.missing()
    );
    let lab = Lab::new("w-build-secrets")?;
    let registry = lab.registry()?;
    let contexts = Contexts::new(&lab, &registry)?;
    let buildkitd = lab.buildkitd()?;
    let docker = lab.docker(Generation::Newest)?;
    let sockets = [
        ("buildkit", buildkitd.socket()),
        ("docker", docker.socket()),
    ];
    let sockets = sockets
        .each_ref()
        .map(|(kind, path)| (*kind, path.as_path()));
    let listeners = Listeners::start(&sockets, &lab.place().data().join("recording"))?;
    let file = contexts.folder.join("password");
    fs::write(&file, format!("{MARK}01"))?;
    let secret = format!("id=told,src={}", file.display());
    let mut command = buildkitd.buildctl()?;
    command.args(words_of_a_build(&contexts.secret));
    command.args(["--secret", &secret, "--opt"]);
    Ran::ok(command.arg(format!("build-arg:NAME={MARK}02")))?;
    let argument = format!("NAME={MARK}03");
    let label = format!("token={MARK}04");
    let buildx = Buildx::new(&docker, &lab)?;
    let words = [
        "--secret",
        &secret,
        "--build-arg",
        &argument,
        "--label",
        &label,
    ];
    let words = [&words[..], &["--tag", "localhost/were:told"]].concat();
    let (actor, _) = buildx.run(&contexts.secret, &words)?;
    ensure!(actor.ran.status.success(), "{}", actor.ran.stderr);
    listeners.heard_none(&["build"], "localhost/were:told")
}

/// What is built.
struct Contexts {
    folder: PathBuf,
    good: PathBuf,
    bad: PathBuf,
    secret: PathBuf,
}

impl Contexts {
    fn new(lab: &Lab, registry: &Registry) -> Result<Self> {
        let folder = lab.place().data_dir("contexts")?;
        let image = registry.reference(Image::Busybox);
        let context = |name: &str, lines: &str| -> Result<PathBuf> {
            let context = folder.join(name);
            fs::create_dir_all(&context)?;
            fs::write(
                context.join("Dockerfile"),
                format!("FROM {image}\n{lines}\n"),
            )?;
            Ok(context)
        };
        Ok(Self {
            good: context("good", "RUN echo built > /file")?,
            bad: context("bad", "RUN exit 7")?,
            // A step that fails unless it is told them.
            secret: context(
                "secret",
                "ARG NAME\nRUN --mount=type=secret,id=told test -n \"$NAME\" && test -s /run/secrets/told",
            )?,
            folder,
        })
    }

    fn metadata(&self) -> String {
        self.folder.join("metadata.json").display().to_string()
    }
}

/// buildctl's words for a build of a folder.
fn words_of_a_build(context: &Path) -> Vec<String> {
    let folder = context.display();
    let mut words = vec!["build".to_owned(), "--progress=plain".to_owned()];
    words.push("--frontend=dockerfile.v0".to_owned());
    words.push(format!("--local=context={folder}"));
    words.push(format!("--local=dockerfile={folder}"));
    words
}

/// The digest that the client was told.
fn digest(metadata: &str) -> Result<String> {
    let metadata: Value = serde_json::from_str(&fs::read_to_string(metadata)?)?;
    let digest = metadata["containerimage.digest"].as_str();
    Ok(digest.context("no digest")?.to_owned())
}

/// `docker buildx build` by the newest docker command, whose plug-in is the one that asks.
struct Buildx<'a> {
    docker: &'a Docker,
    plugin: PathBuf,
    pid_file: PathBuf,
}

impl<'a> Buildx<'a> {
    /// Puts a script before the plug-in that tells its pid and becomes it.
    fn new(docker: &'a Docker, lab: &Lab) -> Result<Self> {
        let plugin = Peers::BuildKit.require()?.join("docker-buildx");
        let pid_file = lab.place().data().join("buildx.pid");
        docker.announce_plugin("docker-buildx", &plugin, &pid_file)?;
        Ok(Self {
            docker,
            plugin,
            pid_file,
        })
    }

    fn run(&self, context: &Path, words: &[&str]) -> Result<(Actor, Who)> {
        let mut command = self.docker.command(Client::DockerNewest)?;
        // Where there is no bridge, a step could not have one.
        command.args(["buildx", "build", "--progress=plain", "--network=none"]);
        command.arg("--provenance=false");
        let actor = attempt(command.args(words).arg(context))?;
        let plugin = self.plugin.display().to_string();
        let mut who = actor.who.clone();
        who.ancestors.insert(0, who.pid);
        who.pid = fs::read_to_string(&self.pid_file)?.trim().parse()?;
        who.exe.clone_from(&plugin);
        who.args[0] = plugin;
        Ok((actor, who))
    }
}
