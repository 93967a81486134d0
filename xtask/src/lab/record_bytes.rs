//! `lab record-bytes`: has a lab's clients and daemons talk, and records their bytes for the tests
//! of the decoder.

mod kubelet;

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Docker, Generation, Image, Lab, Ran, Registry, say};

use crate::{
    build_ebpf::{self, build_ebpf},
    packages::Consent,
    process::{cargo, run},
    workspace::Workspace,
};

/// Where to, and which.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the stories whose name contains this
    story: Option<String>,
    /// Folder for the conversations
    #[arg(long, default_value = "imgtrace/tests/conversations")]
    into: PathBuf,
    #[command(flatten)]
    consent: Consent,
}

/// What is recorded together.
struct Story {
    name: &'static str,
    what: &'static str,
    generation: Generation,
    /// Whether the daemons run before the recorder does.
    late: bool,
    play: fn(&Docker, &Registry) -> Result<()>,
}

const STORIES: [Story; 10] = [
    Story {
        name: "classic-run",
        what: "docker pull and run; dockerd 20.10 and containerd 1.6 seen from their start",
        generation: Generation::Debian,
        late: false,
        play: pull_and_run,
    },
    Story {
        name: "classic-run-late",
        what: "docker pull and run; dockerd 20.10 and containerd 1.6 were there before",
        generation: Generation::Debian,
        late: true,
        play: pull_and_run,
    },
    Story {
        name: "store-run",
        what: "docker pull and run; dockerd 29 on containerd 2.3's store, seen from their start",
        generation: Generation::Newest,
        late: false,
        play: pull_and_run,
    },
    Story {
        name: "store-run-late",
        what: "docker pull and run; dockerd 29 on containerd 2.3's store were there before",
        generation: Generation::Newest,
        late: true,
        play: pull_and_run,
    },
    Story {
        name: "legacy-build",
        what: "docker build by the legacy builder of dockerd 29",
        generation: Generation::Newest,
        late: true,
        play: legacy_build,
    },
    Story {
        name: "build",
        what: "docker build by BuildKit in dockerd 29: /grpc and /session",
        generation: Generation::Newest,
        late: true,
        play: build,
    },
    Story {
        name: "ctr-1.6",
        what: "ctr pull, tag, run, rm and rmi; containerd 1.6",
        generation: Generation::Debian,
        late: true,
        play: ctr,
    },
    Story {
        name: "ctr-2.3",
        what: "ctr pull, tag, run, rm and rmi; containerd 2.3",
        generation: Generation::Newest,
        late: true,
        play: ctr,
    },
    Story {
        name: "ctr-local-1.6",
        what: "ctr pull, tag, export, rm and import of a small image; containerd 1.6",
        generation: Generation::Debian,
        late: true,
        play: |docker, registry| ctr_local(docker, registry, &[]),
    },
    Story {
        name: "ctr-local-2.3",
        what: "ctr pull, tag, export, rm and import of a small image, all --local; containerd 2.3",
        generation: Generation::Newest,
        late: true,
        play: |docker, registry| ctr_local(docker, registry, &["--local"]),
    },
];

pub(crate) fn record_bytes(options: &Options) -> Result<()> {
    let workspace = Workspace::find()?;
    build_ebpf(&workspace, &build_ebpf::Options::with(options.consent))?;
    let example = [
        "build",
        "--package",
        "imgtrace",
        "--example",
        "record_bytes",
    ];
    run(cargo(&workspace.root).args(example))?;
    let program = workspace.target.join("debug/examples/record_bytes");
    super::provide_packages(options.consent)?;
    for story in STORIES.iter().filter(|story| options.wants(story.name)) {
        say(&format!("{}: {}", story.name, story.what));
        let lab = Lab::new("record-bytes")?;
        let registry = lab.registry()?;
        let docker = lab.docker_named(story.generation, story.generation.name())?;
        if story.late {
            docker.start()?;
        }
        let recorder = Recorder::start(
            &program,
            &options.into,
            (story.name, story.what),
            &lab,
            None,
        )?;
        if !story.late {
            docker.start()?;
        }
        (story.play)(&docker, &registry)?;
        recorder.stop()?;
        lab.end()?;
    }
    if options.wants(kubelet::STORY.0) {
        kubelet::play(&program, &options.into)?;
    }
    Ok(())
}

impl Options {
    fn wants(&self, story: &str) -> bool {
        story.contains(self.story.as_deref().unwrap_or_default())
    }
}

fn pull_and_run(docker: &Docker, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    docker.cli(&["pull", &image])?;
    docker.cli(&["run", "--rm", "--name", "hello", &image, "echo", "hello"])?;
    docker.cli(&["rmi", &image])?;
    Ok(())
}

fn legacy_build(docker: &Docker, registry: &Registry) -> Result<()> {
    build_by("0", docker, registry)
}

fn build(docker: &Docker, registry: &Registry) -> Result<()> {
    build_by("1", docker, registry)
}

/// Builds with `DOCKER_BUILDKIT` set to this.
fn build_by(buildkit: &str, docker: &Docker, registry: &Registry) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let image = registry.reference(Image::Busybox);
    let recipe = format!("FROM {image}\nRUN echo built > /built\n");
    std::fs::write(folder.path().join("Dockerfile"), recipe)?;
    let folder = folder.path().display().to_string();
    let mut command = docker.command(docker.generation().client())?;
    command.env("DOCKER_BUILDKIT", buildkit);
    // The lab's bridge is none that BuildKit knows.
    command.args([
        "build",
        "--network",
        "none",
        "--tag",
        "imgtrace-lab/built:1",
        &folder,
    ]);
    Ran::ok(&mut command)?;
    Ok(())
}

fn ctr(docker: &Docker, registry: &Registry) -> Result<()> {
    let containerd = docker.containerd();
    let image = registry.reference(Image::Busybox);
    let again = "imgtrace.example/again:1";
    containerd.ctr(&["image", "pull", "--plain-http", &image])?;
    containerd.ctr(&["image", "tag", &image, again])?;
    containerd.ctr(&["run", "--rm", &image, "hello", "echo", "hello"])?;
    containerd.ctr(&["image", "rm", again, &image])?;
    Ok(())
}

/// The client does everything itself.
fn ctr_local(docker: &Docker, registry: &Registry, local: &[&str]) -> Result<()> {
    let containerd = docker.containerd();
    let image = registry.add(Image::Host)?;
    let again = "imgtrace.example/again:1";
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let archive = folder.path().join("image.tar").display().to_string();
    let ctr = |command: &str, args: &[&str]| {
        let command = ["image", command];
        containerd.ctr(&[&command[..], local, args].concat())
    };
    for _ in 0..2 {
        ctr("pull", &["--plain-http", &image])?;
    }
    for _ in 0..2 {
        ctr("tag", &["--force", &image, again])?;
    }
    ctr("export", &[&archive, &image, again])?;
    containerd.ctr(&["image", "rm", again, &image])?;
    ctr("import", &[&archive])?;
    Ok(())
}

/// The recorder, which ends when its stdin does.
struct Recorder {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Recorder {
    /// Starts it; a file may be of `most` bytes where that is more than usual.
    fn start(
        program: &Path,
        into: &Path,
        (name, what): (&str, &str),
        lab: &Lab,
        most: Option<usize>,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .args(most.map(|most| format!("--most={most}")))
            .arg(into)
            .args([name, what])
            .arg(lab.place().run())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start the recorder")?;
        let lines = child.stdout.take().context("the recorder has no stdout")?;
        let mut recorder = Self {
            child,
            lines: BufReader::new(lines),
        };
        let mut line = String::new();
        recorder.lines.read_line(&mut line)?;
        ensure!(line == "recording\n", "the recorder did not begin");
        Ok(recorder)
    }

    fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        for line in self.lines.lines() {
            say(&line?);
        }
        ensure!(self.child.wait()?.success(), "the recorder failed");
        Ok(())
    }
}
