//! Docker in Docker: what the inner daemon starts is its own, and the outer one has no part in it.

use anyhow::Result;
use imgtrace_tests::lab::{Dind, Generation, Image, Lab};
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
