//! What containerd's own files say of a mount, compared with what ctr and crictl say.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use imgtrace::capture::mounts::{Event, Mount, Mounts};
use imgtrace::model::Role;
use imgtrace::store::{Identified, Layouts, View};
use imgtrace_tests::lab::{Containerd, Crictl, Generation, Image, Lab, Peers, Pod, missing, skip};
use serde_json::Value;

/// The key that ctr gives a snapshot, its parent's and its bytes.
type Snapshots = HashMap<String, (Option<String>, u64)>;

/// What the mount says that ends in this container's root.
fn identify(containerd: &Containerd, id: &str) -> Result<(Mount, Identified)> {
    let pid = u32::try_from(containerd.pid().context("containerd does not run")?)?;
    let mut mounts = Mounts::open(None, || Ok(()))?;
    mounts.watch(pid)?;
    let mut events = Vec::new();
    mounts.next(Duration::ZERO, &mut events)?;
    let target = format!("/{id}/rootfs");
    let mount = events.into_iter().find_map(|event| match event {
        Event::Attached(mount) if mount.target.ends_with(&target) => Some(mount),
        _ => None,
    });
    let mount = mount.with_context(|| format!("nothing is mounted for {id}"))?;
    let view = View::of(pid).context("containerd cannot be looked at")?;
    let said = Layouts::default().identify(&mount, &view);
    Ok((mount, said.context("nothing is said of it")?))
}

/// What `ctr snapshots list` and `usage` print of a namespace.
fn snapshots(containerd: &Containerd, namespace: &str) -> Result<Snapshots> {
    let usage = containerd.ctr(&["--namespace", namespace, "snapshots", "usage", "-b"])?;
    let bytes: HashMap<_, _> = usage
        .stdout
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?.parse::<u64>().ok()?))
        })
        .collect();
    let list = containerd.ctr(&["--namespace", namespace, "snapshots", "list"])?;
    let rows = list.stdout.lines().skip(1).map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let (key, parent) = match words.as_slice() {
            [key, parent, _] => (*key, Some((*parent).to_owned())),
            [key, _] => (*key, None),
            _ => anyhow::bail!("no snapshot: {line}"),
        };
        let size = bytes.get(key).with_context(|| format!("no usage: {key}"))?;
        Ok((key.to_owned(), (parent, *size)))
    });
    rows.collect()
}

/// A container's identity is what ctr says of the container, its image and its snapshot.
fn agrees(
    containerd: &Containerd,
    (namespace, id): (&str, &str),
    digest: &str,
) -> Result<Identified> {
    let (mount, said) = identify(containerd, id)?;
    let identity = &said.identity;
    let case = format!("{mount:#?} {said:#?}");
    let info = containerd.ctr(&["--namespace", namespace, "containers", "info", id])?;
    let info: Value = serde_json::from_str(&info.stdout)?;
    let told = |name: &str| info.get(name).and_then(Value::as_str);
    assert_eq!(identity.container.as_deref(), Some(id));
    assert_eq!(identity.namespace.as_deref(), Some(namespace));
    assert_eq!(Some(identity.driver.as_str()), told("Snapshotter"));
    assert_eq!(identity.digest.as_deref(), Some(digest), "{case}");

    let snapshots = snapshots(containerd, namespace)?;
    let key = told("SnapshotKey").context("no snapshot")?;
    let (chain_id, _) = snapshots.get(key).context("an unknown snapshot")?;
    assert_eq!(&identity.chain_id, chain_id, "{case}");
    let (mut layers, mut bytes, mut next) = (0, 0, chain_id.as_ref());
    while let Some((parent, size)) = next.and_then(|key| snapshots.get(key)) {
        (layers, bytes, next) = (layers + 1, bytes + size, parent.as_ref());
    }
    assert_eq!(
        (identity.layers, identity.bytes),
        (Some(layers), Some(bytes)),
        "{case}"
    );
    let store = said.store.as_ref().context("no store")?;
    assert_eq!(store.root, containerd.root().display().to_string());
    assert_eq!(store.namespace.as_deref(), Some(namespace));
    Ok(said)
}

#[test]
fn a_container_of_ctr_is_what_ctr_says() -> Result<()> {
    let unseen = Mounts::open(None, || Ok(()))
        .err()
        .map(|error| format!("{error:#}"));
    let reasons = [missing(), unseen, Generation::Newest.missing()];
    if skip("a_container_of_ctr_is_what_ctr_says", reasons) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-containerd-store")?;
    let registry = lab.registry()?;
    for generation in [Generation::Debian, Generation::Newest] {
        let containerd = lab.containerd(generation)?;
        for image in [Image::Busybox, Image::Layers, Image::Tall] {
            let known = registry.add_known(image)?;
            let reference = known.reference.as_str();
            containerd.ctr(&["images", "pull", "--plain-http", reference])?;
            let id = format!("it-{}-{}", known.layers, std::process::id());
            containerd.ctr(&["run", "-d", "--null-io", reference, &id, "sleep", "1000"])?;
            let said = agrees(&containerd, ("default", &id), &known.digest)?;
            assert_eq!(said.identity.image.as_deref(), Some(reference));
            assert_eq!(said.identity.role, Role::Container);
            assert_eq!(said.identity.pod, None);
            containerd.ctr(&["tasks", "delete", "--force", &id])?;
        }
    }
    Ok(())
}

#[test]
fn a_pod_is_what_crictl_says() -> Result<()> {
    let unseen = Mounts::open(None, || Ok(()))
        .err()
        .map(|error| format!("{error:#}"));
    let newest = Generation::Newest.missing();
    let reasons = [missing(), unseen, newest, Peers::Kubernetes.missing()];
    if skip("a_pod_is_what_crictl_says", reasons) {
        return Ok(());
    }
    let lab = Lab::in_memory("w-containerd-store-cri")?;
    let registry = lab.registry()?;
    let known = registry.add_known(Image::Layers)?;
    let pause = registry.add_known(Image::Pause)?;
    for generation in [Generation::Debian, Generation::Newest] {
        let containerd = lab.containerd_with_cri(generation, &registry)?;
        let crictl: Crictl = lab.crictl(&containerd.socket())?;
        crictl.run(&["pull", &known.reference])?;
        let uid = "6f0c1a52-5f0e-4f37-9d3a-3f6f7f0f2b11";
        let pod = Pod::new("store", uid).container_of("main", &known.reference, &["sleep", "1000"]);
        let of_pod = crictl.pod_file(&pod)?;
        let main = crictl.container_file(&pod, "main")?;
        let sandbox = crictl.run(&["runp", &of_pod])?.stdout.trim().to_owned();
        let id = crictl.run(&["create", &sandbox, &main, &of_pod])?.stdout;
        let id = id.trim();
        crictl.run(&["start", id])?;

        let root = agrees(&containerd, ("k8s.io", &sandbox), &pause.digest)?;
        assert_eq!(root.identity.role, Role::Sandbox);
        let said = agrees(&containerd, ("k8s.io", id), &known.digest)?.identity;
        let inspected = crictl.json("inspect", &[id])?;
        let name = inspected.pointer("/status/metadata/name");
        assert_eq!(said.container_name.as_deref(), name.and_then(Value::as_str));
        assert_eq!(said.image.as_deref(), Some(known.reference.as_str()));
        assert_eq!(said.sandbox.as_deref(), Some(sandbox.as_str()));
        assert_eq!(said.pod, root.identity.pod);
        assert_eq!(said.pod.and_then(|pod| pod.uid).as_deref(), Some(uid));
        crictl.run(&["rmp", "--force", &sandbox])?;
    }
    Ok(())
}
