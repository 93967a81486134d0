//! The lab itself, with real daemons: what the whole-program tests rely on.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{
    Client, Crictl, Dind, Generation, Image, Lab, Peers, Pod, ProcessId, Registry, SOCKET_INSIDE,
    missing, skip, until,
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
fn containerd_serves_cri_to_crictl() -> Result<()> {
    needs!(
        "containerd_serves_cri_to_crictl",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    let lab = Lab::new("t-cri")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let crictl = lab.crictl(&containerd.socket())?;
        runs_a_pod(&crictl, &registry)?;
        let done: Vec<String> = containerd
            .done()?
            .into_iter()
            .map(|done| done.method)
            .collect();
        assert_eq!(
            done,
            [
                "PullImage",
                "RunPodSandbox",
                "CreateContainer",
                "StartContainer",
                "StopContainer",
                "RemoveContainer",
                "StopPodSandbox",
                "RemovePodSandbox",
                "RemoveImage",
            ]
        );
    }
    Ok(())
}

#[test]
fn cri_dockerd_serves_cri_to_crictl() -> Result<()> {
    needs!(
        "cri_dockerd_serves_cri_to_crictl",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing(),
        Peers::CriDockerd.missing()
    );
    let lab = Lab::new("t-cri-dockerd")?;
    let registry = lab.registry()?;
    let cri = lab.cri_dockerd(&registry)?;
    runs_a_pod(&lab.crictl(&cri.socket())?, &registry)?;
    assert!(cri.docker().cli(&["images"])?.stdout.contains("busybox"));
    Ok(())
}

/// A pod with one container that says something.
fn runs_a_pod(crictl: &Crictl, registry: &Registry) -> Result<()> {
    let image = registry.reference(Image::Busybox);
    crictl.run(&["pull", &image])?;
    let pod = Pod::new("hello", "0d2c8b1e").container_of("says", &image, &["sleep", "1000"]);
    let (of_pod, of_container) = (crictl.pod_file(&pod)?, crictl.container_file(&pod, "says")?);
    let sandbox = crictl.run(&["runp", &of_pod])?.stdout.trim().to_owned();
    let id = crictl
        .run(&["create", &sandbox, &of_container, &of_pod])?
        .stdout
        .trim()
        .to_owned();
    crictl.run(&["start", &id])?;
    let said = crictl
        .run(&["exec", "--sync", &id, "echo", "hello"])?
        .stdout;
    assert_eq!(said.trim(), "hello");
    crictl.run(&["stop", "--timeout", "0", &id])?;
    crictl.run(&["rm", &id])?;
    crictl.run(&["stopp", &sandbox])?;
    crictl.run(&["rmp", &sandbox])?;
    crictl.run(&["rmi", &image])?;
    Ok(())
}

#[test]
fn kubelet_runs_a_static_pod_and_leaves_the_host_as_it_was() -> Result<()> {
    needs!(
        "kubelet_runs_a_static_pod_and_leaves_the_host_as_it_was",
        Generation::Newest.missing(),
        Peers::Kubernetes.missing()
    );
    let settings = || {
        [
            "kernel/panic",
            "kernel/panic_on_oops",
            "vm/overcommit_memory",
        ]
        .map(|name| fs::read_to_string(format!("/proc/sys/{name}")).ok())
    };
    let (before, folder) = (settings(), Path::new("/var/lib/kubelet").exists());
    let lab = Lab::new("t-kubelet")?;
    let registry = lab.registry()?;
    let containerd = lab.containerd_with_cri(Generation::Newest, &registry)?;
    let crictl = lab.crictl(&containerd.socket())?;
    let kubelet = lab.kubelet(&containerd.socket())?;
    let image = registry.reference(Image::Busybox);
    let pod = Pod::new("hello", "0d2c8b1e").container_of("stays", &image, &["sleep", "1000"]);
    kubelet.add(&pod)?;
    let running = || {
        crictl
            .run(&["ps", "--quiet"])
            .is_ok_and(|ran| !ran.stdout.trim().is_empty())
    };
    assert!(until(SOON, running), "{}", kubelet.log()?);
    let id = crictl.run(&["ps", "--quiet"])?.stdout.trim().to_owned();
    let status = crictl.json("inspect", &[&id])?;
    let pid = ProcessId::of(i32::try_from(
        status["info"]["pid"].as_i64().context("no pid")?,
    )?);
    lab.end()?;
    assert!(!pid.context("it does not run")?.is_running());
    assert_eq!(settings(), before);
    assert_eq!(Path::new("/var/lib/kubelet").exists(), folder);
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
