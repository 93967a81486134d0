//! What dockerd's own files list, compared with what dockerd lists, after each way by which images come and go.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use imgtrace::model::{Reference, StoredImage};
use imgtrace::store::docker::inventory;
use imgtrace::store::{Contents, Edition, View};
use imgtrace_tests::lab::{Docker, Generation, Image, Lab, missing, skip};
use serde_json::Value;

/// The files of a dockerd, read again after each step.
struct Listed<'a> {
    docker: &'a Docker,
    last: Option<Edition>,
}

impl Listed<'_> {
    fn read(&self) -> Result<(Contents, Option<Edition>)> {
        let view = View::of(std::process::id()).context("no view")?;
        let root = self.docker.root().display().to_string();
        let root = view.folder(&root).context("no root")?;
        let stores = inventory::stores(&root);
        let [store] = &stores[..] else {
            anyhow::bail!("{stores:#?}");
        };
        assert_eq!(store.driver, "overlay2");
        let contents = inventory::contents(&root, store);
        Ok((contents, inventory::edition(&root, store)))
    }

    /// After a step that has changed the list, the files say what dockerd says.
    fn has_changed(&mut self, step: &str) -> Result<Contents> {
        let (contents, edition) = self.read()?;
        assert!(edition.is_some() && edition != self.last, "{step}");
        self.last = edition;
        self.agrees(&contents, step)?;
        Ok(contents)
    }

    /// After a step that concerns no image, the list is what it was.
    fn is_the_same(&self, step: &str) -> Result<Contents> {
        let (contents, edition) = self.read()?;
        assert_eq!(edition, self.last, "{step}");
        self.agrees(&contents, step)?;
        Ok(contents)
    }

    fn agrees(&self, contents: &Contents, step: &str) -> Result<()> {
        assert_eq!(contents.problems, Vec::<String>::new(), "{step}");
        let list = self
            .docker
            .cli(&["image", "ls", "--quiet", "--no-trunc"])?
            .stdout;
        let expected: BTreeSet<_> = list.lines().map(str::to_owned).collect();
        let told = contents.images.iter().map(|image| image.id.clone());
        assert_eq!(told.collect::<BTreeSet<_>>(), expected, "{step}");
        for image in &contents.images {
            let inspected = self.docker.cli(&["image", "inspect", &image.id])?.stdout;
            let inspected: Value = serde_json::from_str(&inspected)?;
            let inspected = inspected.get(0).context("nothing inspected")?;
            self.is_as_inspected(image, inspected)
                .with_context(|| format!("after {step}: {image:#?}"))?;
        }
        let containers = self.docker.cli(&["container", "ls", "--all", "--quiet"])?;
        let containers = containers.stdout.lines().count();
        assert_eq!(contents.containers, Some(containers as u64), "{step}");
        Ok(())
    }

    fn is_as_inspected(&self, image: &StoredImage, inspected: &Value) -> Result<()> {
        let tags = texts(inspected, "/RepoTags");
        let digests = texts(inspected, "/RepoDigests");
        let names = tags.iter().chain(&digests);
        let names: Option<BTreeSet<_>> = names
            .map(|name| Some(Reference::parse(name)?.to_string()))
            .collect();
        let told: BTreeSet<_> = image.names.iter().cloned().collect();
        assert_eq!(told, names.context("no name")?);
        let digest = digests
            .first()
            .and_then(|name| Some(name.split_once('@')?.1));
        assert_eq!(image.digest.as_deref(), digest);
        let text = |pointer: &str| inspected.pointer(pointer).and_then(Value::as_str);
        let created = text("/Created").context("no creation")?;
        let created = Command::new("date").args(["+%s", "-d", created]).output()?;
        let created: u64 = String::from_utf8(created.stdout)?.trim().parse()?;
        assert_eq!(image.created, Some(created));
        let [variant] = &image.variants[..] else {
            anyhow::bail!("not one platform");
        };
        let platform = [text("/Os"), text("/Architecture")].map(Option::unwrap_or_default);
        assert_eq!(variant.platform.as_deref(), Some(&*platform.join("/")));
        let sizes = variant.layers.iter().map(|layer| layer.unpacked);
        let size: Option<u64> = sizes.sum();
        assert_eq!(size, inspected.pointer("/Size").and_then(Value::as_u64));
        // dockerd's own files say which layer a chain id is.
        let layerdb = self.docker.root().join("image/overlay2/layerdb/sha256");
        let mut below = None;
        let mut diff_ids = Vec::new();
        for layer in &variant.layers {
            let own = layerdb.join(layer.chain_id.replace("sha256:", ""));
            diff_ids.push(fs::read_to_string(own.join("diff"))?);
            assert_eq!(fs::read_to_string(own.join("parent")).ok(), below);
            below = Some(layer.chain_id.clone());
        }
        assert_eq!(diff_ids, texts(inspected, "/RootFS/Layers"));
        Ok(())
    }
}

fn texts<'a>(inspected: &'a Value, pointer: &str) -> Vec<&'a str> {
    let texts = inspected.pointer(pointer).and_then(Value::as_array);
    texts
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn named<'a>(contents: &'a Contents, name: &str) -> Result<&'a StoredImage> {
    let mut images = contents.images.iter();
    let found = images.find(|image| image.names.iter().any(|known| known == name));
    found.with_context(|| format!("no {name} in {contents:#?}"))
}

/// Builds by the classic builder or by BuildKit, with so many instructions after the base.
fn build(docker: &Docker, buildkit: bool, work: &Path, file: &str, tag: &str) -> Result<()> {
    fs::create_dir_all(work)?;
    fs::write(work.join("Dockerfile"), file)?;
    let mut command = docker.command(docker.generation().client())?;
    command.env("DOCKER_BUILDKIT", if buildkit { "1" } else { "0" });
    command.args(["build", "--network", "none", "--tag", tag]);
    let out = command.arg(work).output()?;
    anyhow::ensure!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    Ok(())
}

#[test]
fn the_files_list_what_dockerd_lists() -> Result<()> {
    if skip("the_files_list_what_dockerd_lists", [missing()]) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-docker-inv")?;
    let registry = lab.registry()?;
    let docker = &lab.docker(Generation::Debian)?;
    let work = lab.place().data().join("work");
    let archive = work.join("archive").display().to_string();
    let mut listed = Listed { docker, last: None };
    listed.has_changed("nothing was done")?;

    for image in [Image::Busybox, Image::Layers, Image::Multi, Image::Tall] {
        let reference = registry.add(image)?;
        docker.cli(&["pull", "--quiet", &reference])?;
        let contents = listed.has_changed("a pull")?;
        assert_eq!(named(&contents, &reference)?.came_packed, Some(true));
    }
    let busybox = registry.reference(Image::Busybox);
    docker.cli(&["tag", &busybox, "again:1"])?;
    listed.has_changed("a tag")?;

    let file = format!("FROM {busybox}\nENV A=1\nRUN echo a > /a\nRUN echo b > /b\n");
    build(docker, false, &work, &file, "built:1")?;
    let contents = listed.has_changed("a build")?;
    let built = named(&contents, "docker.io/library/built:1")?;
    assert_eq!((built.came_packed, &built.digest), (Some(false), &None));
    build(docker, false, &work, &format!("{file}ENV B=1\n"), "built:1")?;
    listed.has_changed("a build that takes the name, and is made on what had it")?;
    build(
        docker,
        false,
        &work,
        &format!("FROM {busybox}\nENV C=1\n"),
        "built:1",
    )?;
    listed.has_changed("a build that leaves one without a name")?;
    build(
        docker,
        true,
        &work,
        &format!("{file}RUN echo c > /c\n"),
        "kit:1",
    )?;
    listed.has_changed("a build by BuildKit")?;

    docker.cli(&["run", "--name", "ended", &busybox, "true"])?;
    docker.cli(&["create", "--name", "made", "again:1", "true"])?;
    listed.is_the_same("two containers")?;
    docker.cli(&["commit", "ended", "committed:1"])?;
    listed.has_changed("a commit")?;
    docker.cli(&["export", "--output", &archive, "ended"])?;
    docker.cli(&["rm", "ended", "made"])?;
    listed.is_the_same("the containers are gone")?;
    docker.cli(&["import", &archive, "imported:1"])?;
    let contents = listed.has_changed("an import")?;
    let imported = named(&contents, "docker.io/library/imported:1")?;
    assert_eq!(imported.came_packed, Some(false));

    let tall = registry.reference(Image::Tall);
    docker.cli(&["save", "--output", &archive, "kit:1", &tall])?;
    docker.cli(&["rmi", "kit:1", &tall])?;
    listed.has_changed("a removal")?;
    docker.cli(&["load", "--input", &archive])?;
    let contents = listed.has_changed("a load")?;
    assert_eq!(named(&contents, &tall)?.digest, None);
    docker.cli(&["rmi", "again:1"])?;
    listed.has_changed("a name is taken away")?;
    docker.cli(&["image", "prune", "--force"])?;
    listed.has_changed("a prune")?;
    docker.stop()?;
    let (contents, _) = listed.read()?;
    docker.start()?;
    let again = listed.is_the_same("a restart")?;
    assert_eq!(again.images, contents.images);
    docker.cli(&["image", "prune", "--all", "--force"])?;
    let contents = listed.has_changed("everything is gone")?;
    assert_eq!(contents.images, []);
    Ok(())
}

#[test]
fn a_daemon_with_containerds_image_store_has_none_of_its_own() -> Result<()> {
    let test = "a_daemon_with_containerds_image_store_has_none_of_its_own";
    if skip(test, [missing(), Generation::Newest.missing()]) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-docker-inv-none")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Newest)?;
    docker.cli(&["pull", "--quiet", &registry.add(Image::Busybox)?])?;
    let view = View::of(std::process::id()).context("no view")?;
    let root = docker.root().display().to_string();
    let root = view.folder(&root).context("no root")?;
    assert_eq!(inventory::stores(&root), []);
    Ok(())
}
