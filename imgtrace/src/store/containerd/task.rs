//! A task of containerd: a container that is about to run, and what its own files say of it.

use super::bundle::Annotations;
use super::metadata::{self, Record};
use super::{Error, Folder, View};
use crate::capture::mounts::Mount;
use crate::model::{ImageName, Role, RootfsIdentity, Runtime};

/// The namespace in which `BuildKit` keeps what it builds with containerd's help.
const BUILDS: &str = "buildkit";

/// Where containerd's root folder may be.
#[derive(Debug)]
pub(super) struct Roots<'a> {
    /// As the mount's options have it.
    pub(super) told: Option<&'a str>,
    /// If they do not tell it: where it was for other mounts, and where it is by default.
    pub(super) guessed: Vec<String>,
}

/// A task, by the path of its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task<'a> {
    /// containerd's state folder.
    pub(super) state: &'a str,
    /// The folder of the task.
    pub(super) bundle: &'a str,
    /// containerd's namespace.
    pub(super) namespace: &'a str,
    /// The container's id.
    pub(super) id: &'a str,
}

impl Task<'_> {
    /// What the path and the bundle say.
    pub(super) fn identity(&self, mount: &Mount, view: &View) -> RootfsIdentity {
        let role = match self.namespace {
            BUILDS => Role::Build,
            _ => Role::Container,
        };
        let mut identity = RootfsIdentity::new(Runtime::Containerd, role, &mount.kind);
        identity.container = Some(self.id.to_owned());
        identity.namespace = Some(self.namespace.to_owned());
        identity.evidence = vec![format!(
            "mounted as the root of task {} in containerd's namespace {}",
            self.id, self.namespace
        )];
        match view
            .folder(self.bundle)
            .map(|bundle| Annotations::read(&bundle))
        {
            Some(Ok(annotations)) => annotate(&mut identity, &annotations),
            Some(Err(error)) => identity.evidence.push(error.sentence()),
            None => {
                let what = format!("{} cannot be looked at", self.bundle);
                identity.evidence.push(what);
            }
        }
        identity
    }

    /// The record of the container in the first of these root folders that has one, and that
    /// folder. What it says goes into `identity`. If none has one, the folder is that which the
    /// mount itself has told.
    pub(super) fn record(
        &self,
        view: &View,
        roots: &Roots<'_>,
        identity: &mut RootfsIdentity,
    ) -> (Option<Folder>, Record) {
        let mut told = None;
        for path in roots
            .told
            .into_iter()
            .chain(roots.guessed.iter().map(String::as_str))
        {
            let Some(root) = view.folder(path) else {
                continue;
            };
            match self.look_up(view, &root) {
                Ok(Some(record)) => {
                    adopt(identity, &record);
                    return (Some(root), record);
                }
                Ok(None) => {}
                Err(error) => identity.evidence.push(error.sentence()),
            }
            if roots.told == Some(path) {
                told = Some(root);
            }
        }
        let what = "no meta.db of containerd's knows the container";
        identity.evidence.push(what.to_owned());
        (told, Record::default())
    }

    fn look_up(&self, view: &View, root: &Folder) -> Result<Option<Record>, Error> {
        let path = format!("{}/{}", root.path, metadata::FOLDER);
        match below(view, root, &path) {
            Some(folder) => metadata::record(&folder, self.namespace, self.id),
            None => Ok(None),
        }
    }
}

/// A folder of containerd's: below its root, or behind a link or on a file system mounted there,
/// which is a longer way.
pub(super) fn below(view: &View, root: &Folder, path: &str) -> Option<Folder> {
    let name = path
        .strip_prefix(&root.path)
        .and_then(|name| name.strip_prefix('/'));
    name.and_then(|name| root.folder(name).ok())
        .or_else(|| view.folder(path))
}

fn annotate(identity: &mut RootfsIdentity, annotations: &Annotations) {
    if annotations.is_sandbox() {
        identity.role = Role::Sandbox;
    }
    identity.container_name = annotations.name();
    identity.sandbox = annotations.sandbox();
    identity.pod = annotations.pod();
    identity.image = annotations.image().and_then(|image| named(&image));
}

fn adopt(identity: &mut RootfsIdentity, record: &Record) {
    let image = record.image.as_deref();
    if identity.image.is_none() {
        identity.image = image.and_then(named);
    }
    match &record.target {
        Some(_) if record.moved => identity.evidence.push(format!(
            "what {} stands for was changed after the container was made",
            image.unwrap_or_default()
        )),
        Some((digest, kind)) => {
            identity.digest = Some(digest.clone());
            identity.digest_kind = Some(*kind);
        }
        None => {}
    }
    identity.restart_policy.clone_from(&record.restart_policy);
    identity.restarts = record.restarts;
}

/// The normalised reference; none if it is an id.
pub(super) fn named(image: &str) -> Option<String> {
    match ImageName::parse(image) {
        ImageName::Reference(reference) => Some(reference.or_latest().to_string()),
        ImageName::Invalid => Some(image.to_owned()),
        ImageName::Id(_) => None,
    }
}
