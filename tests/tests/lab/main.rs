//! The lab itself, with real daemons: what the whole-program tests rely on.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{
    Client, Dind, Generation, Image, Lab, ProcessId, Registry, SOCKET_INSIDE, missing, skip, until,
};

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);
/// Each test has a lab of its own; this says whether it cannot run here.
macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

// After the macro, which it uses.
mod kubernetes;
mod podman;

#[test]
fn images_have_the_same_digest_in_every_lab() -> Result<()> {
    needs!("images_have_the_same_digest_in_every_lab");
    let digest = |name: &str| -> Result<String> {
        let lab = Lab::new(name)?;
        let registry = lab.registry()?;
        let docker = lab.docker(Generation::Debian)?;
        docker.cli(&["pull", &registry.add(Image::Layers)?])?;
        let format = "{{index .RepoDigests 0}}";
        let out = docker.cli(&[
            "inspect",
            "--format",
            format,
            &registry.reference(Image::Layers),
        ])?;
        let (_, digest) = out.stdout.trim().split_once('@').context("no digest")?;
        Ok(digest.to_owned())
    };
    assert_eq!(digest("t-digest-1")?, digest("t-digest-2")?);
    Ok(())
}

#[test]
fn an_index_resolves_to_this_platform() -> Result<()> {
    needs!(
        "an_index_resolves_to_this_platform",
        Generation::Newest.missing()
    );
    let lab = Lab::new("t-index")?;
    let registry = lab.registry()?;
    let multi = registry.add(Image::Multi)?;
    for generation in [Generation::Debian, Generation::Newest] {
        let ran = lab
            .docker(generation)?
            .cli(&["run", "--rm", &multi, "echo", "here"])?;
        assert_eq!(ran.stdout, "here\n", "{}", generation.name());
    }
    Ok(())
}

#[test]
fn every_client_tells_the_same_story_to_both_generations() -> Result<()> {
    let clients = Client::ALL.map(Client::missing);
    let reasons = clients.into_iter().flatten().next();
    needs!(
        "every_client_tells_the_same_story_to_both_generations",
        reasons
    );
    let lab = Lab::new("t-clients")?;
    let registry = lab.registry()?;
    let image = registry.reference(Image::Busybox);
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        for client in Client::ALL {
            docker.story(client, &image, client.name())?;
            let left = docker.cli(&["ps", "--all", "--quiet"])?.stdout;
            assert_eq!(left, "", "{} left a container behind", client.name());
        }
        assert!(
            docker
                .cli(&["images"])?
                .stdout
                .contains("imgtrace-lab/busybox")
        );
    }
    Ok(())
}

#[test]
fn compose_is_a_plugin_of_the_newest_docker() -> Result<()> {
    needs!(
        "compose_is_a_plugin_of_the_newest_docker",
        Generation::Newest.missing()
    );
    let lab = Lab::new("t-compose")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Newest)?;
    let file = lab.place().data().join("compose.yaml");
    let image = registry.reference(Image::Busybox);
    fs::write(
        &file,
        format!("services:\n  web:\n    image: {image}\n    command: echo composed\n"),
    )?;
    let ran = docker.cli(&[
        "compose",
        "--file",
        &file.display().to_string(),
        "up",
        "--no-color",
    ])?;
    assert!(ran.stdout.contains("composed"), "{}", ran.stdout);
    docker.cli(&["compose", "--file", &file.display().to_string(), "down"])?;
    Ok(())
}

#[test]
fn a_program_inside_has_the_pid_and_container_that_it_says() -> Result<()> {
    needs!("a_program_inside_has_the_pid_and_container_that_it_says");
    let lab = Lab::new("t-inside")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let agent = registry.add(Image::DockerCli)?;
    docker.cli(&["pull", "--quiet", &agent])?;
    let first = docker.inside(&agent, &["cat", "/proc/1/cmdline", "/proc/self/cgroup"])?;
    assert!(first.ran.stdout.contains(&first.container), "{first:?}");
    assert!(
        !first.ran.stdout.contains("go"),
        "the program is the first process itself: {first:?}"
    );
    let second = docker.inside(
        &agent,
        &["docker", "ps", "--no-trunc", "--format", "{{.ID}}"],
    )?;
    assert_eq!(
        second.ran.stdout.trim(),
        second.container,
        "seen by way of {SOCKET_INSIDE}"
    );
    assert_ne!(first.ran.pid, second.ran.pid);
    Ok(())
}

#[test]
fn docker_in_docker_nests_and_pulls_from_the_same_registry() -> Result<()> {
    needs!("docker_in_docker_nests_and_pulls_from_the_same_registry");
    let lab = Lab::new("t-dind")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let dind = Dind::start(&docker, &registry)?;
    let image = registry.reference(Image::Busybox);
    let inner = dind.cli(&["run", "--rm", &image, "cat", "/proc/self/cgroup"])?;
    assert_eq!(inner.container, dind.container());
    assert!(
        inner
            .ran
            .stdout
            .contains(&format!("/docker/{}", dind.container()))
            || inner.ran.stdout == "0::/\n"
    );
    let seen = docker
        .cli(&["ps", "--all", "--quiet", "--no-trunc"])?
        .stdout;
    assert_eq!(
        seen.trim(),
        dind.container(),
        "the outer daemon knows only the outer container"
    );
    assert!(
        !docker.cli(&["images"])?.stdout.contains("busybox"),
        "the inner pull filled the inner store"
    );
    Ok(())
}

#[test]
fn a_stranger_is_refused_by_the_socket_alone() -> Result<()> {
    needs!("a_stranger_is_refused_by_the_socket_alone");
    let lab = Lab::new("t-denied")?;
    let docker = lab.docker(Generation::Debian)?;
    let ran = docker.try_cli_as(65_534, &["version"])?;
    assert!(
        ran.stderr.contains("connect: permission denied"),
        "{}",
        ran.stderr
    );
    fs::set_permissions(
        docker.socket(),
        std::os::unix::fs::PermissionsExt::from_mode(0o666),
    )?;
    assert!(docker.try_cli_as(65_534, &["version"])?.status.success());
    Ok(())
}

#[test]
fn the_first_client_starts_an_activated_daemon() -> Result<()> {
    needs!(
        "the_first_client_starts_an_activated_daemon",
        Generation::Newest.missing()
    );
    let lab = Lab::new("t-activation")?;
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker_named(generation, generation.name())?;
        let activation = docker.listen()?;
        assert_eq!(docker.pid(), None);
        let ran = thread::scope(|scope| {
            let client = scope.spawn(|| docker.cli(&["info", "--format", "{{.ID}}"]));
            activation.start_on_demand(SOON)?;
            client.join().expect("the client's thread does not panic")
        })?;
        assert!(!ran.stdout.trim().is_empty());
        assert!(docker.pid().is_some());
    }
    Ok(())
}

#[test]
fn a_restarted_daemon_has_its_images_and_a_new_socket() -> Result<()> {
    needs!("a_restarted_daemon_has_its_images_and_a_new_socket");
    let lab = Lab::new("t-restart")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    docker.cli(&["pull", &registry.reference(Image::Busybox)])?;
    let before = docker.pid();
    docker.restart()?;
    assert_ne!(docker.pid(), before);
    assert!(docker.cli(&["images"])?.stdout.contains("busybox"));
    Ok(())
}

#[test]
fn containerd_alone_answers_ctr() -> Result<()> {
    needs!("containerd_alone_answers_ctr");
    let lab = Lab::new("t-containerd")?;
    let registry = lab.registry()?;
    let containerd = lab.containerd(Generation::Debian)?;
    let image = registry.reference(Image::Busybox);
    containerd.ctr(&["images", "pull", "--plain-http", &image])?;
    let ran = containerd.ctr(&["run", "--rm", &image, "hello", "echo", "hello"])?;
    assert_eq!(ran.stdout, "hello\n");
    Ok(())
}

#[test]
fn a_crashed_lab_is_swept_up_by_the_next() -> Result<()> {
    needs!("a_crashed_lab_is_swept_up_by_the_next");
    let lab = Lab::new("t-crash")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let image = registry.reference(Image::Busybox);
    docker.cli(&[
        "run", "--detach", "--name", "stays", &image, "sleep", "1000",
    ])?;
    let inside = docker
        .cli(&["inspect", "--format", "{{.State.Pid}}", "stays"])?
        .stdout;
    let inside = ProcessId::of(inside.trim().parse()?).context("the container does not run")?;
    let dockerd = ProcessId::of(docker.pid().context("dockerd does not run")?).context("gone")?;
    let (run, data) = (lab.place().run().to_owned(), lab.place().data().to_owned());
    // As a crash does: nothing is ended, and the lock goes with the process.
    lab.keep();
    assert!(Registry::of(Lab::open("t-crash")?.place()).is_some());

    Lab::new("t-crash")?.end()?;
    assert!(until(SOON, || !inside.is_running() && !dockerd.is_running()));
    assert!(!run.exists() && !data.exists());
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    assert!(!mounts.contains(&*data.to_string_lossy()), "{mounts}");
    Ok(())
}

#[test]
fn a_lab_is_held_by_one_process_at_a_time() -> Result<()> {
    needs!("a_lab_is_held_by_one_process_at_a_time");
    let lab = Lab::new("t-held")?;
    assert!(Lab::open("t-held").is_err());
    drop(lab);
    Lab::new("t-held")?.end()
}
