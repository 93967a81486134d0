//! The images that containerd's files list, compared with what ctr, crictl and docker list.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context as _, Result, bail};
use imgtrace::model::{Store, StoredImage, Variant};
use imgtrace::store::containerd::inventory;
use imgtrace::store::{Contents, Folder, View};
use imgtrace_tests::lab::{Containerd, Generation, Image, Lab, Peers, missing, skip};
use serde_json::Value;

/// Bytes of an image's manifest and configuration are fewer.
const DOCUMENTS: u64 = 16 * 1024;

fn root(containerd: &Containerd) -> Result<Folder> {
    let pid = u32::try_from(containerd.pid().context("containerd does not run")?)?;
    let view = View::of(pid).context("containerd cannot be looked at")?;
    let path = containerd.root();
    view.folder(path.to_str().context("no text")?)
        .context("no root folder")
}

/// The stores, by namespace, each with what is in it; nothing may be left out.
fn listed(containerd: &Containerd) -> Result<BTreeMap<String, (Store, Contents)>> {
    let root = root(containerd)?;
    let stores = inventory::stores(&root).into_iter();
    stores
        .map(|store| {
            let contents = inventory::contents(&root, &store);
            assert_eq!(contents.problems, [""; 0], "{store:?}");
            let namespace = store.namespace.clone().context("no namespace")?;
            Ok((namespace, (store, contents)))
        })
        .collect()
}

/// What `ctr images list` prints of a namespace: digest by name.
fn names(containerd: &Containerd, namespace: &str) -> Result<BTreeSet<(String, String)>> {
    let list = containerd.ctr(&["--namespace", namespace, "images", "list"])?;
    let rows = list.stdout.lines().skip(1).map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next().context("no name")?;
        let digest = words.nth(1).context("no digest")?;
        Ok((name.to_owned(), digest.to_owned()))
    });
    rows.collect()
}

/// What `ctr snapshots usage` prints: bytes by key.
fn usage(containerd: &Containerd, namespace: &str) -> Result<HashMap<String, u64>> {
    let usage = containerd.ctr(&["--namespace", namespace, "snapshots", "usage", "-b"])?;
    let rows = usage.stdout.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
    });
    Ok(rows.collect())
}

/// The only platform of an image that is there.
fn only(image: &StoredImage) -> Result<&Variant> {
    let [only] = image.variants.as_slice() else {
        bail!("one platform is expected: {image:#?}")
    };
    Ok(only)
}

/// A namespace's contents are what ctr says of it.
fn agrees(containerd: &Containerd, namespace: &str, contents: &Contents) -> Result<()> {
    let said = names(containerd, namespace)?;
    // A bare digest is CRI's own name of an image that has another.
    let references: BTreeSet<_> = said
        .into_iter()
        .filter(|(name, _)| !name.starts_with("sha256:"))
        .collect();
    let found = contents.images.iter().flat_map(|image| {
        let names = image.names.iter();
        names.map(|name| (name.clone(), image.digest.clone().unwrap_or_default()))
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), references, "{namespace}");
    let usage = usage(containerd, namespace)?;
    for image in &contents.images {
        for layer in &only(image)?.layers {
            let said = usage.get(&layer.chain_id);
            assert_eq!(layer.unpacked.as_ref(), said, "{layer:?} in {namespace}");
            assert!(layer.packed.is_some() && layer.blob.is_some(), "{layer:?}");
        }
    }
    Ok(())
}

fn of<'c>(contents: &'c Contents, name: &str) -> Result<&'c StoredImage> {
    let mut images = contents.images.iter();
    let image = images.find(|image| image.names.iter().any(|known| known == name));
    image.with_context(|| format!("no {name} in {contents:#?}"))
}

#[test]
fn images_are_what_ctr_lists() -> Result<()> {
    if skip(
        "images_are_what_ctr_lists",
        [missing(), Generation::Newest.missing()],
    ) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-cd-img")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let containerd = lab.containerd(generation)?;
        assert_eq!(inventory::stores(&root(&containerd)?), []);
        let pull = |namespace: &str, image: Image| -> Result<String> {
            let known = registry.add(image)?;
            let to = ["--namespace", namespace, "images", "pull", "--plain-http"];
            containerd.ctr(&[&to[..], &[&known]].concat())?;
            Ok(known)
        };
        let busybox = pull("default", Image::Busybox)?;
        let layers = pull("default", Image::Layers)?;
        pull("default", Image::Multi)?;
        pull("second", Image::Layers)?;
        containerd.ctr(&["images", "tag", &layers, "registry.lab/again:2"])?;
        let id = format!("it-images-{}", std::process::id());
        containerd.ctr(&["containers", "create", &busybox, &id, "true"])?;

        let stores = listed(&containerd)?;
        let namespaces: Vec<_> = stores.keys().map(String::as_str).collect();
        assert_eq!(namespaces, ["default", "second"]);
        for (namespace, (store, contents)) in &stores {
            agrees(&containerd, namespace, contents)?;
            assert_eq!(store.driver, "overlayfs");
        }
        let (store, contents) = &stores["default"];
        assert_eq!(contents.containers, Some(1));
        let twice = of(contents, "registry.lab/again:2")?;
        assert_eq!(twice.names.len(), 2, "{twice:#?}");
        assert_eq!(only(twice)?.layers.len(), 4);
        assert_eq!(
            only(of(contents, &busybox)?)?.platform.as_deref(),
            Some("linux/amd64")
        );
        // The same blobs, unpacked once more.
        assert_eq!(only(of(&stores["second"].1, &layers)?)?, only(twice)?);
        assert!(
            contents
                .images
                .iter()
                .all(|image| image.came_packed == Some(true))
        );

        let root = root(&containerd)?;
        let before = inventory::edition(&root, store);
        assert_eq!(before, inventory::edition(&root, store));
        containerd.ctr(&["leases", "create"])?;
        assert_eq!(
            before,
            inventory::edition(&root, store),
            "a lease is no image"
        );
        containerd.ctr(&["images", "rm", "--sync", "registry.lab/again:2"])?;
        assert_ne!(before, inventory::edition(&root, store));
    }
    Ok(())
}

#[test]
fn images_are_what_crictl_lists() -> Result<()> {
    let newest = Generation::Newest.missing();
    let reasons = [missing(), newest, Peers::Kubernetes.missing()];
    if skip("images_are_what_crictl_lists", reasons) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-cd-img-cri")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let crictl = lab.crictl(&containerd.socket())?;
        let references = [Image::Busybox, Image::Layers, Image::Multi].map(|image| {
            let reference = registry.add(image)?;
            crictl.run(&["pull", &reference])?;
            Ok(reference)
        });
        let stores = listed(&containerd)?;
        let (_, contents) = &stores["k8s.io"];
        agrees(&containerd, "k8s.io", contents)?;
        let blobs = containerd
            .root()
            .join("io.containerd.content.v1.content/blobs/sha256");
        let bytes = |digest: &Option<String>| -> Result<u64> {
            let digest = digest.as_deref().context("no digest")?;
            let hex = digest.strip_prefix("sha256:").context("no sha256")?;
            Ok(blobs.join(hex).metadata()?.len())
        };
        let all = crictl.json("images", &[])?;
        for reference in references.into_iter().collect::<Result<Vec<_>>>()? {
            let image = of(contents, &reference)?;
            let variant = only(image)?;
            // CRI's image is a configuration: two names of one are one image there.
            let is_it = |theirs: &&Value| {
                let mut tags = theirs["repoTags"].as_array().into_iter().flatten();
                tags.any(|tag| *tag == *reference)
            };
            let theirs = all["images"].as_array().into_iter().flatten();
            let said: Vec<_> = theirs.filter(is_it).collect();
            assert_eq!(said.len(), 1, "{said:#?}");
            let said = said[0];
            assert_eq!(said["id"].as_str(), variant.config.as_deref());
            let packed: u64 = variant.layers.iter().filter_map(|layer| layer.packed).sum();
            let documents = bytes(&variant.manifest)? + bytes(&variant.config)?;
            let index = if variant.manifest == image.digest {
                0
            } else {
                bytes(&image.digest)?
            };
            let said: u64 = said["size"].as_str().context("no size")?.parse()?;
            let ours = packed + documents;
            assert!([ours, ours + index].contains(&said), "{said}: {image:#?}");
            // CRI's other names are no images of their own.
            assert_eq!(image.names.len(), 2, "{image:#?}");
        }
        assert_eq!(contents.images.len(), 3, "{contents:#?}");
    }
    Ok(())
}

#[test]
fn images_are_what_docker_lists() -> Result<()> {
    if skip(
        "images_are_what_docker_lists",
        [missing(), Generation::Newest.missing()],
    ) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-cd-img-docker")?;
    let registry = lab.registry()?;
    let docker = lab.docker(Generation::Newest)?;
    let pulled = registry.add(Image::Layers)?;
    docker.cli(&["pull", &pulled])?;
    docker.cli(&["tag", &pulled, "lab/other:1"])?;
    let made = ["commit", "--change", "CMD sleep", "w-made", "lab/made:1"];
    docker.cli(&["create", "--name", "w-made", &pulled, "true"])?;
    docker.cli(&made)?;
    docker.cli(&["image", "rm", "--force", &pulled, "lab/other:1"])?;

    let stores = listed(docker.containerd())?;
    let (_, contents) = &stores["moby"];
    let list = docker.cli(&["image", "ls", "--all", "--no-trunc", "--quiet"])?;
    let ids: BTreeSet<_> = list.stdout.lines().collect();
    let found: BTreeSet<_> = contents.images.iter().map(|image| &*image.id).collect();
    assert_eq!(found, ids, "{contents:#?}");
    let made = of(contents, "docker.io/lab/made:1")?;
    assert_eq!(made.came_packed, Some(false), "{made:#?}");
    assert_eq!(contents.containers, Some(1));
    for image in &contents.images {
        let layers = &only(image)?.layers;
        let unpacked: Option<u64> = layers.iter().map(|layer| layer.unpacked).sum();
        let packed: u64 = layers.iter().filter_map(|layer| layer.packed).sum();
        let said = docker.size_of(&image.id)?;
        let unpacked = unpacked.context("not all is unpacked")?;
        let case = format!("{said} by docker, {packed} packed, {unpacked} unpacked: {image:#?}");
        let documents = said.checked_sub(packed + unpacked).context(case.clone())?;
        assert!((1..DOCUMENTS).contains(&documents), "{case}");
    }
    Ok(())
}
