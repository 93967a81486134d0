//! Docker was used and switched off, and the node's containerd goes on: once before imgtrace came, in the folder of a user
//! whose daemon nobody runs any more, and once before its eyes. Each time what Docker left is named, with its bytes, since
//! when, and which of its images a living store has as well.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::watch::SOON;
use super::{Comparison, Situation, Told, Watch, du};
use crate::lab::{Containerd, Docker, Generation, Image, Lab, Peers, say};
use crate::tracer;

pub(super) const SITUATION: Situation = Situation {
    name: "leftover",
    peers: &[Peers::Kubernetes],
    play,
};

/// Gives imgtrace a list of users of its own, in a mount namespace of its own.
const SETTING: &str = r#"mount --bind "$1" /etc/passwd || exit; shift; exec "$@""#;
/// How long a store is without a daemon before imgtrace says so.
const ABSENCE: Duration = Duration::from_secs(30);
/// Bytes of folders and of files of overlay's own, which are no image's.
const AROUND: u64 = 256 << 10;

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let [own, old] = [Image::Own, Image::Numbered(5)].map(|image| registry.add(image));
    let (own, old) = (own?, old?);
    let forgotten = lab.docker_named(Generation::Debian, "forgotten")?;
    forgotten.start()?;
    use_it(&forgotten, &[&own, &old])?;
    forgotten.stop()?;
    say("the first dockerd is switched off; its containerd goes on");
    let k3s = lab.containerd_with_cri(Generation::Debian, &registry)?;
    lab.crictl(&k3s.socket())?.run(&["pull", &own])?;
    let living = lab.docker(Generation::Debian)?;
    let beside = registry.add(Image::Numbered(6))?;
    use_it(&living, &[&beside])?;

    let watch = Watch::of(
        as_a_user_left_it(lab, &forgotten.root())?,
        lab,
        &[("docker", &living.socket()), ("containerd", &k3s.socket())],
    )?;
    let found = watch.finding("leftover", &own)?;
    living.stop()?;
    say("the second dockerd is switched off");
    let root = living.root().display().to_string();
    let left = watch.finding_within(ABSENCE + SOON, "leftover", &root)?;
    let told = watch.end()?;

    told.only(&["leftover"])?;
    ensure!(told.findings("leftover").len() == 2, "one for each store");
    says(&found, &forgotten, Some((&own, &k3s)))?;
    ensure!(
        !found["evidence"].to_string().contains(&old),
        "no living store has {old}: {found:#}"
    );
    says(&left, &living, None)?;
    Ok(told)
}

/// Has a Docker pull images and make a container of the last.
fn use_it(docker: &Docker, images: &[&str]) -> Result<()> {
    for image in images {
        docker.cli(&["pull", "--quiet", image])?;
    }
    let last = images.last().context("no images")?;
    docker.cli(&["create", "--name", "kept", last, "true"])?;
    Ok(())
}

/// imgtrace on a machine that has a user with this data root at the place of a Docker without root.
fn as_a_user_left_it(lab: &Lab, root: &Path) -> Result<Command> {
    let home = lab.place().data_dir("home")?;
    let share = home.join(".local/share");
    fs::create_dir_all(&share)?;
    std::os::unix::fs::symlink(root, share.join("docker"))?;
    let users = lab.place().data().join("passwd");
    let user = format!("old:*:1001:1001::{}:/bin/sh\n", home.display());
    fs::write(&users, format!("root:x:0:0::/root:/bin/sh\n{user}"))?;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation=private"])
        .args(["sh", "-c", SETTING, "sh"])
        .arg(users)
        .arg(tracer::program()?);
    Ok(command)
}

/// The finding names the store, with the bytes that lie there, since when, and this image of it that is elsewhere too; it
/// tells how to see that nothing needs it, and removes nothing.
fn says(finding: &Value, docker: &Docker, elsewhere: Option<(&str, &Containerd)>) -> Result<()> {
    let root = finding["stores"][0]["root"].as_str().context("no store")?;
    ensure!(
        fs::canonicalize(root)? == fs::canonicalize(docker.root())?,
        "{finding:#}"
    );
    let wasted = finding["wasted_bytes"].as_u64().context("no bytes")?;
    Comparison::new(&format!("what was left in {root}"))
        .says("imgtrace, wasted_bytes", wasted)
        .says("du of overlay2", du(&docker.root().join("overlay2"))?)
        .agree(AROUND)?;
    let evidence = finding["evidence"].to_string();
    if let Some((image, containerd)) = elsewhere {
        let place = containerd.root().display().to_string();
        ensure!(
            evidence.contains(&place) && evidence.contains(image),
            "{image} is in {place} too: {finding:#}"
        );
    }
    let today = day()?;
    ensure!(
        finding.to_string().contains(&today),
        "it was used on {today}: {finding:#}"
    );
    ensure!(finding["remedy"].is_string(), "{finding:#}");
    Ok(())
}

/// Today, as imgtrace writes it.
fn day() -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut date = Command::new("date");
    date.args(["--utc", "+%F", "--date"]).arg(format!("@{now}"));
    Ok(crate::lab::Ran::ok(&mut date)?.stdout.trim().to_owned())
}
