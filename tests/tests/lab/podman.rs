//! Podman and Buildah: of root, of an ordinary user, over their socket.

use anyhow::Result;
use imgtrace_tests::lab::{Image, Lab, Ran, Rootless, missing, skip};

#[test]
fn podman_and_buildah_share_a_store() -> Result<()> {
    needs!("podman_and_buildah_share_a_store");
    let lab = Lab::in_memory("t-podman")?;
    let registry = lab.registry()?;
    let podman = lab.podman(&registry)?;
    let image = registry.add(Image::Tall)?;
    let ran = podman.cli(&["run", "--rm", &image, "cat", "/README"])?;
    assert_eq!(ran.stdout, "storey 100\n");
    let working = Ran::ok(podman.buildah_command().args(["from", &image]))?;
    let run = [
        "run",
        "--network",
        "host",
        working.stdout.trim(),
        "echo",
        "hi",
    ];
    assert_eq!(Ran::ok(podman.buildah_command().args(run))?.stdout, "hi\n");
    let socket = podman.serve()?;
    let mut remote = podman.remote_command(&socket);
    let ran = Ran::ok(remote.args(["run", "--rm", &image, "echo", "there"]))?;
    assert_eq!(ran.stdout, "there\n");
    Ok(())
}

#[test]
fn podman_of_an_ordinary_user() -> Result<()> {
    needs!("podman_of_an_ordinary_user", Rootless::missing());
    let lab = Lab::new("t-rootless")?;
    let registry = lab.registry()?;
    let rootless = lab.rootless(&registry)?;
    let image = registry.reference(Image::Busybox);
    let ran = rootless.cli(&["run", "--rm", &image, "cat", "/proc/self/uid_map"])?;
    assert!(
        ran.stdout.contains(&rootless.uid().to_string()),
        "{}",
        ran.stdout
    );
    Ok(())
}
