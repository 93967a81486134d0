//! What each kind of client does over and over, and its own record of that.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use imgtrace_tests::lab::{Client, Containerd, Crictl, Docker, Pod, Ran};

use super::fact::{Deed, Fact};

/// A program that plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The docker command.
    Docker,
    /// `docker compose`, a plug-in: a child of the docker command asks.
    Compose,
    /// `docker buildx`, a plug-in too.
    Buildx,
    /// crictl on a containerd of its own.
    Crictl,
    /// ctr on the same one.
    Ctr,
}

/// One of the crowd.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) kind: Kind,
    /// Nobody else has it.
    pub(super) name: String,
    /// Nobody else touches this reference; its content is everybody's.
    pub(super) image: String,
    pub(super) folder: PathBuf,
    pub(super) docker: Docker,
    pub(super) containerd: Containerd,
    pub(super) crictl: Crictl,
}

impl Player {
    /// Plays round after round until that moment; gives what each process did.
    pub(super) fn play(&self, end: Instant) -> Result<Vec<Deed>> {
        let mut deeds = Vec::new();
        while Instant::now() < end {
            let round = deeds.len();
            match self.kind {
                Kind::Docker => self.docker(&mut deeds, round)?,
                Kind::Compose => self.compose(&mut deeds)?,
                Kind::Buildx => self.buildx(&mut deeds, round)?,
                Kind::Crictl => self.crictl(&mut deeds, round)?,
                Kind::Ctr => self.ctr(&mut deeds, round)?,
            }
        }
        Ok(deeds)
    }

    fn docker(&self, deeds: &mut Vec<Deed>, round: usize) -> Result<()> {
        let image = &self.image;
        let name = format!("{}-{round}", self.name);
        let run = |words: &[&str]| Ran::ok(self.command()?.args(words));
        let ran = run(&["pull", "--quiet", image])?;
        deeds.push(did(&ran, [Fact::image("pull", image)]));
        let ran = run(&["create", "--name", &name, image, "sleep", "1000"])?;
        let id = ran.stdout.trim();
        deeds.push(did(&ran, [Fact::container("create", id)]));
        deeds.push(did(
            &run(&["start", &name])?,
            [Fact::container("start", id)],
        ));
        let ran = run(&["rm", "--force", &name])?;
        deeds.push(did(&ran, [Fact::container("remove-container", id)]));
        deeds.push(did(
            &run(&["rmi", image])?,
            [Fact::image("remove-image", image)],
        ));
        Ok(())
    }

    fn compose(&self, deeds: &mut Vec<Deed>) -> Result<()> {
        let file = self.folder.join("compose.yaml");
        let text = format!(
            "name: {}\nservices:\n  web:\n    image: {}\n    command: sleep 1000\n    pull_policy: always\n    network_mode: none\n",
            self.name, self.image
        );
        fs::write(&file, text)?;
        let file = file.display().to_string();
        let container = format!("{}-web-1", self.name);
        let compose = |words: &[&str]| {
            let mut command = self.command()?;
            command.args(["compose", "--progress", "quiet", "--file", &file]);
            Ran::ok(command.args(words))
        };
        let up = compose(&["up", "--detach"])?;
        let facts = [
            Fact::image("pull", &self.image),
            Fact::named("create", &container),
            Fact::named("start", &container),
        ];
        deeds.push(did(&up, facts));
        let down = compose(&["down", "--timeout", "0"])?;
        let facts = ["stop", "remove-container"].map(|op| Fact::named(op, &container));
        deeds.push(did(&down, facts));
        Ok(())
    }

    fn buildx(&self, deeds: &mut Vec<Deed>, round: usize) -> Result<()> {
        let context = self.folder.join("context");
        fs::create_dir_all(&context)?;
        // Another file each time, so that something is built.
        fs::write(context.join("file"), format!("{round}"))?;
        fs::write(context.join("Dockerfile"), "FROM scratch\nCOPY file /\n")?;
        let tag = format!("docker.io/lab/{}:{round}", self.name);
        let mut command = self.command()?;
        command.args([
            "buildx",
            "build",
            "--quiet",
            "--provenance=false",
            "--tag",
            &tag,
        ]);
        deeds.push(did(
            &Ran::ok(command.arg(context))?,
            [Fact::image("build", &tag)],
        ));
        Ok(())
    }

    fn crictl(&self, deeds: &mut Vec<Deed>, round: usize) -> Result<()> {
        let image = &self.image;
        let run = |words: &[&str]| self.crictl.run(words);
        let pod = Pod::new(
            &format!("{}-{round}", self.name),
            &format!("{}-{round}", self.name),
        );
        let pod = pod.container_of("one", image, &["sleep", "1000"]);
        let of_pod = self.crictl.pod_file(&pod)?;
        let of_one = self.crictl.container_file(&pod, "one")?;
        deeds.push(did(&run(&["pull", image])?, [Fact::image("pull", image)]));
        let ran = run(&["runp", &of_pod])?;
        let sandbox = ran.stdout.trim().to_owned();
        deeds.push(did(&ran, [Fact::sandbox("run-sandbox", &sandbox)]));
        let ran = run(&["create", &sandbox, &of_one, &of_pod])?;
        let id = ran.stdout.trim();
        deeds.push(did(&ran, [Fact::container("create", id)]));
        for (op, words) in [
            ("start", &["start", id][..]),
            ("stop", &["stop", "--timeout", "0", id]),
            ("remove-container", &["rm", id]),
        ] {
            deeds.push(did(&run(words)?, [Fact::container(op, id)]));
        }
        for (op, word) in [("stop-sandbox", "stopp"), ("remove-sandbox", "rmp")] {
            deeds.push(did(&run(&[word, &sandbox])?, [Fact::sandbox(op, &sandbox)]));
        }
        Ok(())
    }

    fn ctr(&self, deeds: &mut Vec<Deed>, round: usize) -> Result<()> {
        let image = &self.image;
        let name = format!("{}-{round}", self.name);
        let ctr = |words: &[&str]| self.containerd.ctr(words);
        let ran = ctr(&["images", "pull", "--plain-http", image])?;
        deeds.push(did(&ran, [Fact::image("pull", image)]));
        let ran = ctr(&["run", "--detach", image, &name, "sleep", "1000"])?;
        let facts = ["create", "start"].map(|op| Fact::container(op, &name));
        deeds.push(did(&ran, facts));
        for (op, words) in [
            ("kill", &["tasks", "delete", "--force", &name][..]),
            ("remove-container", &["containers", "delete", &name]),
        ] {
            deeds.push(did(&ctr(words)?, [Fact::container(op, &name)]));
        }
        let ran = ctr(&["images", "rm", "--sync", image])?;
        deeds.push(did(&ran, [Fact::image("remove-image", image)]));
        Ok(())
    }

    fn command(&self) -> Result<Command> {
        self.docker.command(Client::DockerNewest)
    }
}

fn did(ran: &Ran, facts: impl IntoIterator<Item = Fact>) -> Deed {
    Deed {
        pid: ran.pid,
        facts: facts.into_iter().collect(),
    }
}
