//! Starts that no client asked for: a restart policy, and a daemon that comes up again.

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Content, Docker, until};
use imgtrace_tests::story::Who;
use imgtrace_tests::tracer::{Trace, Tracer};
use serde_json::Value;

use super::{SOON, docker};

/// How often dockerd must have started the container again: it waits 100 ms, and twice as long each time.
const TIMES: u64 = 4;
/// Ends when it is told to: a dockerd that comes up stops what runs, and would wait ten seconds.
const STAY: [&str; 3] = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"];

/// A container that ends every 200 ms and is always started again.
pub(super) fn policy(docker: &Docker, image: &Content) -> Result<()> {
    docker.cli(&["pull", "--quiet", &image.reference])?;
    let tracer = trace(docker)?;
    let run = ["run", "--detach", "--restart", "always", "--name", "again"];
    let ran = docker.cli(&[&run[..], &[&image.reference, "sleep", "0.2"]].concat())?;
    let id = ran.stdout.trim();
    let enough = || restarts(docker, "again").is_ok_and(|count| count >= TIMES);
    ensure!(until(SOON, enough), "dockerd does not start it again");
    // It ends here and is not started any more.
    docker.cli(&["update", "--restart", "no", "again"])?;
    docker.cli(&["wait", "again"])?;
    let dockerd = docker.pid().context("dockerd is gone")?;
    let counted = restarts(docker, "again")?;
    // Whatever is gathered into one line is told when the run ends.
    let trace = tracer.stop()?;
    let starts = starts(&trace, id);
    let (first, others) = starts.split_first().context("no start")?;
    assert_eq!(first["caller"]["pid"], ran.pid, "{first:#}");
    assert_eq!(first["cause"], Value::Null, "{first:#}");
    let root = docker::layers(docker);
    for start in others {
        assert_eq!(start["cause"], "restart-policy", "{start:#}");
        assert_eq!(start["caller"]["pid"], dockerd, "{start:#}");
        assert_eq!(start["image"], *image.reference, "{start:#}");
        assert_eq!(
            start["store"]["root"],
            root.display().to_string(),
            "{start:#}"
        );
    }
    let sum: u64 = others
        .iter()
        .filter_map(|start| start["count"].as_u64())
        .sum();
    assert_eq!(sum, counted, "{starts:#?}");
    docker.stop()?;
    Ok(())
}

/// A dockerd that is killed and started: containers that ran are started once more, those that had ended are not.
pub(super) fn recovery(docker: &Docker, image: &Content) -> Result<()> {
    docker.cli(&["pull", "--quiet", &image.reference])?;
    let tracer = trace(docker)?;
    let mut ids = Vec::new();
    for (name, policy) in [
        ("always", "always"),
        ("ended", "unless-stopped"),
        ("never", "no"),
    ] {
        let run = ["run", "--detach", "--name", name, "--restart", policy];
        let ran = docker.cli(&[&run[..], &[&image.reference], &STAY].concat())?;
        ids.push(ran.stdout.trim().to_owned());
    }
    docker.cli(&["kill", "ended"])?;
    docker.kill()?;
    docker.start()?;
    let dockerd = u32::try_from(docker.pid().context("dockerd is gone")?)?;
    let dockerd = Who::running(dockerd)?;
    let recovered = |line: &Value| line["kind"] == "operation" && line["cause"] == "recovery";
    tracer.line(SOON, recovered)?;
    let runs = ["inspect", "--format", "{{.State.Running}}", "always"];
    assert_eq!(docker.cli(&runs)?.stdout, "true\n");
    let trace = tracer.stop()?;
    for (id, wanted) in ids.iter().zip([2, 1, 1]) {
        let starts = starts(&trace, id);
        assert_eq!(starts.len(), wanted, "{starts:#?}");
        assert_eq!(starts[0]["cause"], Value::Null, "{:#}", starts[0]);
    }
    let starts = starts(&trace, &ids[0]);
    let again = starts[1];
    assert_eq!(again["cause"], "recovery", "{again:#}");
    assert_eq!(again["count"], 1, "{again:#}");
    assert_eq!(again["caller"]["pid"], dockerd.pid, "{again:#}");
    assert_eq!(again["caller"]["exe"], *dockerd.exe, "{again:#}");
    assert_eq!(again["image"], *image.reference, "{again:#}");
    assert_eq!(again["container_name"], "always", "{again:#}");
    assert_eq!(again["rootfs"]["chain_id"], *image.chain_id, "{again:#}");
    docker.stop()?;
    Ok(())
}

fn trace(docker: &Docker) -> Result<Tracer> {
    let (socket, below) = (docker.socket(), docker.containerd().socket());
    Tracer::start(&[("docker", &socket), ("containerd", &below)], &[])
}

/// dockerd's own count.
fn restarts(docker: &Docker, name: &str) -> Result<u64> {
    let count = docker.cli(&["inspect", "--format", "{{.RestartCount}}", name])?;
    Ok(count.stdout.trim().parse()?)
}

/// The starts of a container, in their order.
fn starts<'t>(trace: &'t Trace, id: &str) -> Vec<&'t Value> {
    let mut starts = trace.of_kind("operation");
    starts.retain(|line| line["op"] == "start" && line["container"] == id);
    starts.sort_by_key(|line| line["at"].as_str());
    starts
}
