//! What dockerd's own files say of a mount at the moment of the mount, compared with what dockerd says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use imgtrace::capture::mounts::{Event, Mount, Mounts};
use imgtrace::model::{DigestKind, Role, RootfsIdentity};

use imgtrace::store::{Identified, Layouts, View};
use imgtrace_tests::lab::{Docker, Generation, Image, Lab, missing, skip, until};
use serde_json::Value;

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);

macro_rules! needs {
    ($test:literal $(, $reason:expr)*) => {
        let unseen = Mounts::open(None, || Ok(())).err().map(|error| format!("{error:#}"));
        if skip($test, [missing(), unseen $(, $reason)*]) {
            return Ok(());
        }
    };
}

/// A mount, and what was said of it when it was noticed.
type Seen = (Mount, Option<Identified>);

/// Looks at every overlay that is mounted in a dockerd's mount namespace, as it happens.
struct Witness {
    seen: Receiver<Seen>,
    over: Arc<AtomicBool>,
}

impl Witness {
    fn of(docker: &Docker) -> Result<Self> {
        let pid = u32::try_from(docker.pid().context("dockerd does not run")?)?;
        let mut mounts = Mounts::open(None, || Ok(()))?;
        mounts.watch(pid)?;
        let (log, seen) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        thread::spawn(move || {
            let mut layouts = Layouts::default();
            let mut events = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let _ = mounts.next(Duration::from_millis(50), &mut events);
                for event in events.drain(..) {
                    let Event::Attached(mount) = event else {
                        continue;
                    };
                    let view = View::of(pid);
                    let said = view.and_then(|view| layouts.identify(&mount, &view));
                    // Nobody listens any more when the test is over.
                    let _ = log.send((mount, said));
                }
            }
        });
        Ok(Self { seen, over })
    }

    /// What was seen since the last time below this daemon's data root.
    fn take(&self, docker: &Docker) -> Vec<Seen> {
        // The last mount was before the command ended; the witness is as quick as its thread is.
        thread::sleep(Duration::from_millis(300));
        let root = docker.root().display().to_string();
        let seen = self.seen.try_iter();
        seen.filter(|(mount, _)| mount.target.starts_with(&root))
            .collect()
    }

    /// The identities of the last of them.
    fn identities(&self, docker: &Docker) -> Vec<RootfsIdentity> {
        let seen = self.take(docker).into_iter();
        seen.filter_map(|(_, said)| Some(said?.identity)).collect()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn inspect(docker: &Docker, kind: &str, name: &str) -> Result<Value> {
    let ran = docker.cli(&[kind, "inspect", name])?;
    let answer: Value = serde_json::from_str(&ran.stdout)?;
    Ok(answer.get(0).context("nothing inspected")?.clone())
}

fn text<'a>(inspected: &'a Value, pointer: &str) -> Option<&'a str> {
    inspected.pointer(pointer)?.as_str()
}

/// A start's identity is what `docker inspect` says of the container and its image.
fn agrees(docker: &Docker, identity: &RootfsIdentity, name: &str, image: &str) -> Result<()> {
    let container = inspect(docker, "container", name)?;
    assert_eq!(identity.container.as_deref(), text(&container, "/Id"));
    assert_eq!(identity.container_name.as_deref(), Some(name));
    assert_eq!(identity.image.as_deref(), Some(image));
    assert_eq!(identity.digest.as_deref(), text(&container, "/Image"));
    let policy = text(&container, "/HostConfig/RestartPolicy/Name");
    assert_eq!(
        identity.restart_policy.as_deref(),
        policy.filter(|name| *name != "no")
    );
    assert_eq!(identity.role, Role::Container);
    Ok(())
}

#[test]
fn both_stores_agree_with_their_daemon() -> Result<()> {
    needs!(
        "both_stores_agree_with_their_daemon",
        Generation::Newest.missing()
    );
    let lab = Lab::in_memory("w-docker-store")?;
    let registry = lab.registry()?;
    let mut chains = Vec::new();
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        let witness = Witness::of(&docker)?;
        for image in [Image::Busybox, Image::Layers, Image::Tall] {
            let reference = registry.add(image)?;
            docker.cli(&["pull", "--quiet", &reference])?;
            assert_eq!(witness.identities(&docker), [], "a pull mounts nothing");
            let said = run(&docker, &witness, &reference)?;
            chains.push((image.repository(), said.chain_id));
        }
    }
    // What both stores say of an image is the same.
    let (classic, containerd) = chains.split_at(chains.len() / 2);
    assert_eq!(classic, containerd);
    Ok(())
}

/// Runs a container, and gives what was said of the mount that it was started on.
fn run(docker: &Docker, witness: &Witness, image: &str) -> Result<RootfsIdentity> {
    let policy = ["--restart", "unless-stopped", "--env", "A=B"];
    let args = [&["run", "-d", "--name", "it"], &policy[..]].concat();
    docker.cli(&[&args[..], &[image, "sleep", "1000"]].concat())?;
    let seen = witness.take(docker);
    for (mount, said) in &seen {
        // No init layer and no temporary mount is anybody's root file system.
        let is_its = !mount.target.contains("-init/") && !mount.target.contains("/tmp/");
        assert_eq!(said.is_some(), is_its, "{seen:#?}");
    }
    let said = seen.iter().rev().find_map(|(_, said)| said.clone());
    let said = said.with_context(|| format!("{seen:#?}"))?;
    agrees(docker, &said.identity, "it", image)?;
    let inspected = inspect(docker, "image", image)?;
    let counted = inspected
        .pointer("/RootFS/Layers")
        .and_then(Value::as_array)
        .map(Vec::len);
    let layers = said.identity.layers.map(usize::try_from).transpose()?;
    assert_eq!(layers, counted, "{said:#?}");
    let (kind, root) = match docker.generation() {
        Generation::Debian => {
            assert_eq!(
                said.identity.bytes,
                inspected.get("Size").and_then(Value::as_u64)
            );
            (DigestKind::Config, docker.root())
        }
        // Of containerd's store docker tells what the compressed layers take, too.
        Generation::Newest => {
            assert!(said.identity.bytes.is_some(), "{said:#?}");
            (DigestKind::Manifest, docker.containerd().root())
        }
    };
    assert_eq!(said.identity.digest_kind, Some(kind));
    let store = said.store.as_ref().context("no store")?;
    assert_eq!(store.root, root.display().to_string());
    docker.cli(&["rm", "-f", "it"])?;
    witness.take(docker);
    Ok(said.identity)
}

#[test]
fn a_container_that_is_gone_at_once_is_known() -> Result<()> {
    needs!(
        "a_container_that_is_gone_at_once_is_known",
        Generation::Newest.missing()
    );
    let lab = Lab::new("w-docker-store-rm")?;
    let registry = lab.registry()?;
    let reference = registry.reference(Image::Busybox);
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        docker.cli(&["pull", "--quiet", &reference])?;
        let witness = Witness::of(&docker)?;
        for round in 0..10 {
            let name = format!("short-{round}");
            docker.cli(&["run", "--rm", "--name", &name, &reference, "true"])?;
            let said = witness.identities(&docker);
            let last = said.last().context("nothing seen")?;
            assert_eq!(last.container_name, Some(name), "{said:#?}");
            assert_eq!(last.image.as_deref(), Some(reference.as_str()));
            assert_eq!(last.role, Role::Container);
        }
    }
    Ok(())
}

#[test]
fn a_build_is_no_container() -> Result<()> {
    needs!("a_build_is_no_container", Generation::Newest.missing());
    let lab = Lab::new("w-docker-store-build")?;
    let registry = lab.registry()?;
    let reference = registry.reference(Image::Busybox);
    let work = lab.place().data().join("work");
    std::fs::create_dir_all(&work)?;
    let file = format!("FROM {reference}\nCOPY Dockerfile /f\nRUN cat /f > /g\nWORKDIR /h\n");
    std::fs::write(work.join("Dockerfile"), file)?;
    let folder = work.display().to_string();
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        docker.cli(&["pull", "--quiet", &reference])?;
        let witness = Witness::of(&docker)?;
        for buildkit in ["0", "1"] {
            let mut build = docker.command(generation.client())?;
            build.env("DOCKER_BUILDKIT", buildkit);
            build.args(["build", "--network", "none", "--tag", "built", &folder]);
            let out = build.output()?;
            if !out.status.success() {
                bail!("{}", String::from_utf8_lossy(&out.stderr));
            }
            let seen = witness.take(&docker);
            let said: Vec<_> = seen
                .iter()
                .filter_map(|(_, said)| Some(&said.as_ref()?.identity))
                .collect();
            let case = format!("{generation:?} {buildkit}: {seen:#?}");
            assert!(said.iter().any(|it| it.role == Role::Build), "{case}");
            // A step that is only made and not run is mounted once, maybe before its config.v2.json is written.
            assert!(
                said.iter()
                    .all(|it| it.role == Role::Build || it.container_name.is_none()),
                "{case}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_restart_by_the_policy_is_told_from_one_by_a_client() -> Result<()> {
    needs!(
        "a_restart_by_the_policy_is_told_from_one_by_a_client",
        Generation::Newest.missing()
    );
    let lab = Lab::new("w-docker-store-again")?;
    let registry = lab.registry()?;
    let reference = registry.reference(Image::Busybox);
    for generation in [Generation::Debian, Generation::Newest] {
        let docker = lab.docker(generation)?;
        docker.cli(&["pull", "--quiet", &reference])?;
        let witness = Witness::of(&docker)?;
        let args = ["run", "-d", "--name", "again", "--restart", "always"];
        docker.cli(&[&args[..], &[&reference, "sleep", "0.2"]].concat())?;
        let count = || -> Option<u64> {
            let inspected = inspect(&docker, "container", "again").ok()?;
            inspected.get("RestartCount").and_then(Value::as_u64)
        };
        assert!(until(SOON, || count() >= Some(4)), "{:?}", count());
        docker.cli(&["stop", "--time", "0", "again"])?;
        let said = restarts(&witness, &docker);
        let (by_client, by_policy) =
            said.split_at(said.iter().take_while(|it| it.is_none()).count());
        let counted: Vec<_> = (1..).map(Some).take(by_policy.len()).collect();
        assert!(!by_client.is_empty() && by_policy.len() >= 3, "{said:?}");
        assert_eq!(by_policy, counted, "{generation:?}");
        docker.cli(&["start", "again"])?;
        let said = restarts(&witness, &docker);
        assert_eq!(said.first(), Some(&None), "{generation:?} {said:?}");
        docker.cli(&["update", "--restart", "no", "again"])?;
        docker.cli(&["stop", "--time", "0", "again"])?;
        restarts(&witness, &docker);
        docker.cli(&["restart", "--time", "0", "again"])?;
        assert_eq!(restarts(&witness, &docker), [None], "{generation:?}");
        let copy = lab.place().data().join("copy").display().to_string();
        docker.cli(&["cp", "again:/bin/busybox", &copy])?;
        let looked = witness.identities(&docker);
        assert!(
            looked.iter().all(|it| it.role == Role::Container),
            "{looked:#?}"
        );
    }
    Ok(())
}

/// What was said of restarts at each mount since the last time.
fn restarts(witness: &Witness, docker: &Docker) -> Vec<Option<u32>> {
    let said = witness.identities(docker);
    said.iter().map(|it| it.restarts).collect()
}
