//! Where a containerd keeps its content, its books and its snapshots (`--root`; containerd
//! `cmd/containerd/server/config`, `defaults/defaults_unix.go`).

use super::{Scene, Told, told};

/// Its book, below its root.
const BOOK: &str = "/io.containerd.metadata.v1.bolt/meta.db";

const CONFIGURATION: &str = "/etc/containerd/config.toml";

const ROOT: &str = "/var/lib/containerd";

/// The same of one without root, below the home folder.
const USERS_ROOT: &str = ".local/share/containerd";

/// Whether a daemon has containerd's book open, whatever program it is.
pub(super) fn is_inside(scene: &Scene<'_>) -> bool {
    scene.files.ending(BOOK).is_some()
}

/// The root folder of a containerd.
pub(super) fn root(scene: &Scene<'_>) -> Option<Told> {
    opened(scene)
        .or_else(|| said(scene))
        .or_else(|| by_default(scene))
}

fn opened(scene: &Scene<'_>) -> Option<Told> {
    let (file, root) = scene.files.ending(BOOK)?;
    Told::new(root, format!("it has {file} open"))
}

fn said(scene: &Scene<'_>) -> Option<Told> {
    if let Some((name, root)) = told::option(scene.args, &["--root"]) {
        return Told::new(root, format!("its command line says {name} {root}"));
    }
    let path = told::option(scene.args, &["--config", "-c"]);
    let path = path.map_or(CONFIGURATION, |(_, path)| path);
    let text = told::file(&scene.view, path)?;
    let root = told::top_key(&text, "root")?;
    Told::new(&root, format!("{path} says root = {root}"))
}

fn by_default(scene: &Scene<'_>) -> Option<Told> {
    let uid = scene.daemon.process.uid;
    let root = if uid == 0 {
        ROOT.to_owned()
    } else {
        format!("{}/{USERS_ROOT}", told::home(&scene.view, uid)?)
    };
    let evidence = format!("it was told of no other root than the usual one, {root}");
    Told::new(&root, evidence)
}
