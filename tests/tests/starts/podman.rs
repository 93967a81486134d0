//! Podman and Buildah, with no daemon to ask: what they mount and start, and what their index says, is all there is.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Content, Image, Lab, Podman};
use imgtrace_tests::story::{Actor, Ground, Row, Stage, succeed};
use imgtrace_tests::tracer::Tracer;

use super::images::{Images, Store};

/// What nobody asked for on a socket.
fn alone(runtime: &str, op: &str) -> Row {
    Row::ok(op).endpoint(&format!("{runtime}/null")).inferred()
}

/// A start by a command line.
fn start(runtime: &str) -> Row {
    alone(runtime, "start").because("command-line")
}

fn store(root: &Path) -> Store<'_> {
    Store {
        kind: "containers-storage",
        root,
        driver: "overlay",
    }
}

/// Starts imgtrace beside no runtime: it says when it watches a socket of our own.
pub(super) fn stage(lab: &Lab, options: &[&str]) -> Result<Stage> {
    let socket = lab.place().run().join("docker.sock");
    let listener = UnixListener::bind(&socket).context("failed to bind a socket")?;
    let tracer = Tracer::start(&[("docker", &socket)], options)?;
    drop(listener);
    Ok(Stage::over(
        tracer,
        &[lab.place().run(), lab.place().data()],
    ))
}

/// A Podman and Buildah with one store, under imgtrace.
struct Story<'a> {
    podman: &'a Podman,
    folder: &'a Path,
    stage: Stage,
}

/// `pull`, `run`, `create` and `start`, and Buildah's `from`, `run` and `bud`, of both images.
pub(super) fn by_themselves(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let images = Images::build(&registry)?;
    let podman = lab.podman(&registry)?;
    let mut story = Story {
        podman: &podman,
        folder: lab.place().data(),
        stage: stage(lab, &[])?,
    };
    for image in images.both() {
        let pulled = alone("podman", "pull")
            .image(&image.reference)
            .digest(&image.digest);
        story.podman(&["pull", "--quiet", &image.reference], [pulled])?;
        story.run(image)?;
        story.buildah(image)?;
    }
    story.build(&images.low)?;
    story.stage.close()?;
    Ok(())
}

impl Story<'_> {
    fn run(&mut self, image: &Content) -> Result<()> {
        let ground = store(&self.podman.root()).ground(image);
        let reference = &image.reference;
        let started = |id: &str, name: &str| {
            let row = start("podman").container(id).name(name).image(reference);
            row.on(&ground)
        };
        let cid = |name: &str| self.folder.join(format!("{name}.id"));
        let name = &format!("gone-{}", image.layers);
        let file = cid(name);
        let path = file.display().to_string();
        let gone = [
            "run",
            "--rm",
            "--cidfile",
            &path,
            "--name",
            name,
            reference,
            "true",
        ];
        let actor = self.podman(&gone, [])?;
        self.stage
            .expect(&actor.who, [started(&fs::read_to_string(file)?, name)]);
        let name = &format!("stays-{}", image.layers);
        let stays = [
            "run", "--detach", "--name", name, reference, "sleep", "1000",
        ];
        let actor = self.podman(&stays, [])?;
        self.stage
            .expect(&actor.who, [started(actor.words()[0], name)]);
        // What is mounted, copied into, made an image of and mounted again, and started at last.
        let name = &format!("later-{}", image.layers);
        let actor = self.podman(&["create", "--name", name, reference, "true"], [])?;
        let id = actor.words()[0].to_owned();
        let inside = format!("{name}:/root/");
        self.podman(&["cp", "/bin/true", &inside], [])?;
        self.podman(&["mount", name], [])?;
        self.podman(&["umount", name], [])?;
        self.podman(&["start", name], [started(&id, name)])?;
        self.podman(&["wait", name], [])?;
        self.podman(&["start", name], [started(&id, name)])?;
        Ok(())
    }

    /// A working container starts when something runs in it.
    fn buildah(&mut self, image: &Content) -> Result<()> {
        let ground = store(&self.podman.root()).ground(image);
        let name = &format!("working-{}", image.layers);
        self.run_buildah(&["from", "--name", name, &image.reference], [])?;
        let id = self.id_of(name)?;
        let started = start("buildah")
            .container(&id)
            .name(name)
            .image(&image.reference);
        let run = ["run", "--network", "host", name, "true"];
        self.run_buildah(&run, [started.on(&ground)])?;
        Ok(())
    }

    /// What a build mounts and runs is the build's.
    fn build(&mut self, image: &Content) -> Result<()> {
        let text = format!("FROM {}\nRUN true\nRUN true\n", image.reference);
        let context = self.folder.join("context");
        fs::create_dir_all(&context)?;
        fs::write(context.join("Dockerfile"), text)?;
        let context = context.display().to_string();
        let words = [
            "bud",
            "--quiet",
            "--network",
            "host",
            "--tag",
            "built:1",
            &context,
        ];
        let actor = self.run_buildah(&words, [])?;
        let mut command = self.podman.command();
        command.args(["image", "inspect", "--format", "{{.Digest}}", "built:1"]);
        let digest = succeed(&mut command)?.ran.stdout;
        let added = alone("buildah", "add-image").image("localhost/built:1");
        let added = added.digest(digest.trim());
        self.stage.expect(&actor.who, [added]);
        Ok(())
    }

    fn id_of(&self, name: &str) -> Result<String> {
        let mut command = self.podman.buildah_command();
        command.args(["inspect", "--format", "{{.ContainerID}}", name]);
        Ok(succeed(&mut command)?.ran.stdout.trim().to_owned())
    }

    fn podman(&mut self, words: &[&str], rows: impl IntoIterator<Item = Row>) -> Result<Actor> {
        let command = self.podman.command();
        self.makes(command, words, rows)
    }

    fn run_buildah(
        &mut self,
        words: &[&str],
        rows: impl IntoIterator<Item = Row>,
    ) -> Result<Actor> {
        let command = self.podman.buildah_command();
        self.makes(command, words, rows)
    }

    fn makes(
        &mut self,
        mut command: Command,
        words: &[&str],
        rows: impl IntoIterator<Item = Row>,
    ) -> Result<Actor> {
        let actor = succeed(command.args(words))?;
        self.stage.expect(&actor.who, rows);
        Ok(actor)
    }
}

/// A client of Podman's API: what it asks for is told once, with what was mounted for it.
pub(super) fn through_its_socket(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let podman = lab.podman(&registry)?;
    let socket = podman.serve()?;
    let mut stage = Stage::open(&[("podman", &socket)], lab.place())?;
    let row = |op: &str| {
        Row::ok(op)
            .endpoint("podman/libpod")
            .image(&image.reference)
    };
    let remote = |words: &[&str]| succeed(podman.remote_command(&socket).args(words));
    let actor = remote(&["pull", "--quiet", &image.reference])?;
    let pulled = row("pull").digest(&format!("sha256:{}", actor.words()[0]));
    stage.expect(&actor.who, [pulled.clone()]);
    // It asks for the image again, which is there.
    let actor = remote(&["create", "--name", "one", &image.reference, "true"])?;
    let id = actor.words()[0].to_owned();
    let own = |op: &str| row(op).container(&id).name("one");
    stage.expect(&actor.who, [pulled, own("create")]);
    let actor = remote(&["start", "one"])?;
    let ground = store(&podman.root()).ground(&image);
    stage.expect(&actor.who, [own("start").on(&ground)]);
    stage.close()?;
    Ok(())
}

/// A user's Podman, in namespaces of its own: the mounts there are seen from the host.
pub(super) fn of_a_user(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let rootless = lab.rootless(&registry)?;
    let stage = stage(lab, &[])?;
    rootless.cli(&["pull", "--quiet", &image.reference])?;
    let mut command = rootless.command();
    let words = [
        "run",
        "--detach",
        "--name",
        "mine",
        &image.reference,
        "sleep",
        "1000",
    ];
    let actor = succeed(command.args(words))?;
    let id = actor.words()[0].to_owned();
    let started = stage.tracer().line(super::SOON, |line| {
        line["op"] == "start" && line["kind"] == "operation" && line["container"] == *id
    })?;
    let trace = stage.tracer().lines();
    let starts = trace.iter().filter(|line| {
        line["kind"] == "operation" && line["op"] == "start" && line["container"] == *id
    });
    assert_eq!(starts.count(), 1, "{trace:#?}");
    assert_eq!(started["image"], *image.reference, "{started:#}");
    assert_eq!(started["container_name"], "mine", "{started:#}");
    assert_eq!(started["cause"], "command-line", "{started:#}");
    assert_eq!(started["caller"]["uid"], rootless.uid(), "{started:#}");
    // The podman that the user started, or its second self inside the namespaces.
    let caller = &started["caller"];
    let above = caller["ancestors"].as_array().into_iter().flatten();
    let mut line = std::iter::once(caller).chain(above);
    assert!(
        line.any(|process| process["pid"] == actor.who.pid),
        "{started:#}"
    );
    let ground = store(&rootless.root()).ground(&image);
    assert_eq!(Ground::told(&started), ground, "{started:#}");
    Ok(())
}
