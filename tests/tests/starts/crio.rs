//! CRI-O, which mounts when a container is created and has conmon and runc start it.

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Image, Lab};
use imgtrace_tests::story::{Row, Stage, Who, succeed};

use super::containerd::pod;
use super::images::{Images, Store};

/// A pod with a container of each image.
pub(super) fn story(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let images = Images::build(&registry)?;
    let pause = registry.add_known(Image::Pause)?;
    let crio = lab.crio(&pause.reference)?;
    let crictl = lab.crictl(&crio.socket())?;
    for image in images.both() {
        crictl.run(&["pull", &image.reference])?;
    }
    let root = crio.root();
    let store = Store {
        kind: "containers-storage",
        root: &root,
        driver: "overlay",
    };
    let mut stage = Stage::open(&[("cri-o", &crio.socket())], lab.place())?;
    let pod = pod(&images);
    let of_pod = crictl.pod_file(&pod)?;
    let cri = |op: &str| {
        let row = Row::ok(op).endpoint("cri-o/cri").hops(&[]);
        row.pod(&pod.namespace, &pod.name, &pod.uid)
    };
    let actor = succeed(&mut crictl.command(&["runp", &of_pod]))?;
    let sandbox = actor.words()[0].to_owned();
    stage.expect(&actor.who, [cri("run-sandbox").sandbox(&sandbox)]);
    // Nobody has asked for the image of sandboxes.
    let own = Who::running(u32::try_from(crio.pid().context("it has ended")?)?)?;
    let pulled = Row::ok("pull").endpoint("cri-o/null").inferred();
    let pulled = pulled.image(&pause.reference).digest(&pause.digest);
    stage.expect(&own, [pulled]);
    for (name, image) in [("low", &images.low), ("tall", &images.tall)] {
        let file = crictl.container_file(&pod, name)?;
        let actor = succeed(&mut crictl.command(&["create", &sandbox, &file, &of_pod]))?;
        let id = actor.words()[0].to_owned();
        let own = |op: &str| cri(op).container(&id).name(name).image(&image.reference);
        stage.expect(&actor.who, [own("create").sandbox(&sandbox)]);
        let actor = succeed(&mut crictl.command(&["start", &id]))?;
        stage.expect(&actor.who, [own("start").on(&store.ground(image))]);
    }
    stage.close()?;
    crictl.run(&["rmp", "--force", &sandbox])?;
    Ok(())
}
