//! Docker in Docker: what the inner daemon starts is its own, and the outer one has no part in it.

use anyhow::{Result, ensure};
use imgtrace_tests::lab::{Dind, Generation, Image, Lab, until};
use imgtrace_tests::story::Ground;
use imgtrace_tests::tracer::Tracer;

use super::{SOON, docker};

/// An inner container is started by an inner client.
pub(super) fn story(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let outer = lab.docker(Generation::Debian)?;
    let tracer = Tracer::start(&[("docker", &outer.socket())], &[])?;
    let dind = Dind::start(&outer, &registry)?;
    let words = [
        "run",
        "--detach",
        "--name",
        "inner",
        &image.reference,
        "sleep",
        "1000",
    ];
    let inside = dind.cli(&words)?;
    let id = inside.ran.stdout.trim().to_owned();
    let told = |id: String| {
        move |line: &serde_json::Value| {
            line["kind"] == "operation" && line["op"] == "start" && line["container"] == *id
        }
    };
    let inner = tracer.line(SOON, told(id.clone()))?;
    let around = tracer.line(SOON, told(dind.container().to_owned()))?;
    outer.cli(&["rm", "--force", dind.container()])?;
    let trace = tracer.stop()?;

    for id in [&*id, dind.container()] {
        let mut starts = trace.of_kind("operation");
        starts.retain(|line| line["op"] == "start" && line["container"] == *id);
        assert_eq!(starts.len(), 1, "{starts:#?}");
    }
    assert_eq!(inner["image"], *image.reference);
    assert_eq!(inner["caller"]["pid"], inside.ran.pid, "{inner:#}");
    assert_eq!(inner["caller"]["container"]["id"], *dind.container());
    let within = docker::store(Generation::Debian, dind.root()).ground(&image);
    assert_eq!(Ground::told(&inner), within, "{inner:#}");
    let root = docker::layers(&outer);
    let store = &around["store"];
    assert_eq!(store["root"], root.display().to_string(), "{around:#}");
    assert_ne!(store["id"], inner["store"]["id"], "two stores");
    Ok(())
}

/// A task of a swarm's service: no client has asked for its container.
pub(super) fn swarm(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let image = registry.add_known(Image::Busybox)?;
    let outer = lab.docker(Generation::Debian)?;
    // A swarm makes a bridge in its network namespace, which here is not the host's.
    let dind = Dind::start(&outer, &registry)?;
    let tracer = Tracer::start(&[("docker", &outer.socket())], &[])?;
    dind.cli(&["swarm", "init", "--advertise-addr", "127.0.0.1"])?;
    let words = [
        "service",
        "create",
        "--detach",
        "--network",
        "host",
        "--name",
        "svc",
        &image.reference,
        "sleep",
        "1000",
    ];
    dind.cli(&words)?;
    let mut state = String::new();
    let runs = until(SOON, || {
        let tasks = dind.cli(&[
            "service",
            "ps",
            "--format",
            "{{.CurrentState}} {{.Error}}",
            "svc",
        ]);
        state = tasks.map_or_else(|error| error.to_string(), |tasks| tasks.ran.stdout);
        state.starts_with("Running")
    });
    ensure!(runs, "the swarm does not start it: {state}");
    let of_task = |line: &serde_json::Value| {
        let name = line["container_name"].as_str();
        line["kind"] == "operation"
            && line["op"] == "start"
            && name.is_some_and(|name| name.starts_with("svc.1."))
    };
    let start = tracer.line(SOON, of_task)?;
    outer.cli(&["rm", "--force", dind.container()])?;
    let trace = tracer.stop()?;
    let mut starts = trace.of_kind("operation");
    starts.retain(|line| of_task(line));
    assert_eq!(starts.len(), 1, "{starts:#?}");
    assert_eq!(start["cause"], "swarm", "{start:#}");
    assert_eq!(start["caller"]["pid"], dind.pid(), "{start:#}");
    assert_eq!(start["rootfs"]["chain_id"], *image.chain_id, "{start:#}");
    Ok(())
}
