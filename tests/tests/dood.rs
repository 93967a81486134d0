//! Who drives which Docker: a container that drives the one outside (DooD), one that drives its own (DinD), and the
//! two told apart.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a field that a line lacks is null, and a test that cannot go on fails"
)]

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{
    Dind, Docker, Generation, Image, Lab, Registry, SOCKET_INSIDE, missing, skip,
};
use imgtrace_tests::tracer::{self, Trace, Tracer};
use serde_json::Value;

/// How long a line may take that is about to come.
const SOON: Duration = Duration::from_secs(20);

macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        if skip($test, [missing(), tracer::missing() $(, $reason)*]) {
            return Ok(());
        }
    };
}

#[test]
fn a_container_that_drives_the_docker_outside_is_dood() -> Result<()> {
    // The newest client is a static program: it shares nothing with the host, not even a library.
    needs!(
        "a_container_that_drives_the_docker_outside_is_dood",
        Generation::Newest.missing()
    );
    let lab = Lab::new("t-dood")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Newest)?;
    let agent = agent(&docker, &registry, Image::DockerCliNewest)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    let image = registry.reference(Image::Busybox);
    let words = [
        "docker", "run", "--rm", "--name", "sibling", &image, "echo", "hi",
    ];
    let inside = docker.inside(&agent, &words)?;
    tracer.line(SOON, |line| is_start(line, "sibling"))?;
    let trace = tracer.stop()?;

    let pid = u64::try_from(inside.ran.pid)?;
    for op in ["pull", "create", "start"] {
        let own = operations(&trace, op, pid);
        let [.., done] = own.as_slice() else {
            panic!("no {op} by {pid}: {:#?}", trace.lines)
        };
        assert_eq!(done["outcome"], "ok", "{done:#}");
        assert_eq!(done["caller"]["container"]["id"], *inside.container);
        assert_eq!(done["caller"]["container"]["runtime"], "docker");
        assert_eq!(done["caller"]["container"]["image"], *agent);
        assert_eq!(done["caller"]["args"][1], "run");
        assert_eq!(
            done["endpoint"]["path"],
            docker.socket().display().to_string(),
            "{SOCKET_INSIDE} is the same socket"
        );
        assert_eq!(done["confidence"], "observed", "{done:#}");
    }
    let start = last(&trace, "start", pid);
    let id = start["container"].as_str().context("no container")?;
    assert_ne!(id, inside.container);
    let chain = findings(&trace, "dood");
    let finding = chain
        .iter()
        .find(|finding| names_operation(finding, start))
        .with_context(|| format!("no finding about {start:#}: {chain:#?}"))?;
    let evidence = finding["evidence"].to_string();
    // Its id is told above; people are shown the name that dockerd has given it.
    let name = start["caller"]["container"]["name"].as_str();
    for part in [
        name.context("the container around has no name")?,
        &*docker.socket().to_string_lossy(),
        "sibling",
        id.get(..12).context("a short id")?,
    ] {
        assert!(evidence.contains(part), "{part} is not in {evidence}");
    }
    assert_eq!(findings(&trace, "dind"), Vec::<&Value>::new());
    Ok(())
}

#[test]
fn dind_beside_dood_is_told_apart() -> Result<()> {
    needs!("dind_beside_dood_is_told_apart");
    let lab = Lab::new("t-dood-dind")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let agent = agent(&docker, &registry, Image::DockerCli)?;
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;
    // Its daemon comes up while imgtrace runs, in namespaces of its own, at a path that nobody named.
    let dind = Dind::start(&docker, &registry)?;
    let image = registry.reference(Image::Busybox);
    let inner = dind.cli(&["run", "--rm", "--name", "inner", &image, "true"])?;
    let beside = docker.inside(
        &agent,
        &["docker", "run", "--rm", "--name", "beside", &image, "true"],
    )?;
    tracer.line(SOON, |line| is_start(line, "inner"))?;
    tracer.line(SOON, |line| is_start(line, "beside"))?;
    docker.cli(&["rm", "--force", dind.container()])?;
    let trace = tracer.stop()?;

    let within = last(&trace, "start", u64::try_from(inner.ran.pid)?);
    let without = last(&trace, "start", u64::try_from(beside.ran.pid)?);
    assert_eq!(within["caller"]["container"]["id"], *dind.container());
    assert_eq!(without["caller"]["container"]["id"], *beside.container);
    assert_ne!(
        within["endpoint"]["id"], without["endpoint"]["id"],
        "two daemons, two endpoints"
    );
    let own = endpoint_of(&trace, within)?;
    assert_eq!(own["server"]["pid"], dind.pid(), "{own:#}");
    let path = own["path"].as_str().context("no path")?;
    assert!(path.ends_with("/run/docker.sock"), "{own:#}");

    let dinds = findings(&trace, "dind");
    assert!(
        dinds.iter().all(|finding| names_endpoint(finding, within)),
        "{dinds:#?}"
    );
    assert_eq!(dinds.len(), 1, "said once: {dinds:#?}");
    let doods = findings(&trace, "dood");
    assert!(
        doods
            .iter()
            .any(|finding| names_operation(finding, without))
    );
    let inside_own = |finding: &&&Value| finding.to_string().contains(dind.container());
    assert_eq!(doods.iter().find(inside_own), None);
    Ok(())
}

#[test]
fn dood_through_an_inherited_connection_is_found_and_inferred() -> Result<()> {
    needs!("dood_through_an_inherited_connection_is_found_and_inferred");
    let lab = Lab::new("t-dood-inherit")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Debian)?;
    let image = registry.reference(Image::Busybox);
    docker.cli(&["pull", "--quiet", &image])?;
    // Neither the socket nor a docker command is in there.
    let holder = [
        "run", "--detach", "--rm", "--name", "holder", &image, "sleep", "1000",
    ];
    let container = docker.cli(&holder)?.stdout.trim().to_owned();
    let of_pid = ["inspect", "--format", "{{.State.Pid}}", &container];
    let first = docker.cli(&of_pid)?.stdout.trim().to_owned();
    let tracer = Tracer::start(&[("docker", &docker.socket())], &[])?;

    ask_from_within(&docker.socket(), &first, "/containers/no-such-one/start")?;
    let asked = |line: &Value| line["kind"] == "operation" && line["container"] == "no-such-one";
    let operation = tracer.line(SOON, asked)?;
    let finding = tracer.line(SOON, |line| line["rule"] == "dood")?;
    docker.cli(&["kill", &container])?;
    tracer.stop()?;

    assert_eq!(operation["op"], "start");
    assert_eq!(
        operation["caller"]["container"]["id"], container,
        "{operation:#}"
    );
    assert_eq!(operation["confidence"], "inferred", "{operation:#}");
    let evidence = operation["evidence"].to_string();
    let me = format!("pid {} ", std::process::id());
    assert!(
        evidence.contains(&me) && evidence.contains("connected"),
        "who connected is known too: {evidence}"
    );
    assert!(names_operation(&finding, &operation), "{finding:#}");
    Ok(())
}

/// Has a process inside the container of `pid` send a POST on a connection that was made outside of it.
fn ask_from_within(socket: &Path, pid: &str, target: &str) -> Result<()> {
    const ENTER: &str = r#"
        while IFS=: read -r number controllers path; do
          for root in "/sys/fs/cgroup/${controllers#name=}" /sys/fs/cgroup/unified; do
            if [ -f "$root$path/cgroup.procs" ]; then echo $$ > "$root$path/cgroup.procs"; break; fi
          done
        done < /proc/$0/cgroup
        exec nsenter --target $0 --mount --uts --ipc --net --pid -- sh -c "$1"
    "#;
    let ask = format!(
        r"printf 'POST {target} HTTP/1.0\r\nHost: lab\r\nContent-Length: 0\r\n\r\n'; cat >/dev/null"
    );
    let stream = UnixStream::connect(socket)?;
    let to_daemon = Stdio::from(std::os::fd::OwnedFd::from(stream.try_clone()?));
    let from_daemon = Stdio::from(std::os::fd::OwnedFd::from(stream));
    let status = Command::new("sh")
        .args(["-c", ENTER, pid, &ask])
        .stdin(from_daemon)
        .stdout(to_daemon)
        .status()?;
    ensure!(status.success(), "the request inside failed: {status}");
    Ok(())
}

/// An image with a docker command, pulled: so that the tracer sees only what is done with it.
fn agent(docker: &Docker, registry: &Registry, image: Image) -> Result<String> {
    let agent = registry.add(image)?;
    docker.cli(&["pull", "--quiet", &agent])?;
    Ok(agent)
}

fn is_start(line: &Value, name: &str) -> bool {
    line["kind"] == "operation" && line["op"] == "start" && line["container_name"] == name
}

fn operations<'a>(trace: &'a Trace, op: &str, pid: u64) -> Vec<&'a Value> {
    let mut all = trace.of_kind("operation");
    all.retain(|line| line["op"] == op && line["caller"]["pid"] == pid);
    all
}

fn last<'a>(trace: &'a Trace, op: &str, pid: u64) -> &'a Value {
    operations(trace, op, pid)
        .pop()
        .unwrap_or_else(|| panic!("no {op} by {pid}: {:#?}", trace.lines))
}

fn findings<'a>(trace: &'a Trace, rule: &str) -> Vec<&'a Value> {
    let mut all = trace.of_kind("finding");
    all.retain(|line| line["rule"] == rule);
    all
}

fn names_operation(finding: &Value, operation: &Value) -> bool {
    let named = finding["operations"].as_array();
    named.is_some_and(|ids| ids.contains(&operation["id"]))
}

fn names_endpoint(finding: &Value, operation: &Value) -> bool {
    let id = operation["endpoint"]["id"].as_str().unwrap_or("?");
    finding["evidence"].to_string().contains(&format!(" {id} "))
}

/// The last that was said of the endpoint of an operation.
fn endpoint_of<'a>(trace: &'a Trace, operation: &Value) -> Result<&'a Value> {
    let mut lines = trace.of_kind("endpoint").into_iter().rev();
    lines
        .find(|line| line["id"] == operation["endpoint"]["id"] && line["server"].is_object())
        .context("the operation's endpoint was not announced")
}
