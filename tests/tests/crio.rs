//! crictl on CRI-O, which starts containers by conmon and runc with no shim of containerd's: every operation is found
//! once, and CRI-O's own mounts and its bare ids mislead nobody.

#![expect(
    clippy::indexing_slicing,
    reason = "a line that a client did not print ends the test"
)]

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Crictl, Image, Lab, Peers, Pod, missing, skip};
use imgtrace_tests::story::{Actor, Row, Stage, Who, attempt, succeed};
use imgtrace_tests::tracer;

/// Says whether a test cannot run here, and lets it end there.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

#[test]
fn crictl_on_crio() -> Result<()> {
    needs!(
        "crictl_on_crio",
        Peers::CriO.missing(),
        Peers::Kubernetes.missing()
    );
    let lab = Lab::new("w-crio")?;
    let registry = lab.registry()?;
    let pause = registry.add_known(Image::Pause)?;
    let crio = lab.crio(&pause.reference)?;
    let crictl = lab.crictl(&crio.socket())?;
    let mut stage = Stage::open(&[("cri-o", &crio.socket())], lab.place())?;
    let image = registry.reference(Image::Busybox);

    let actor = run(&crictl, &["pull", &image])?;
    // Image is up to date for …: an image id of 64 bare digits.
    let told = actor.ran.stdout.split_whitespace().last();
    let digest = format!("sha256:{}", told.context("no id")?);
    stage.expect(&actor.who, [ok("pull").image(&image).digest(&digest)]);
    let absent = format!("{image}-missing");
    let actor = attempt(&mut crictl.command(&["pull", &absent]))?;
    ensure!(!actor.ran.status.success(), "there is {absent}");
    let refused = Row::error("pull").endpoint("cri-o/cri").image(&absent);
    stage.expect(&actor.who, [refused.saying("manifest unknown")]);

    // CRI-O brings the image of sandboxes by itself.
    let own = Who::running(u32::try_from(crio.pid().context("it has ended")?)?)?;
    let pulled = Row::ok("pull").endpoint("cri-o/null").inferred();
    let pulled = pulled.image(&pause.reference).digest(&pause.digest);
    pod(&crictl, &mut stage, &image, (&own, pulled))?;
    let actor = run(&crictl, &["rmi", &image])?;
    stage.expect(&actor.who, [ok("remove-image").image(&image)]);
    stage.close()?;
    Ok(())
}

fn ok(op: &str) -> Row {
    Row::ok(op).endpoint("cri-o/cri").hops(&[])
}

fn run(crictl: &Crictl, args: &[&str]) -> Result<Actor> {
    succeed(&mut crictl.command(args))
}

/// A pod with a container, from its begin to its end; what CRI-O itself pulls for it.
fn pod(crictl: &Crictl, stage: &mut Stage, image: &str, (own, pulled): (&Who, Row)) -> Result<()> {
    let pod = Pod::new("hello", "0d2c8b1e-6f5a-4a53-8c6d-2f1f6b0c7a12").container_of(
        "says",
        image,
        &["sleep", "1000"],
    );
    let of_pod = crictl.pod_file(&pod)?;
    let says = crictl.container_file(&pod, "says")?;
    let actor = run(crictl, &["runp", &of_pod])?;
    let sandbox = actor.words()[0].to_owned();
    let in_pod = |op: &str| ok(op).pod(&pod.namespace, &pod.name, &pod.uid);
    let of = |op: &str| in_pod(op).sandbox(&sandbox);
    stage.expect(&actor.who, [of("run-sandbox")]);
    stage.expect(own, [pulled]);
    let actor = run(crictl, &["create", &sandbox, &says, &of_pod])?;
    let id = actor.words()[0].to_owned();
    let own = |row: Row| row.container(&id).name("says").image(image);
    // Of the requests about it, this one alone names its sandbox.
    stage.expect(&actor.who, [own(of("create"))]);
    for (op, words) in [
        ("start", &["start", &id][..]),
        ("exec", &["exec", "--sync", &id, "true"]),
        ("stop", &["stop", "--timeout", "0", &id]),
        ("remove-container", &["rm", &id]),
    ] {
        let actor = run(crictl, words)?;
        stage.expect(&actor.who, [own(in_pod(op))]);
    }
    for (op, word) in [("stop-sandbox", "stopp"), ("remove-sandbox", "rmp")] {
        let actor = run(crictl, &[word, &sandbox])?;
        stage.expect(&actor.who, [of(op)]);
    }
    Ok(())
}
