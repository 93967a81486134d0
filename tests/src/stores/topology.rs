//! A Docker, a cri-dockerd before it, a containerd like k3s's beside it, and two containers that hold Docker's socket:
//! what `imgtrace topology` says of them, of the machine and of a recording, is compared with what the lab knows.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::watch::SOON;
use super::{Situation, Told, Watch};
use crate::lab::{
    Containerd, CriDockerd, Crictl, Generation, Image, Lab, Peers, SOCKET_INSIDE, say,
};
use crate::run::Run;

pub(super) const SITUATION: Situation = Situation {
    name: "topology",
    peers: &[Peers::Newest, Peers::Kubernetes, Peers::CriDockerd],
    play,
};

/// Where the second container has the folder that the socket lies in.
const FOLDER_INSIDE: &str = "/host-run";

/// What the lab has set up.
struct Machine {
    cri: CriDockerd,
    k3s: Containerd,
    crictl: Crictl,
    /// Ids of the containers that hold Docker's socket: by its file, and by its folder.
    holders: [String; 2],
    /// References of the images in Docker's store.
    images: Vec<String>,
}

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let cri = lab.cri_dockerd(&registry)?;
    let k3s = lab.containerd_with_cri(Generation::Debian, &registry)?;
    let busybox = registry.add(Image::Busybox)?;
    let holders = [
        holder(
            &cri,
            &busybox,
            "by-file",
            &cri.docker().socket(),
            SOCKET_INSIDE,
        )?,
        holder(
            &cri,
            &busybox,
            "by-folder",
            folder(&cri.docker().socket())?,
            FOLDER_INSIDE,
        )?,
    ];
    let machine = Machine {
        crictl: lab.crictl(&cri.socket())?,
        holders,
        images: images(&cri)?,
        cri,
        k3s,
    };
    say("imgtrace topology, of this machine");
    let now = topology(&[])?;
    machine.compare(&now)?;

    let (docker, k3s) = (machine.cri.docker(), &machine.k3s);
    let sockets: [(&str, &Path); 3] = [
        ("cri-dockerd", &machine.cri.socket()),
        ("docker", &docker.socket()),
        ("containerd", &k3s.socket()),
    ];
    let watch = Watch::begin(lab, &sockets)?;
    let own = registry.add(Image::Own)?;
    machine.crictl.run(&["pull", &own])?;
    watch.line(|line| line["op"] == "pull" && line["endpoint"]["runtime"] == "cri-dockerd")?;
    docker.cli(&["rmi", &own])?;
    watch.line(|line| line["op"] == "remove-image" && line["endpoint"]["runtime"] == "docker")?;
    let told = watch.end()?;
    say("imgtrace topology FILE, of the recording");
    let file = told.recording().to_str().context("no UTF-8")?;
    let then = topology(&[file])?;
    machine.compare(&then)?;
    machine.compare_traffic(&then)?;
    Ok(told)
}

/// A container that sleeps, with something of the machine in it, read-only; gives its id.
fn holder(cri: &CriDockerd, image: &str, name: &str, from: &Path, to: &str) -> Result<String> {
    let volume = format!("{}:{to}:ro", from.display());
    let words = [
        "run",
        "--detach",
        "--name",
        name,
        "--net=none",
        "--volume",
        &volume,
    ];
    let ran = cri
        .docker()
        .cli(&[&words[..], &[image, "sleep", "1000"]].concat())?;
    Ok(ran.stdout.trim().to_owned())
}

/// Ids of the images that Docker lists, each once.
fn images(cri: &CriDockerd) -> Result<Vec<String>> {
    let listed = cri
        .docker()
        .cli(&["image", "ls", "--no-trunc", "--quiet"])?;
    let mut ids: Vec<_> = listed.stdout.lines().map(str::to_owned).collect();
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// What `imgtrace topology -o json` says with these arguments.
fn topology(args: &[&str]) -> Result<Value> {
    let words = [&["topology", "-o", "json"][..], args].concat();
    let ended = Run::start(&words)?.ended(SOON)?;
    ensure!(
        ended.status.success() && ended.stderr.is_empty(),
        "{}",
        ended.stderr
    );
    let topology: Value = serde_json::from_slice(&ended.stdout)?;
    ensure!(topology["kind"] == "topology");
    Ok(topology)
}

fn folder(path: &Path) -> Result<&Path> {
    path.parent().context("a socket lies in a folder")
}

/// The one of a list whose field is this.
fn one<'a>(list: &'a Value, field: &str, is: &Value) -> Result<&'a Value> {
    let mut all = list.as_array().context("no list")?.iter();
    let found = all.find(|one| one[field] == *is);
    found.with_context(|| format!("nothing has {field} {is} in {list:#}"))
}

fn socket<'a>(topology: &'a Value, path: &Path) -> Result<&'a Value> {
    one(
        &topology["sockets"],
        "path",
        &json!(path.display().to_string()),
    )
}

fn answer<'a>(topology: &'a Value, question: &str) -> Result<&'a Value> {
    one(&topology["answers"], "question", &json!(question))
}

/// The text of an answer and of its evidence.
fn words(answer: &Value) -> String {
    answer["text"].to_string() + &answer["evidence"].to_string()
}

impl Machine {
    /// Everything that is so with or without traffic.
    fn compare(&self, topology: &Value) -> Result<()> {
        let docker = self.cri.docker();
        let dockerds = socket(topology, &docker.socket())?;
        let cris = socket(topology, &self.cri.socket())?;
        let k3ss = socket(topology, &self.k3s.socket())?;
        for (found, path, pid) in [
            (dockerds, docker.socket(), docker.pid()),
            (cris, self.cri.socket(), self.cri.pid()),
            (k3ss, self.k3s.socket(), self.k3s.pid()),
        ] {
            is_the_file(found, &path)?;
            ensure!(
                json!(pid) == found["server"],
                "pid {pid:?} serves {found:#}"
            );
            let server = one(&topology["servers"], "pid", &found["server"])?;
            ensure!(
                server["process"]["args"]
                    .as_array()
                    .is_some_and(|it| it.len() > 2),
                "{server:#}"
            );
        }
        ensure!(
            cris["through"] == json!([dockerds["id"]]) && cris["stores"] == dockerds["stores"],
            "{cris:#}"
        );
        let store = one(&topology["stores"], "id", &dockerds["stores"][0])?;
        let (root, known) = (
            store["root"].as_str().unwrap_or_default(),
            [docker.root(), docker.containerd().root()],
        );
        ensure!(known.iter().any(|it| it == Path::new(root)), "{store:#}");
        ensure!(
            store["inode"] == fs::metadata(root)?.ino() && store["state"] == "living",
            "{store:#}"
        );
        ensure!(
            store["images"] == self.images.len(),
            "{} by docker image ls: {store:#}",
            self.images.len()
        );
        self.compare_clients(dockerds)?;
        self.compare_holders(dockerds, &docker.socket())?;
        self.compare_answers(topology, dockerds, cris)
    }

    /// cri-dockerd is connected to dockerd.
    fn compare_clients(&self, dockerds: &Value) -> Result<()> {
        let mut clients = dockerds["clients"].as_array().context("no clients")?.iter();
        let pid = json!(self.cri.pid());
        let of_cri = clients.find(|client| client["process"]["pid"] == pid);
        let of_cri = of_cri.with_context(|| format!("cri-dockerd is no client of {dockerds:#}"))?;
        ensure!(of_cri["connections"].as_u64() >= Some(1), "{of_cri:#}");
        Ok(())
    }

    fn compare_holders(&self, dockerds: &Value, socket: &Path) -> Result<()> {
        let name = socket.file_name().context("a socket has a name")?;
        let below = Path::new(FOLDER_INSIDE).join(name);
        let inside = [Path::new(SOCKET_INSIDE), &below];
        let holders = dockerds["holders"].as_array().context("no holders")?;
        ensure!(holders.len() == inside.len(), "{holders:#?}");
        for (id, path) in self.holders.iter().zip(inside) {
            let is_it = |holder: &&Value| holder["container"]["id"] == **id;
            let holder = holders.iter().find(is_it);
            let holder = holder.with_context(|| format!("{id} holds the socket: {holders:#?}"))?;
            let seen = holder["path"].as_str().unwrap_or_default();
            let canonical = |path: &str| path.replacen("/var/run/", "/run/", 1);
            ensure!(
                canonical(seen) == canonical(&path.display().to_string())
                    && holder["read_only"] == true
                    && holder["ended"] == false,
                "{holder:#}"
            );
        }
        Ok(())
    }

    /// The five questions.
    fn compare_answers(&self, topology: &Value, dockerds: &Value, cris: &Value) -> Result<()> {
        let k3s = answer(topology, "k3s-docker")?;
        ensure!(k3s["value"] == false, "{k3s:#}");
        let stores = answer(topology, "stores")?;
        let listed = stores["value"].as_array().context("no stores")?;
        ensure!(listed.contains(&dockerds["stores"][0]), "{stores:#}");
        let deleting = answer(topology, "deleting")?;
        let shared = one(&deleting["value"], "store", &dockerds["stores"][0])?;
        let sockets = shared["sockets"].as_array().context("no sockets")?;
        ensure!(
            sockets.contains(&dockerds["id"]) && sockets.contains(&cris["id"]),
            "{deleting:#}"
        );
        let containerds = answer(topology, "containerds")?;
        let said = words(containerds);
        for containerd in [self.cri.docker().containerd(), &self.k3s] {
            let pid = containerd.pid().context("it runs")?;
            ensure!(said.contains(&format!("(pid {pid})")), "{containerds:#}");
        }
        let dockerd = self.cri.docker().pid().context("it runs")?;
        ensure!(
            said.contains(&format!("for dockerd (pid {dockerd})")),
            "{containerds:#}"
        );
        ensure!(containerds["value"].as_u64() >= Some(2), "{containerds:#}");
        for answer in topology["answers"].as_array().context("no answers")? {
            say(&format!("{}: {}", answer["question"], answer["text"]));
        }
        Ok(())
    }

    /// What only a recording with traffic knows.
    fn compare_traffic(&self, topology: &Value) -> Result<()> {
        let cris = socket(topology, &self.cri.socket())?;
        let clients = cris["clients"].as_array().context("no clients")?;
        let is_crictl = |client: &&Value| client["process"]["comm"] == "crictl";
        let crictl = clients.iter().find(is_crictl);
        let crictl = crictl.with_context(|| format!("crictl is no client of {cris:#}"))?;
        ensure!(
            crictl["connections"] == 0 && crictl["asked"]["pull"] == 1,
            "{crictl:#}"
        );
        let said = words(answer(topology, "crictl")?);
        let expected = format!(
            "crictl connected to {} {}",
            cris["id"].as_str().unwrap_or_default(),
            self.cri.socket().display()
        );
        ensure!(said.contains(&expected), "no {expected:?} in {said}");
        let dockerds = socket(topology, &self.cri.docker().socket())?;
        let removed = dockerds["clients"].as_array().context("no clients")?.iter();
        let removed = removed.filter(|client| client["asked"]["remove-image"] == 1);
        ensure!(removed.count() == 1, "{dockerds:#}");
        Ok(())
    }
}

/// Its inode, mode and owner are those of the file.
fn is_the_file(found: &Value, path: &Path) -> Result<()> {
    let file = fs::metadata(path)?;
    let inode = found["inode"].as_str().and_then(|it| it.rsplit(':').next());
    let mode = format!("{:04o}", file.permissions().mode() & 0o777);
    ensure!(
        inode == Some(&*file.ino().to_string()) && found["mode"] == *mode,
        "{found:#}"
    );
    ensure!(
        found["owner"] == "root" && found["state"] == "watched",
        "{found:#}"
    );
    Ok(())
}
