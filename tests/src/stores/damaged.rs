//! Stores in every bad state: books cut off, torn, made huge, behind a link, closed to imgtrace, coming and going while it
//! looks. Each is named with what is wrong, and the one that is whole is told as if the others were not there.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;

use super::{Situation, Told, Watch};
use crate::lab::{Containerd, Docker, Generation, Image, Lab, ProcessId, Registry, say};
use crate::tracer;

pub(super) const SITUATION: Situation = Situation {
    name: "damaged-stores",
    peers: &[],
    play,
};

/// Bytes of an index that no store has.
const HUGE: usize = 300 << 20;
/// Bytes of a page of a bolt database, on every machine with pages of 4 KiB.
const PAGE: u64 = 4096;

/// A store in a bad state, and what its notice must speak of.
struct Bad {
    root: PathBuf,
    word: &'static str,
}

/// A daemon that was stopped in its tracks. Dropping this kills it: it shall not go on.
struct Paused(ProcessId);

impl Paused {
    fn new(pid: i32) -> Result<Self> {
        let process = ProcessId::of(pid).context("it has ended")?;
        process.signal(Signal::STOP)?;
        Ok(Self(process))
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        // The lab's end tells of what it cannot end.
        let _ = self.0.kill();
    }
}

fn play(lab: &Lab) -> Result<Told> {
    let registry = lab.registry()?;
    let image = registry.add(Image::Own)?;
    let whole = docker(lab, "whole", &image)?;
    let linked = linked(lab, &image)?;
    let coming = docker(lab, "coming", &image)?;
    let (torn, _paused) = torn(lab, &image)?;
    let bad = [
        cut(lab, &image)?,
        torn,
        closed(lab, &image)?,
        huge(lab, &registry)?,
    ];
    let watch = while_it_comes_and_goes(&coming.root().join("image"), || {
        Watch::of(without_override()?, lab, &[("docker", &whole.socket())])
    })?;
    for Bad { root, word } in &bad {
        let root = root.display().to_string();
        let line = watch.line(|line| {
            let text = line["text"].as_str().unwrap_or_default();
            line["about"] == "store-unread" && text.contains(&root) && text.contains(word)
        })?;
        say(line["text"].as_str().unwrap_or_default());
    }
    whole.cli(&["run", "--rm", "--name", "content", &image, "true"])?;
    watch.line(|line| line["op"] == "start" && line["container_name"] == "content")?;
    let told = watch.end()?;
    has_one_image(&told, &whole.root())?;
    has_one_image(&told, &linked)?;
    for Bad { root, .. } in &bad {
        let stores = told.stores(root)?;
        let problems = |store: &Value| {
            store["problems"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        };
        ensure!(
            stores.iter().any(problems),
            "{}: {stores:#?}",
            root.display()
        );
    }
    Ok(told)
}

/// A store of this root holds the one image, and all of it was read.
fn has_one_image(told: &Told, root: &Path) -> Result<()> {
    let mut stores = told.stores(root)?;
    stores.retain(|store| store["images"] != 0);
    let [store] = stores.as_slice() else {
        anyhow::bail!(
            "one store with an image at {}, not {stores:#?}",
            root.display()
        )
    };
    ensure!(
        store["images"] == 1 && store["problems"] == serde_json::json!([]),
        "{store:#}"
    );
    Ok(())
}

/// A Docker that has the image.
fn docker(lab: &Lab, name: &str, image: &str) -> Result<Docker> {
    let docker = lab.docker_named(Generation::Debian, name)?;
    docker.start()?;
    docker.cli(&["pull", "--quiet", image])?;
    Ok(docker)
}

/// A containerd that has the image.
fn containerd(lab: &Lab, name: &str, image: &str) -> Result<Containerd> {
    let containerd = lab.containerd_named(Generation::Debian, name)?;
    containerd.start()?;
    containerd.ctr(&["images", "pull", "--plain-http", image])?;
    Ok(containerd)
}

/// dockerd's list of names ends in its middle.
fn cut(lab: &Lab, image: &str) -> Result<Bad> {
    let root = docker(lab, "cut", image)?.root();
    let file = root.join("image/overlay2/repositories.json");
    let length = fs::metadata(&file)?.len();
    File::options()
        .write(true)
        .open(&file)?
        .set_len(length / 2)?;
    Ok(Bad {
        root,
        word: "repositories.json",
    })
}

/// The pages of containerd's database, all but the first four, hold something else; gives its process too, which waits: by
/// itself it would look at them and end.
fn torn(lab: &Lab, image: &str) -> Result<(Bad, Paused)> {
    let containerd = containerd(lab, "torn", image)?;
    let paused = Paused::new(containerd.pid().context("containerd is gone")?)?;
    let root = containerd.root();
    let file = root.join("io.containerd.metadata.v1.bolt/meta.db");
    let pages = fs::metadata(&file)?.len() / PAGE;
    let file = File::options().write(true).open(&file)?;
    for page in 4..pages {
        file.write_all_at(&[0xa5; 512], page * PAGE)?;
    }
    let bad = Bad {
        root,
        word: "meta.db",
    };
    Ok((bad, paused))
}

/// Root itself may not look into containerd's folder, unless it overrides modes.
fn closed(lab: &Lab, image: &str) -> Result<Bad> {
    let root = containerd(lab, "closed", image)?.root();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o000))?;
    Ok(Bad {
        root,
        word: "ermission denied",
    })
}

/// The index of a Podman that serves its API holds the same image again and again.
fn huge(lab: &Lab, registry: &Registry) -> Result<Bad> {
    let podman = lab.podman(registry)?;
    podman.cli(&["pull", "--quiet", &registry.reference(Image::Own)])?;
    podman.serve()?;
    let file = podman.root().join("overlay-images/images.json");
    let one = fs::read_to_string(&file)?;
    let one = one.trim_start_matches('[').trim_end_matches([']', '\n']);
    let mut many = BufWriter::new(File::create(&file)?);
    write!(many, "[{one}")?;
    for _ in 0..HUGE / one.len() {
        write!(many, ",{one}")?;
    }
    write!(many, "]")?;
    many.flush()?;
    Ok(Bad {
        root: podman.root(),
        word: "images.json",
    })
}

/// A containerd whose folder is another one's link; gives the folder itself.
fn linked(lab: &Lab, image: &str) -> Result<PathBuf> {
    let data = lab.place().data_dir("linked")?;
    let folder = lab.place().data_dir("elsewhere")?;
    symlink(&folder, data.join("root"))?;
    containerd(lab, "linked", image)?;
    Ok(folder)
}

/// imgtrace as root that may not override modes.
fn without_override() -> Result<Command> {
    let mut command = Command::new("setpriv");
    command
        .arg("--bounding-set=-dac_override,-dac_read_search")
        .arg(tracer::program()?);
    Ok(command)
}

/// Does something while a folder comes and goes; in the end it is gone.
fn while_it_comes_and_goes<T>(folder: &Path, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let away = folder.with_extension("away");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let flips = scope.spawn(|| -> Result<u32> {
            let mut flips = 0;
            while !over.load(Ordering::Relaxed) {
                fs::rename(folder, &away)?;
                thread::yield_now();
                fs::rename(&away, folder)?;
                flips += 1;
            }
            fs::rename(folder, &away)?;
            Ok(flips)
        });
        let done = act();
        over.store(true, Ordering::Relaxed);
        let flips = flips.join().ok().context("a thread panicked")??;
        say(&format!("{} came and went {flips} times", folder.display()));
        done
    })
}
