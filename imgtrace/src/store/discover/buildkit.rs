//! Where a buildkitd keeps its cache (BuildKit `util/appdefaults`, `cmd/buildkitd/config`).

use super::{Candidate, Part, Scene, Told, told};
use crate::model::StoreKind;

const CONFIGURATION: &str = "/etc/buildkit/buildkitd.toml";

const ROOT: &str = "/var/lib/buildkit";

/// The same of one without root, below the home folder.
const USERS_ROOT: &str = ".local/share/buildkit";

/// What it has open, before the snapshotter's name.
const BOOK: &str = "/runc-";

/// The folder of a buildkitd.
pub(super) fn candidate(scene: &Scene<'_>) -> Option<Candidate> {
    let root = root(scene)?;
    Some(scene.candidate(root, Part::All(StoreKind::BuildKit)))
}

fn root(scene: &Scene<'_>) -> Option<Told> {
    if let Some((file, root, _)) = scene.files.below(BOOK) {
        return Told::new(root, format!("it has {file} open"));
    }
    if let Some((name, root)) = told::option(scene.args, &["--root"]) {
        return Told::new(root, format!("its command line says {name} {root}"));
    }
    let path = told::option(scene.args, &["--config"]);
    let path = path.map_or(CONFIGURATION, |(_, path)| path);
    let configured = told::file(&scene.view, path);
    if let Some(root) = configured.and_then(|text| told::top_key(&text, "root")) {
        return Told::new(&root, format!("{path} says root = {root}"));
    }
    let uid = scene.daemon.process.uid;
    let root = if uid == 0 {
        ROOT.to_owned()
    } else {
        format!("{}/{USERS_ROOT}", told::home(&scene.view, uid)?)
    };
    let evidence = format!("it was told of no other root than the usual one, {root}");
    Told::new(&root, evidence)
}
