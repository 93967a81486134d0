//! containerd's own clients, and pods.

use anyhow::Result;
use imgtrace_tests::lab::{Containerd, Content, Generation, Lab, Pod};
use imgtrace_tests::story::{Actor, Row, Stage, succeed};

use super::images::{Images, Store};

/// What stands in every row of ctr and nerdctl.
const DAEMON: &str = "containerd/containerd";

fn row(op: &str) -> Row {
    Row::ok(op).endpoint(DAEMON).namespace("default")
}

fn store(root: &std::path::Path) -> Store<'_> {
    Store {
        kind: "containerd",
        root,
        driver: "overlayfs",
    }
}

/// ctr: `run`, and a task of a container that was created before.
pub(super) fn ctr(lab: &Lab, generation: Generation) -> Result<()> {
    let registry = lab.registry()?;
    let images = Images::build(&registry)?;
    let containerd = lab.containerd(generation)?;
    let mut stage = Stage::open(&[("containerd", &containerd.socket())], lab.place())?;
    for image in images.both() {
        let reference = &image.reference;
        let pull = format!("images pull --plain-http {reference}");
        let pulled = row("pull").image(reference).digest(&image.digest);
        by_ctr(&mut stage, &containerd, &pull, [pulled])?;
        tasks(&mut stage, &containerd, generation, image)?;
    }
    stage.close()?;
    Ok(())
}

/// What ctr does when the program has ended: from 2 on it kills the task that it has just deleted.
fn ended(generation: Generation, kill: Row) -> Option<Row> {
    let refused = || kill.refused().saying("not found");
    (generation == Generation::Newest).then(refused)
}

fn tasks(
    stage: &mut Stage,
    containerd: &Containerd,
    generation: Generation,
    image: &Content,
) -> Result<()> {
    let root = containerd.root();
    let ground = store(&root).ground(image);
    let reference = &image.reference;
    // runc's own folder of containers outlives a lab that was killed.
    let id = &format!("of-{}-{}", image.layers, std::process::id());
    let of = |op: &str| row(op).container(id).image(reference);
    let started = || of("start").on(&ground);
    let run = format!("run --rm --null-io {reference} {id} true");
    let ends = ended(generation, of("kill"));
    let rows = [of("create"), started()].into_iter().chain(ends.clone());
    by_ctr(
        stage,
        containerd,
        &run,
        rows.chain([of("remove-container")]),
    )?;
    let create = format!("containers create {reference} {id} true");
    by_ctr(stage, containerd, &create, [of("create")])?;
    let start = format!("tasks start --null-io {id}");
    by_ctr(
        stage,
        containerd,
        &start,
        std::iter::once(started()).chain(ends),
    )?;
    let delete = format!("containers delete {id}");
    by_ctr(stage, containerd, &delete, [of("remove-container")])?;
    Ok(())
}

fn by_ctr(
    stage: &mut Stage,
    containerd: &Containerd,
    line: &str,
    rows: impl IntoIterator<Item = Row>,
) -> Result<Actor> {
    let actor = succeed(containerd.ctr_command().args(line.split(' ')))?;
    stage.expect(&actor.who, rows);
    Ok(actor)
}

/// nerdctl: `run`, detached.
pub(super) fn nerdctl(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let images = Images::build(&registry)?;
    let containerd = lab.containerd(Generation::Newest)?;
    let root = containerd.root();
    let mut stage = Stage::open(&[("containerd", &containerd.socket())], lab.place())?;
    for image in images.both() {
        let reference = &image.reference;
        let mut command = containerd.nerdctl_command()?;
        command.args(["--insecure-registry", "pull", "--quiet", reference]);
        let actor = succeed(&mut command)?;
        let pulled = row("pull").image(reference).digest(&image.digest);
        stage.expect(&actor.who, [pulled]);
        let mut command = containerd.nerdctl_command()?;
        command.args([
            "run", "--detach", "--net", "none", reference, "sleep", "1000",
        ]);
        let actor = succeed(&mut command)?;
        let of = |op: &str| row(op).container(actor.words()[0]).image(reference);
        let started = of("start").on(&store(&root).ground(image));
        stage.expect(&actor.who, [of("create"), started]);
    }
    stage.close()?;
    Ok(())
}

/// crictl: a pod with a container of each image. The sandbox has a root file system too, and is no start.
pub(super) fn cri(lab: &Lab, generation: Generation) -> Result<()> {
    let registry = lab.registry()?;
    let images = Images::build(&registry)?;
    let containerd = lab.containerd_with_cri(generation, &registry)?;
    let root = containerd.root();
    let crictl = lab.crictl(&containerd.socket())?;
    for image in images.both() {
        crictl.run(&["pull", &image.reference])?;
    }
    let mut stage = Stage::open(&[("containerd", &containerd.socket())], lab.place())?;
    let pod = pod(&images);
    let of_pod = crictl.pod_file(&pod)?;
    let cri = |op: &str| {
        let row = Row::ok(op).endpoint("containerd/cri");
        row.pod(&pod.namespace, &pod.name, &pod.uid)
    };
    let actor = succeed(&mut crictl.command(&["runp", &of_pod]))?;
    let sandbox = actor.words()[0].to_owned();
    stage.expect(&actor.who, [cri("run-sandbox").sandbox(&sandbox)]);
    for (name, image) in [("low", &images.low), ("tall", &images.tall)] {
        let file = crictl.container_file(&pod, name)?;
        let actor = succeed(&mut crictl.command(&["create", &sandbox, &file, &of_pod]))?;
        let id = actor.words()[0].to_owned();
        let own = |op: &str| cri(op).container(&id).name(name).image(&image.reference);
        stage.expect(&actor.who, [own("create").sandbox(&sandbox)]);
        let actor = succeed(&mut crictl.command(&["start", &id]))?;
        let started = own("start").on(&store(&root).ground(image));
        stage.expect(&actor.who, [started]);
    }
    stage.close()?;
    crictl.run(&["rmp", "--force", &sandbox])?;
    Ok(())
}

/// A pod with a container of each image.
pub(super) fn pod(images: &Images) -> Pod {
    let stay = ["sleep", "1000"];
    Pod::new("both", "0d2c8b1e-6f5a-4a53-8c6d-2f1f6b0c7a13")
        .container_of("low", &images.low.reference, &stay)
        .container_of("tall", &images.tall.reference, &stay)
}
