//! Who starts containers without any socket: Podman from a shell, under a supervisor, in a container; and containers that
//! ran before imgtrace and ask now.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use imgtrace_tests::lab::{Content, Generation, Image, Lab, Outer, Podman, until};
use imgtrace_tests::story::{Stage, succeed};
use imgtrace_tests::tracer::Tracer;
use serde_json::Value;

use super::{SOON, podman};

/// What stands in the name of the unit that the supervisor is put into.
const UNIT: &str = "imgtrace-lab-supervisor.service";
/// A supervisor: in a session of its own, with a parent that has ended.
const SUPERVISOR: &str = r#"
for procs in "$@"; do echo $$ > "$procs"; done
"$0" & echo $! > "$0.pid"; wait"#;

/// Podman on the host.
pub(super) fn on_the_host(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let own = lab.podman(&registry)?;
    own.cli(&["pull", "--quiet", &image.reference])?;
    let stage = podman::stage(lab, &[])?;
    from_a_shell(&stage, &own, &image)?;
    under_a_supervisor(&stage, lab, &own, &image)
}

/// `sh -c 'podman run …; true'`.
fn from_a_shell(stage: &Stage, own: &Podman, image: &Content) -> Result<()> {
    let words = own.words().join(" ");
    let script = format!(
        "{words} run --rm --name shell {} true; true",
        image.reference
    );
    let shell = succeed(Command::new("sh").args(["-c", &script]))?;
    let start = started(stage.tracer(), "shell")?;
    let caller = &start["caller"];
    assert_eq!(caller["exe"], "/usr/bin/podman", "{start:#}");
    assert_eq!(caller["ancestors"][0]["pid"], shell.who.pid, "{start:#}");
    assert_eq!(caller["ancestors"][0]["comm"], "sh", "{start:#}");
    assert_eq!(
        caller["ancestors"][1]["pid"],
        std::process::id(),
        "{start:#}"
    );
    assert_eq!(caller["container"], Value::Null, "{start:#}");
    is_of(&start, image);
    Ok(())
}

/// A script under a supervisor, which is a child of the machine's first process and in a unit's cgroup.
fn under_a_supervisor(stage: &Stage, lab: &Lab, own: &Podman, image: &Content) -> Result<()> {
    let job = lab.place().data().join("job");
    let words = own.words().join(" ");
    let text = format!(
        "#!/bin/sh\n{words} run --rm --name job {} true\n",
        image.reference
    );
    fs::write(&job, text)?;
    succeed(Command::new("chmod").arg("755").arg(&job))?;
    let unit = unit()?;
    let mut supervisor = Command::new("setsid");
    supervisor
        .args(["--fork", "sh", "-c", SUPERVISOR])
        .arg(&job);
    supervisor.args(unit.iter().map(|folder| folder.join("cgroup.procs")));
    succeed(supervisor.stdin(Stdio::null()))?;
    let start = started(stage.tracer(), "job")?;
    let pid: u32 = fs::read_to_string(job.with_extension("pid"))?
        .trim()
        .parse()?;
    let caller = &start["caller"];
    assert_eq!(caller["exe"], "/usr/bin/podman", "{start:#}");
    assert_eq!(caller["ancestors"][0]["pid"], pid, "{start:#}");
    assert_eq!(caller["unit"], UNIT, "{start:#}");
    is_of(&start, image);
    // Its processes are about to end.
    for folder in &unit {
        until(SOON, || fs::remove_dir(folder).is_ok());
    }
    Ok(())
}

/// Folders of a unit, in every hierarchy in which systemd would have it.
fn unit() -> Result<Vec<PathBuf>> {
    let roots = [
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/systemd",
        "/sys/fs/cgroup/unified",
    ];
    let is_root = |root: &&str| Path::new(root).join("cgroup.procs").exists();
    let folders: Vec<PathBuf> = roots
        .into_iter()
        .filter(is_root)
        .map(|root| Path::new(root).join("system.slice").join(UNIT))
        .collect();
    for folder in &folders {
        fs::create_dir_all(folder).with_context(|| format!("no unit {}", folder.display()))?;
    }
    Ok(folders)
}

/// Podman in a container of Docker.
pub(super) fn in_a_container(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let docker = lab.docker(Generation::Debian)?;
    let inner = lab.podman(&registry)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let folder = (inner.data(), inner.data());
    let outer = Outer::start(&docker, &registry, &[folder], &["sleep", "1000"])?;
    let mut words = inner.words();
    let run = ["run", "--rm", "--name", "within", &image.reference, "true"];
    words.extend(run.map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let inside = outer.run(&words)?;
    let start = started(&tracer, "within")?;
    docker.cli(&["rm", "--force", outer.container()])?;
    tracer.stop()?;
    let caller = &start["caller"];
    assert_eq!(caller["pid"], inside.ran.pid, "{start:#}");
    assert_eq!(caller["exe"], "/usr/bin/podman", "{start:#}");
    assert_eq!(caller["container"]["id"], outer.container(), "{start:#}");
    is_of(&start, &image);
    Ok(())
}

/// Containers of Docker and of Podman that ran before imgtrace came, and drive a Docker by its socket.
pub(super) fn from_running_containers(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let agent = registry.add(Image::DockerCli)?;
    let docker = lab.docker(Generation::Debian)?;
    let own = lab.podman(&registry)?;
    docker.cli(&["pull", "--quiet", &image.reference])?;
    let socket = docker.socket();
    let volume = format!("{0}:{0}", socket.display());
    let run = [
        "run", "--detach", "--name", "before", "--volume", &volume, &agent, "sleep", "1000",
    ];
    let by_docker = docker.cli(&run)?.stdout.trim().to_owned();
    let by_podman = own.cli(&run)?.stdout.trim().to_owned();
    let tracer = Tracer::start(&[("docker", &socket)], &[])?;
    let host = format!("unix://{}", socket.display());
    let ask = |name: &str| -> Vec<String> {
        let words = [
            "exec",
            "before",
            "docker",
            "--host",
            &host,
            "run",
            "--rm",
            "--name",
            name,
            &image.reference,
            "true",
        ];
        words.map(str::to_owned).into()
    };
    succeed(
        docker
            .command(docker.generation().client())?
            .args(ask("asked-by-docker-s")),
    )?;
    succeed(own.command().args(ask("asked-by-podman-s")))?;
    for (name, id, runtime) in [
        ("asked-by-docker-s", by_docker, "docker"),
        ("asked-by-podman-s", by_podman, "podman"),
    ] {
        let start = started(&tracer, name)?;
        let container = &start["caller"]["container"];
        assert_eq!(container["id"], *id, "{start:#}");
        assert_eq!(container["name"], "before", "{start:#}");
        assert_eq!(container["image"], *agent, "{start:#}");
        assert_eq!(container["runtime"], runtime, "{start:#}");
        is_of(&start, &image);
    }
    Ok(())
}

/// The start of the container of this name.
fn started(tracer: &Tracer, name: &str) -> Result<Value> {
    tracer.line(SOON, |line| {
        line["kind"] == "operation" && line["op"] == "start" && line["container_name"] == name
    })
}

fn is_of(start: &Value, image: &Content) {
    assert_eq!(start["image"], *image.reference, "{start:#}");
    assert_eq!(start["rootfs"]["chain_id"], *image.chain_id, "{start:#}");
    assert_eq!(start["rootfs"]["layers"], image.layers, "{start:#}");
}
