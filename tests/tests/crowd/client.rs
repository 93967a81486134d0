//! What each kind of client does over and over, and its own record of that.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Error, Result};
use imgtrace_tests::lab::{Client, Containerd, Crictl, Docker, Pod, Ran};

use super::fact::{Deed, Fact};

/// Commands of one player that may fail before it plays no more: then it is no flake of a daemon under a crowd.
const ENOUGH_FAILED: usize = 5;

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

/// Why a round ends before its end.
#[derive(Debug)]
enum Stop {
    /// A command failed, which is noted; what comes next in the round needs what it should have done.
    Failed,
    /// The test cannot go on.
    Broken(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// What a player has done so far.
#[derive(Debug, Default)]
struct Doings {
    deeds: Vec<Deed>,
}

impl Doings {
    /// Names that no round before had.
    fn fresh(&self, name: &str) -> String {
        format!("{name}-{}", self.deeds.len())
    }

    fn failed(&self) -> usize {
        self.deeds.iter().filter(|it| it.failure.is_some()).count()
    }

    /// Runs a command whose facts are known before; gives what it prints.
    fn run(
        &mut self,
        command: &mut Command,
        facts: impl IntoIterator<Item = Fact>,
    ) -> Result<String, Stop> {
        self.make(command, |_| facts.into_iter().collect())
    }

    /// Runs a command whose facts are told by what it prints, which is nothing where it fails; gives that.
    fn make(
        &mut self,
        command: &mut Command,
        facts: impl FnOnce(&str) -> Vec<Fact>,
    ) -> Result<String, Stop> {
        let ran = Ran::of(command)?;
        let printed = ran.stdout.trim();
        let failure = ran.failure(command);
        let failed = failure.is_some();
        self.deeds.push(Deed {
            pid: ran.pid,
            facts: facts(printed),
            sure: !failed,
            failure,
        });
        if failed {
            return Err(Stop::Failed);
        }
        Ok(printed.to_owned())
    }
}

impl Player {
    /// Plays round after round until that moment; gives what each process did.
    pub(super) fn play(&self, end: Instant) -> Result<Vec<Deed>> {
        let mut doings = Doings::default();
        while Instant::now() < end && doings.failed() < ENOUGH_FAILED {
            let round = match self.kind {
                Kind::Docker => self.docker(&mut doings),
                Kind::Compose => self.compose(&mut doings),
                Kind::Buildx => self.buildx(&mut doings),
                Kind::Crictl => self.crictl(&mut doings),
                Kind::Ctr => self.ctr(&mut doings),
            };
            match round {
                Ok(()) | Err(Stop::Failed) => {}
                Err(Stop::Broken(error)) => return Err(error),
            }
        }
        Ok(doings.deeds)
    }

    fn docker(&self, doings: &mut Doings) -> Result<(), Stop> {
        let name = doings.fresh(&self.name);
        let round = self.docker_round(doings, &name);
        if let Err(Stop::Failed) = round {
            // Its image cannot be removed in the next round while this container runs.
            let ran = Ran::of(self.command()?.args(["rm", "--force", &name]))?;
            doings.deeds.push(Deed {
                pid: ran.pid,
                facts: vec![Fact::container("remove-container", "")],
                // There may be no such container.
                sure: false,
                failure: None,
            });
        }
        round
    }

    fn docker_round(&self, doings: &mut Doings, name: &str) -> Result<(), Stop> {
        let image = &self.image;
        let pull = Fact::image("pull", image);
        doings.run(self.command()?.args(["pull", "--quiet", image]), [pull])?;
        let id = doings.make(
            self.command()?
                .args(["create", "--name", name, image, "sleep", "1000"]),
            |id| vec![Fact::container("create", id)],
        )?;
        let start = Fact::container("start", &id);
        doings.run(self.command()?.args(["start", name]), [start])?;
        let remove = Fact::container("remove-container", &id);
        doings.run(self.command()?.args(["rm", "--force", name]), [remove])?;
        let remove = Fact::image("remove-image", image);
        doings.run(self.command()?.args(["rmi", image]), [remove])?;
        Ok(())
    }

    fn compose(&self, doings: &mut Doings) -> Result<(), Stop> {
        let project = doings.fresh(&self.name);
        let file = self.folder.join("compose.yaml");
        let text = format!(
            "name: {project}\nservices:\n  web:\n    image: {}\n    command: sleep 1000\n    pull_policy: always\n    network_mode: none\n",
            self.image
        );
        fs::write(&file, text)?;
        let container = format!("{project}-web-1");
        let compose = || -> Result<Command> {
            let mut command = self.command()?;
            command.args(["compose", "--progress", "quiet", "--file"]);
            command.arg(&file);
            Ok(command)
        };
        let facts = [
            Fact::image("pull", &self.image),
            Fact::named("create", &container),
            Fact::named("start", &container),
        ];
        doings.run(compose()?.args(["up", "--detach"]), facts)?;
        let facts = ["stop", "remove-container"].map(|op| Fact::named(op, &container));
        doings.run(compose()?.args(["down", "--timeout", "0"]), facts)?;
        Ok(())
    }

    fn buildx(&self, doings: &mut Doings) -> Result<(), Stop> {
        let tag = format!("docker.io/lab/{}:{}", self.name, doings.deeds.len());
        let context = self.folder.join("context");
        fs::create_dir_all(&context)?;
        // Another file each time, so that something is built.
        fs::write(context.join("file"), &tag)?;
        fs::write(context.join("Dockerfile"), "FROM scratch\nCOPY file /\n")?;
        let mut command = self.command()?;
        command.args(["buildx", "build", "--quiet", "--provenance=false", "--tag"]);
        command.arg(&tag).arg(context);
        doings.run(&mut command, [Fact::image("build", &tag)])?;
        Ok(())
    }

    fn crictl(&self, doings: &mut Doings) -> Result<(), Stop> {
        let image = &self.image;
        let crictl = |words: &[&str]| self.crictl.command(words);
        let name = doings.fresh(&self.name);
        let pod = Pod::new(&name, &name).container_of("one", image, &["sleep", "1000"]);
        let of_pod = self.crictl.pod_file(&pod)?;
        let of_one = self.crictl.container_file(&pod, "one")?;
        doings.run(&mut crictl(&["pull", image]), [Fact::image("pull", image)])?;
        let sandbox = doings.make(&mut crictl(&["runp", &of_pod]), |id| {
            vec![Fact::sandbox("run-sandbox", id)]
        })?;
        let id = doings.make(&mut crictl(&["create", &sandbox, &of_one, &of_pod]), |id| {
            vec![Fact::container("create", id)]
        })?;
        for (op, words) in [
            ("start", &["start", &id][..]),
            ("stop", &["stop", "--timeout", "0", &id]),
            ("remove-container", &["rm", &id]),
        ] {
            doings.run(&mut crictl(words), [Fact::container(op, &id)])?;
        }
        for (op, word) in [("stop-sandbox", "stopp"), ("remove-sandbox", "rmp")] {
            let fact = Fact::sandbox(op, &sandbox);
            doings.run(&mut crictl(&[word, &sandbox]), [fact])?;
        }
        Ok(())
    }

    fn ctr(&self, doings: &mut Doings) -> Result<(), Stop> {
        let image = &self.image;
        let name = doings.fresh(&self.name);
        let ctr = |words: &[&str]| {
            let mut command = self.containerd.ctr_command();
            command.args(words);
            command
        };
        let pull = Fact::image("pull", image);
        doings.run(&mut ctr(&["images", "pull", "--plain-http", image]), [pull])?;
        let facts = ["create", "start"].map(|op| Fact::container(op, &name));
        doings.run(
            &mut ctr(&["run", "--detach", image, &name, "sleep", "1000"]),
            facts,
        )?;
        for (op, words) in [
            ("kill", &["tasks", "delete", "--force", &name][..]),
            ("remove-container", &["containers", "delete", &name]),
        ] {
            doings.run(&mut ctr(words), [Fact::container(op, &name)])?;
        }
        let remove = Fact::image("remove-image", image);
        doings.run(&mut ctr(&["images", "rm", "--sync", image]), [remove])?;
        Ok(())
    }

    fn command(&self) -> Result<Command> {
        self.docker.command(Client::DockerNewest)
    }
}
