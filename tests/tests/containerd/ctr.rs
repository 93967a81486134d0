//! ctr: of containerd 1.6, which pulls, imports, pushes and exports by itself, and of 2.3, which has containerd do it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use imgtrace_tests::lab::{Containerd, Content, Image, Lab, Registry, until};
use imgtrace_tests::story::{Row, Stage};

use super::commands::{fails, makes};

/// What stands in every row here.
const DAEMON: &str = "containerd/containerd";
/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(10);
/// Another namespace, so that an import is not of what is there.
const OTHER: &str = "imported";

fn row(op: &str) -> Row {
    Row::ok(op).endpoint(DAEMON).namespace("default")
}

fn error(op: &str) -> Row {
    Row::error(op).endpoint(DAEMON).namespace("default")
}

/// A story under imgtrace.
struct Story<'a> {
    containerd: &'a Containerd,
    stage: Stage,
    registry: String,
}

impl<'a> Story<'a> {
    fn begin(lab: &Lab, containerd: &'a Containerd, registry: &Registry) -> Result<Self> {
        let socket = containerd.socket();
        Ok(Self {
            containerd,
            stage: Stage::open(&[("containerd", &socket)], lab.place())?,
            registry: registry.address().to_string(),
        })
    }

    fn ctr(&self) -> Command {
        self.containerd.ctr_command()
    }

    /// ctr with these words makes these operations.
    fn makes(&mut self, line: &str, rows: impl IntoIterator<Item = Row>) -> Result<()> {
        let ctr = self.ctr();
        makes(&mut self.stage, ctr, line, rows)?;
        Ok(())
    }

    fn fails(&mut self, line: &str, rows: impl IntoIterator<Item = Row>) -> Result<()> {
        let ctr = self.ctr();
        fails(&mut self.stage, ctr, line, rows)
    }

    /// A new name for what is there. `tag` is the row that it makes.
    fn names(&mut self, known: &Content, tag: Row) -> Result<String> {
        let (image, tagged) = (
            &known.reference,
            format!("{}/imgtrace-lab/tagged:1", self.registry),
        );
        let line = format!("images tag {image} {tagged}");
        self.makes(&line, [tag.image(image).target(&tagged)])?;
        Ok(tagged)
    }

    /// A container's life.
    fn container(&mut self, image: &str) -> Result<()> {
        // runc's own folder of containers outlives a lab that was killed.
        let id = &format!("one-{}", std::process::id());
        let of = |op: &str| row(op).container(id).image(image);
        let started = of("start").hops(&["shim start ok"]);
        self.makes(
            &format!("run --detach --null-io {image} {id} sleep 1000"),
            [of("create"), started],
        )?;
        self.makes(
            &format!("tasks exec --exec-id first {id} true"),
            [of("exec")],
        )?;
        let refused = error("exec").container(id).image(image);
        self.fails(
            &format!("tasks exec --exec-id second {id} no-such-program"),
            [refused.saying("executable file not found")],
        )?;
        self.makes(&format!("tasks kill --signal SIGKILL {id}"), [of("kill")])?;
        self.until_it_has_stopped()?;
        self.makes(&format!("tasks delete {id}"), [])?;
        self.makes(&format!("containers delete {id}"), [of("remove-container")])?;
        Ok(())
    }

    /// An image goes, and is gone when it should go again (of which ctr only warns).
    fn removes(&mut self, image: &str) -> Result<()> {
        let line = format!("images rm {image}");
        let gone = error("remove-image").image(image).saying("not found");
        self.makes(&line, [row("remove-image").image(image)])?;
        self.makes(&line, [gone])
    }

    fn until_it_has_stopped(&self) -> Result<()> {
        let stopped = || {
            let tasks = self.containerd.ctr(&["tasks", "ls"]);
            tasks.is_ok_and(|tasks| tasks.stdout.contains("STOPPED"))
        };
        ensure!(until(SOON, stopped), "the container does not end");
        Ok(())
    }
}

/// containerd 1.6: what ctr does by itself is told by the content that it writes.
pub(super) fn by_itself(lab: &Lab, containerd: &Containerd, registry: &Registry) -> Result<()> {
    let first = registry.add_known(Image::Busybox)?;
    let second = registry.add_known(Image::Pause)?;
    let archive = lab.place().data().join("saved.tar");
    let archive = archive.display();
    let mut story = Story::begin(lab, containerd, registry)?;
    client_side_pulls(&mut story, "", &first, &second)?;
    // containerd answers with the image that it has made.
    let tagged = story.names(&second, row("tag").digest(&second.digest))?;
    // Content is read, which is what everybody does.
    story.makes(&format!("images push --plain-http {tagged}"), [])?;
    story.makes(&format!("images export {archive} {}", second.reference), [])?;
    import(&mut story, "", &archive.to_string(), &second)?;
    story.container(&second.reference)?;
    story.removes(&tagged)?;
    // The name does not resolve: containerd never hears of it.
    let missing = format!("{}/imgtrace-lab/missing:1", registry.address());
    story.fails(&format!("images pull --plain-http {missing}"), [])?;
    story.stage.close()?;
    Ok(())
}

/// containerd 2.3: what the Transfer service is told to do.
pub(super) fn by_transfer(lab: &Lab, containerd: &Containerd, registry: &Registry) -> Result<()> {
    let first = registry.add_known(Image::Busybox)?;
    let second = registry.add_known(Image::Pause)?;
    let transferred = registry.add_as(Image::Pause, &["transferred"])?;
    let archive = lab.place().data().join("saved.tar");
    let archive = archive.display();
    let mut story = Story::begin(lab, containerd, registry)?;
    client_side_pulls(&mut story, "--local ", &first, &second)?;
    for image in transferred {
        let pulled = row("pull").image(&image).digest(&second.digest);
        story.makes(&format!("images pull --plain-http {image}"), [pulled])?;
    }
    // Transfer's answer is empty; its progress tells what was pushed.
    let tagged = story.names(&second, row("tag"))?;
    let pushed = row("push").image(&tagged).digest(&second.digest);
    story.makes(&format!("images push --plain-http {tagged}"), [pushed])?;
    story.makes(&format!("images push --local --plain-http {tagged}"), [])?;
    story.makes(
        &format!("images export {archive} {}", second.reference),
        [row("save").image(&second.reference)],
    )?;
    import(&mut story, "--local ", &archive.to_string(), &second)?;
    story.container(&second.reference)?;
    story.removes(&tagged)?;
    let missing = format!("{}/imgtrace-lab/missing:1", registry.address());
    let refused = error("pull").image(&missing).saying("not found");
    story.fails(&format!("images pull --plain-http {missing}"), [refused])?;
    story.stage.close()?;
    Ok(())
}

/// Two pulls; the second shares a layer with the first, which is not fetched again.
fn client_side_pulls(
    story: &mut Story,
    option: &str,
    first: &Content,
    second: &Content,
) -> Result<()> {
    for (content, bytes) in [
        (first, first.bytes_beside(None)),
        (second, second.bytes_beside(Some(first))),
    ] {
        let image = &content.reference;
        let pulled = row("pull").image(image).digest(&content.digest);
        story.makes(
            &format!("images pull {option}--plain-http {image}"),
            [pulled.bytes(bytes)],
        )?;
    }
    Ok(())
}

/// What was exported, into a namespace that has nothing of it.
fn import(story: &mut Story, option: &str, archive: &str, content: &Content) -> Result<()> {
    let imported = Row::ok("import")
        .endpoint(DAEMON)
        .namespace(OTHER)
        .image(&content.reference)
        .digest(&content.digest);
    let line = format!("--namespace {OTHER} images import {option}{archive}");
    story.makes(&line, [imported])
}
