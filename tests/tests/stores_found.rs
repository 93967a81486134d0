//! Which stores imgtrace finds on a machine with real daemons, who uses them and what lies there, compared with what
//! each daemon lists; then what comes, is named, goes, and that a daemon has ended, each told within two seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use imgtrace::model::{StoreId, StoredImage};
use imgtrace::observation::{Observation, Observed};
use imgtrace_tests::lab::{Generation, Image, Lab, Peers, missing, skip, until};
use imgtrace_tests::tracer::{self, Tracer};
use tempfile::TempDir;

/// How long a thing may take that is about to happen.
const SOON: Duration = Duration::from_secs(20);
/// How long a change may take to be told on a machine that has other things to do.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// What has been told of one store.
#[derive(Debug, Default)]
struct Told {
    root: String,
    namespace: Option<String>,
    users: BTreeSet<u32>,
    images: BTreeMap<String, StoredImage>,
    /// Names of images that were told as news.
    came: BTreeSet<String>,
}

impl Told {
    fn names(&self) -> BTreeSet<&str> {
        let images = self.images.values();
        let names = images.flat_map(|image| &image.names).map(String::as_str);
        names.filter(|name| !name.contains('@')).collect()
    }
}

/// A recording imgtrace.
struct Watch {
    tracer: Tracer,
    folder: TempDir,
}

impl Watch {
    fn begin(sockets: &[(&str, &Path)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let record = format!("--record={}", file(&folder).display());
        let tracer = Tracer::start(sockets, &[&record])?;
        Ok(Self { tracer, folder })
    }

    /// What has been told by now, and whether all stores have been listed.
    fn told(&self) -> Result<(BTreeMap<StoreId, Told>, bool)> {
        let (mut stores, mut inventoried) = (BTreeMap::<StoreId, Told>::new(), false);
        let text = fs::read_to_string(file(&self.folder))?;
        for line in text.lines().skip(1) {
            // The last line may not be whole yet.
            let Ok(observed) = serde_json::from_str::<Observed>(line) else {
                break;
            };
            match observed.what {
                Observation::Store { id, store, users } => {
                    let told = stores.entry(id).or_default();
                    (told.root, told.namespace) = (store.root, store.namespace);
                    told.users = users.into_iter().map(|user| user.process.pid).collect();
                }
                Observation::ImageAppeared {
                    store,
                    mut image,
                    renamed,
                    already,
                    ..
                } => {
                    let told = stores.entry(store).or_default();
                    if !already {
                        told.came.extend(image.names.iter().cloned());
                    }
                    if renamed && let Some(known) = told.images.get(&image.id) {
                        image.names.extend(known.names.iter().cloned());
                    }
                    told.images.insert(image.id.clone(), image);
                }
                Observation::ImageVanished { store, image, .. } => {
                    stores.entry(store).or_default().images.remove(&image.id);
                }
                Observation::Inventoried => inventoried = true,
                _ => {}
            }
        }
        Ok((stores, inventoried))
    }

    /// The store at this root, once this holds of it; says how long that took.
    fn store(
        &self,
        root: &Path,
        namespace: Option<&str>,
        holds: impl Fn(&Told) -> bool,
    ) -> Result<(Told, Duration)> {
        let begun = Instant::now();
        let root = root.to_str().context("no UTF-8")?;
        let is_it = |told: &Told| told.root == root && told.namespace.as_deref() == namespace;
        let mut last = Ok(None);
        until(SOON, || {
            last = self
                .told()
                .map(|(stores, _)| stores.into_values().find(&is_it));
            matches!(&last, Ok(Some(told)) if holds(told)) || last.is_err()
        });
        let took = begun.elapsed();
        match last? {
            Some(told) if holds(&told) => Ok((told, took)),
            other => bail!("of {root} ({namespace:?}) there is: {other:#?}"),
        }
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("recording.jsonl")
}

fn pid(pid: Option<i32>) -> Result<u32> {
    Ok(u32::try_from(pid.context("it does not run")?)?)
}

fn in_time(what: &str, took: Duration) -> Result<()> {
    ensure!(took < TOLD_WITHIN, "{what} was told after {took:?}");
    Ok(())
}

/// Names as `docker images` lists them, in full.
fn listed(text: &str) -> BTreeSet<String> {
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    let full = names.map(|name| match name.split_once('/') {
        Some((host, _)) if host.contains([':', '.']) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    });
    full.collect()
}

const FORMAT: [&str; 3] = ["images", "--format", "{{.Repository}}:{{.Tag}}"];

#[test]
fn stores_are_found_listed_and_followed() -> Result<()> {
    let needs = [missing(), tracer::missing(), Peers::Newest.missing()];
    if skip("stores_are_found_listed_and_followed", needs) {
        return Ok(());
    }
    let lab = Lab::new("w-stores-found")?;
    let registry = lab.registry()?;
    let [one, two] = [Image::Own, Image::Numbered(3)].map(|image| registry.add(image));
    let (one, two) = (one?, two?);
    let classic = lab.docker(Generation::Debian)?;
    let newest = lab.docker_named(Generation::Newest, "newest")?;
    newest.start()?;
    classic.cli(&["pull", "--quiet", &one])?;
    newest.cli(&["pull", "--quiet", &one])?;

    let watch = Watch::begin(&[("docker", &classic.socket())])?;
    ensure!(
        until(SOON, || watch.told().is_ok_and(|(_, all)| all)),
        "not all stores were listed"
    );
    let place = classic.root();
    let has_one = |told: &Told| told.names().contains(&*one);
    let (own, _) = watch.store(&place, None, has_one)?;
    assert_eq!(own.users, [pid(classic.pid())?].into());
    assert!(own.came.is_empty(), "it was there before: {own:#?}");
    let moby = newest.containerd().root();
    let (theirs, _) = watch.store(&moby, Some("moby"), has_one)?;
    let both = [pid(newest.pid())?, pid(newest.containerd().pid())?];
    assert_eq!(theirs.users, both.into());
    let (stores, _) = watch.told()?;
    let at = newest.root().display().to_string();
    assert!(
        stores.values().all(|told| told.root != at),
        "its data root holds no images: {stores:#?}"
    );

    for (docker, root, namespace) in [(&classic, &place, None), (&newest, &moby, Some("moby"))] {
        let name = |name: &str, told: &Told| told.names().contains(name);
        docker.cli(&["pull", "--quiet", &two])?;
        let (_, took) = watch.store(root, namespace, |told| told.came.contains(&*two))?;
        in_time("a pull", took)?;
        docker.cli(&["tag", &two, "tagged:1"])?;
        let tagged = "docker.io/library/tagged:1";
        let (told, took) = watch.store(root, namespace, |told| name(tagged, told))?;
        in_time("a tag", took)?;
        let names = told.names().into_iter().map(str::to_owned).collect();
        assert_eq!(listed(&docker.cli(&FORMAT)?.stdout), names);
        docker.cli(&["rmi", "tagged:1"])?;
        let (_, took) = watch.store(root, namespace, |told| !name(tagged, told))?;
        in_time("a lost name", took)?;
        docker.cli(&["rmi", &two])?;
        let (_, took) = watch.store(root, namespace, |told| !name(&two, told))?;
        in_time("a removal", took)?;
    }

    classic.stop()?;
    let (left, took) = watch.store(&place, None, |told| told.users.is_empty())?;
    in_time("the end of dockerd", took)?;
    assert!(left.names().contains(&*one), "what it left is there");
    newest.stop()?;
    let containerd = pid(newest.containerd().pid())?;
    watch.store(&moby, Some("moby"), |told| {
        told.users == [containerd].into()
    })?;
    watch.tracer.stop()?;
    lab.end()
}
