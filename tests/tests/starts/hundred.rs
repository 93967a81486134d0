//! A hundred starts at once, by docker and ctr, of ten images: each is found, and none bears another's image.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use imgtrace_tests::lab::{Containerd, Content, Docker, Generation, Image, Lab, say};
use imgtrace_tests::tracer::{Trace, Tracer};
use serde_json::Value;

/// Images.
const IMAGES: u8 = 10;
/// Starts of each image by each of the two clients.
const EACH: usize = 5;

/// Starts whose layers may be missed.
const UNKNOWN_MAX: usize = 30;

/// A client that starts one container.
struct Client {
    child: Child,
    /// The container's name, or its id where it has no name.
    name: String,
    image: usize,
}

/// All at once.
pub(super) fn story(lab: &Lab) -> Result<()> {
    let registry = lab.registry()?;
    let numbers = 1..=IMAGES;
    let images: Vec<Content> = numbers
        .map(|number| registry.add_known(Image::Numbered(number)))
        .collect::<Result<_>>()?;
    let docker = lab.docker(Generation::Debian)?;
    let containerd = lab.containerd(Generation::Newest)?;
    for Content { reference, .. } in &images {
        docker.cli(&["pull", "--quiet", reference])?;
        containerd.ctr(&["images", "pull", "--plain-http", reference])?;
    }
    let sockets = [
        ("docker", &*docker.socket()),
        ("containerd", &*containerd.socket()),
    ];
    let tracer = Tracer::start(&sockets, &[])?;
    let clients = clients(&docker, &containerd, &images)?;
    let mut started = BTreeMap::new();
    for Client { child, name, image } in clients {
        let pid = child.id();
        let ran = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        ensure!(ran.status.success(), "{name} failed: {said}");
        started.insert(name, (pid, image));
    }
    let told = |line: &Value| line["op"] == "start" && line["kind"] == "operation";
    let all = || tracer.lines().iter().filter(|line| told(line)).count() >= started.len();
    imgtrace_tests::lab::until(super::SOON, all);
    compare(&tracer.stop()?, &started, &images)
}

fn clients(docker: &Docker, containerd: &Containerd, images: &[Content]) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for round in 0..EACH {
        for (index, image) in images.iter().enumerate() {
            let of_docker = format!("docker-{round}-{index}");
            let mut command = docker.command(docker.generation().client())?;
            command.args([
                "run",
                "--rm",
                "--name",
                &of_docker,
                &image.reference,
                "true",
            ]);
            clients.push(Client::spawn(command, of_docker, index)?);
            let of_ctr = format!("ctr-{round}-{index}-{}", std::process::id());
            let mut command = containerd.ctr_command();
            command.args([
                "run",
                "--rm",
                "--null-io",
                &image.reference,
                &of_ctr,
                "true",
            ]);
            clients.push(Client::spawn(command, of_ctr, index)?);
        }
    }
    Ok(clients)
}

impl Client {
    fn spawn(mut command: Command, name: String, image: usize) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("no {name}"))?;
        Ok(Self { child, name, image })
    }
}

/// Each start that was told is one that was made, and the reverse. What a container stood on is looked for in files that
/// are gone with it, in a tenth of a second: with a hundred runcs on two processors a few are missed.
fn compare(
    trace: &Trace,
    started: &BTreeMap<String, (u32, usize)>,
    images: &[Content],
) -> Result<()> {
    let name = |line: &Value| -> Option<String> {
        let field = |field: &str| line[field].as_str().map(str::to_owned);
        let named = [field("container_name"), field("container")];
        named
            .into_iter()
            .flatten()
            .find(|name| started.contains_key(name))
    };
    let mut seen: BTreeMap<String, &Value> = BTreeMap::new();
    for line in trace.of_kind("operation") {
        if line["op"] != "start" {
            continue;
        }
        if let Some(name) = name(line) {
            let other = seen.insert(name.clone(), line);
            ensure!(other.is_none(), "{name} is told twice: {other:#?} {line:#}");
        }
    }
    let (mut wrong, mut unknown) = (Vec::new(), 0);
    for (name, (pid, image)) in started {
        let image = &images[*image];
        let Some(line) = seen.get(name) else {
            wrong.push(format!("{name} is not told"));
            continue;
        };
        let chain = &line["rootfs"]["chain_id"];
        unknown += usize::from(chain.is_null());
        for (field, told, wanted) in [
            ("caller", &line["caller"]["pid"], Value::from(*pid)),
            ("image", &line["image"], image.reference.clone().into()),
            ("chain", chain, image.chain_id.clone().into()),
        ] {
            if *told != wanted && !(field == "chain" && told.is_null()) {
                wrong.push(format!("{name}: {field} is {told}, not {wanted}"));
            }
        }
    }
    say(&format!(
        "of {} starts {unknown} without their layers",
        started.len()
    ));
    ensure!(
        wrong.is_empty() && unknown <= UNKNOWN_MAX,
        "{} of {} starts told, {unknown} without their layers; {}\n{:?}\n{}",
        seen.len(),
        started.len(),
        wrong.join("\n"),
        trace.of_kind("loss"),
        trace.stderr
    );
    Ok(())
}
