//! A CRI server that is watched, and what crictl does to it.

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Crictl, Image, Pod, Registry};
use imgtrace_tests::story::{Actor, MARK, Row, Stage, attempt, base64, succeed};

/// An id that no container has.
const NOBODY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A CRI server that is watched.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) crictl: Crictl,
    pub(super) stage: Stage,
    /// What is pulled and run.
    pub(super) image: String,
}

impl Server {
    /// Pulls, with credentials and in vain.
    pub(super) fn pulls(&mut self) -> Result<()> {
        let image = self.image.clone();
        let mut actor = self.run(&["pull", "--creds", "somebody:secret", &image])?;
        for word in &mut actor.who.args {
            if word == "somebody:secret" {
                "***".clone_into(word);
            }
        }
        // Image is up to date for sha256:…
        let told = actor.ran.stdout.split_whitespace().last();
        self.stage.expect(
            &actor.who,
            [cri("pull")
                .image(&image)
                .digest(told.context("no digest")?)
                .hops(&[])],
        );
        let missing = format!("{image}-missing");
        let actor = self.refused(&["pull", &missing])?;
        self.stage.expect(
            &actor.who,
            [failed("pull").image(&missing).saying("not found")],
        );
        Ok(())
    }

    /// A pod with a container, from its begin to its end.
    pub(super) fn pod(&mut self) -> Result<()> {
        let image = self.image.clone();
        let missing = format!("{image}-missing");
        let pod = Pod::new("hello", "0d2c8b1e-6f5a-4a53-8c6d-2f1f6b0c7a11")
            .container_of("says", &image, &["sleep", "1000"])
            .container_of("lacks", &missing, &["sleep", "1000"]);
        let of_pod = self.crictl.pod_file(&pod)?;
        let says = self.crictl.container_file(&pod, "says")?;
        let lacks = self.crictl.container_file(&pod, "lacks")?;
        let in_pod = |row: Row| row.pod(&pod.namespace, &pod.name, &pod.uid);

        let actor = self.run(&["runp", &of_pod])?;
        let sandbox = actor.words()[0].to_owned();
        let of = |row: Row| in_pod(row).sandbox(&sandbox);
        self.stage.expect(&actor.who, [of(cri("run-sandbox"))]);
        let actor = self.refused(&["runp", &of_pod])?;
        self.stage.expect(
            &actor.who,
            [in_pod(failed("run-sandbox")).saying("reserved")],
        );

        let actor = self.run(&["create", &sandbox, &says, &of_pod])?;
        let id = actor.words()[0].to_owned();
        let own = |row: Row| in_pod(row).container(&id).name("says").image(&image);
        // This request alone names the sandbox.
        self.stage.expect(&actor.who, [own(of(cri("create")))]);
        let actor = self.refused(&["create", &sandbox, &lacks, &of_pod])?;
        self.stage.expect(
            &actor.who,
            [of(failed("create"))
                .name("lacks")
                .image(&missing)
                .saying("not found")],
        );
        let actor = self.run(&["start", &id])?;
        self.stage
            .expect(&actor.who, [own(cri("start")).hops(&["shim start ok"])]);
        let actor = self.refused(&["start", NOBODY])?;
        self.stage.expect(
            &actor.who,
            [failed("start").container(NOBODY).saying("not found")],
        );
        for words in [&["exec", "--sync", &id, "true"][..], &["exec", &id, "true"]] {
            let actor = self.run(words)?;
            self.stage.expect(&actor.who, [own(cri("exec"))]);
        }
        let actor = self.refused(&["exec", "--sync", &id, "no-such-program"])?;
        self.stage.expect(
            &actor.who,
            [own(failed("exec")).saying("executable file not found")],
        );
        // As crictl's own lists show it.
        let short = &id[..13];
        for (op, words) in [
            ("stop", &["stop", "--timeout", "0", short][..]),
            ("remove-container", &["rm", &id]),
        ] {
            let actor = self.run(words)?;
            self.stage.expect(&actor.who, [own(cri(op))]);
        }
        for (op, words) in [
            ("stop-sandbox", ["stopp", &sandbox]),
            ("remove-sandbox", ["rmp", &sandbox]),
        ] {
            let actor = self.run(&words)?;
            self.stage.expect(&actor.who, [of(cri(op))]);
        }
        let actor = self.run(&["rmi", &image])?;
        self.stage
            .expect(&actor.who, [cri("remove-image").image(&image)]);
        Ok(())
    }

    fn run(&self, args: &[&str]) -> Result<Actor> {
        succeed(&mut self.crictl.command(args))
    }

    fn refused(&self, args: &[&str]) -> Result<Actor> {
        let actor = attempt(&mut self.crictl.command(args))?;
        anyhow::ensure!(!actor.ran.status.success(), "{args:?} went well");
        Ok(actor)
    }
}

fn cri(op: &str) -> Row {
    Row::ok(op).endpoint("containerd/cri")
}

fn failed(op: &str) -> Row {
    Row::error(op).endpoint("containerd/cri")
}

/// Secrets in every place of CRI that can carry one and that crictl lets be filled.
pub(super) fn tell_secrets(crictl: &Crictl, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    let auth = base64(format!("somebody:{MARK}1").as_bytes());
    crictl.run(&["pull", "--auth", &auth, &image])?;
    crictl.run(&["pull", "--creds", &format!("somebody:{MARK}2"), &image])?;
    let pod = Pod::new("marked", "5d6c")
        .container_of(
            "marked",
            &image,
            &["sh", "-c", "sleep 1000", &format!("--password={MARK}3")],
        )
        .with_secret(&format!("{MARK}4"));
    let of_pod = crictl.pod_file(&pod)?;
    let sandbox = crictl.run(&["runp", &of_pod])?.stdout.trim().to_owned();
    let file = crictl.container_file(&pod, "marked")?;
    let id = crictl
        .run(&["create", &sandbox, &file, &of_pod])?
        .stdout
        .trim()
        .to_owned();
    crictl.run(&["start", &id])?;
    let word = format!("--token={MARK}5");
    crictl.run(&["exec", "--sync", &id, "echo", &word])?;
    // It is refused, with the password in the message.
    crictl.try_run(&["pull", &format!("https://somebody:{MARK}6@{image}")])?;
    crictl.run(&["rmp", "--force", &sandbox])?;
    Ok(())
}
