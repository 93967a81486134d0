//! dockerd, with its own store and with containerd's.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use imgtrace_tests::lab::{Content, Docker, Generation, Lab};
use imgtrace_tests::story::{Actor, Row, Stage, succeed};
use imgtrace_tests::tracer::Tracer;

use super::images::{Images, Store};

/// A dockerd under imgtrace.
struct Story<'a> {
    docker: &'a Docker,
    folder: PathBuf,
    stage: Stage,
    /// The root folder of its layers.
    root: PathBuf,
}

fn row(op: &str) -> Row {
    Row::ok(op).endpoint("docker/docker")
}

/// Pulls, starts of every kind, and everything else that mounts a root file system.
pub(super) fn story(lab: &Lab, generation: Generation, options: &[&str]) -> Result<()> {
    let registry = lab.registry()?;
    let images = Images::build(&registry)?;
    let docker = lab.docker(generation)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], options)?;
    let (run, data) = (lab.place().run(), lab.place().data());
    let mut story = Story {
        docker: &docker,
        folder: data.join("work"),
        stage: Stage::over(tracer, &[run, data]),
        root: layers(&docker),
    };
    fs::create_dir_all(&story.folder)?;
    for image in images.both() {
        let pulled = row("pull").image(&image.reference).digest(&image.digest);
        story.makes(&["pull", "--quiet", &image.reference], [pulled])?;
        story.run(image)?;
    }
    story.no_start(&images.low)?;
    story.stage.close()?;
    Ok(())
}

/// Where a dockerd's layers lie.
pub(super) fn layers(docker: &Docker) -> PathBuf {
    match docker.generation() {
        Generation::Debian => docker.root(),
        Generation::Newest => docker.containerd().root(),
    }
}

/// The store of a dockerd with its layers in this folder.
pub(super) fn store(generation: Generation, root: &std::path::Path) -> Store<'_> {
    let (kind, driver) = match generation {
        Generation::Debian => ("docker", "overlay2"),
        Generation::Newest => ("containerd", "overlayfs"),
    };
    Store { kind, root, driver }
}

impl Story<'_> {
    /// `run`, detached and not; `start` of what was created; `restart`.
    fn run(&mut self, image: &Content) -> Result<()> {
        let ground = store(self.docker.generation(), &self.root).ground(image);
        let reference = &image.reference;
        let name = &format!("of-{}", image.layers);
        let own = |op: &str, id: &str| row(op).container(id).name(name).image(reference);
        let file = self.folder.join(format!("{name}.id"));
        let cid = file.display().to_string();
        let gone = [
            "run",
            "--rm",
            "--cidfile",
            &cid,
            "--name",
            name,
            reference,
            "true",
        ];
        let actor = self.makes(&gone, [])?;
        let id = fs::read_to_string(file)?;
        self.stage.expect(
            &actor.who,
            [own("create", &id), own("start", &id).on(&ground)],
        );
        let stays = ["create", "--name", name, reference, "sleep", "1000"];
        let actor = self.makes(&stays, [])?;
        let id = actor.words()[0].to_owned();
        self.stage.expect(&actor.who, [own("create", &id)]);
        self.makes(&["start", name], [own("start", &id).on(&ground)])?;
        let again = own("restart", &id).on(&ground);
        self.makes(&["restart", "--time", "0", name], [again])?;
        self.makes(&["rm", "--force", name], [own("remove-container", &id)])?;
        Ok(())
    }

    /// What mounts a root file system and starts nothing: `create`, `cp`, `export`, `commit`; and a build, whose
    /// containers are its own.
    fn no_start(&mut self, image: &Content) -> Result<()> {
        let reference = &image.reference;
        let actor = self.makes(&["create", "--name", "still", reference], [])?;
        let id = actor.words()[0].to_owned();
        let own = |op: &str| row(op).container(&id).name("still").image(reference);
        self.stage.expect(&actor.who, [own("create")]);
        let there = self.folder.join("there");
        fs::write(&there, "there\n")?;
        let there = there.display().to_string();
        let back = self.folder.join("back").display().to_string();
        self.makes(&["cp", &there, "still:/root/there"], [])?;
        self.makes(&["cp", "still:/root/there", &back], [])?;
        self.makes(&["export", "--output", &back, "still"], [])?;
        let actor = self.makes(&["commit", "still", "committed:1"], [])?;
        let committed = row("commit")
            .container(&id)
            .name("still")
            .image("docker.io/library/committed:1")
            .digest(actor.words()[0]);
        self.stage.expect(&actor.who, [committed]);
        self.makes(&["rm", "still"], [own("remove-container")])?;
        let text = format!("FROM {reference}\nRUN true\nRUN true\n");
        fs::write(self.folder.join("Dockerfile"), text)?;
        let context = self.folder.display().to_string();
        let actor = self.makes(&["build", "--quiet", "--tag", "built:1", &context], [])?;
        let built = row("build").image("docker.io/library/built:1");
        self.stage
            .expect(&actor.who, [built.digest(actor.words()[0])]);
        Ok(())
    }

    fn makes(&mut self, words: &[&str], rows: impl IntoIterator<Item = Row>) -> Result<Actor> {
        let actor = succeed(self.command()?.args(words))?;
        self.stage.expect(&actor.who, rows);
        Ok(actor)
    }

    fn command(&self) -> Result<Command> {
        let mut command = self.docker.command(self.docker.generation().client())?;
        command.env("DOCKER_BUILDKIT", "0");
        Ok(command)
    }
}
