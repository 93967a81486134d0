//! The folders and files that are a store's index, and when they were written.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::images;
use crate::store::docker::id::Id;
use crate::store::problems::Problems;
use crate::store::{Contents, Edition, FileVersion, Folder, ReadError};

/// The most containers of one store that are counted.
const CONTAINERS_MOST: usize = 16_384;

/// What is another when an image came, went or got a name, below `image/<driver>`. dockerd writes
/// each file under another name first and then puts it in its place, so the folder changes too.
const INDEX: [&str; 3] = [
    "repositories.json",
    "imagedb/content/sha256",
    "imagedb/metadata/sha256",
];

/// What is another when layers or containers came or went.
const LAYERS: [&str; 2] = ["layerdb/sha256", "layerdb/mounts"];

/// Everything that is told of a store.
pub(super) fn read(root: &Folder, driver: &str) -> Contents {
    let mut problems = Problems::default();
    let image = match root.folder(&format!("image/{driver}")) {
        Ok(image) => image,
        Err(error) => {
            problems.say(error);
            return Contents {
                problems: problems.into_sentences(),
                ..Contents::default()
            };
        }
    };
    Contents {
        images: images::read(&image, &mut problems),
        containers: containers(root, &image, &mut problems),
        written: written(root, &image),
        problems: problems.into_sentences(),
    }
}

/// What [`super::edition`] gives.
pub(super) fn edition(root: &Folder, driver: &str) -> Option<Edition> {
    let image = root.folder(&format!("image/{driver}")).ok()?;
    image.version("imagedb").ok()?;
    let mut state = DefaultHasher::new();
    for name in INDEX {
        match image.version(name) {
            Ok(version) => version.hash(&mut state),
            Err(ReadError::Missing(_)) => state.write_u8(0),
            Err(_) => state.write_u8(1),
        }
    }
    Some(Edition(state.finish()))
}

/// How many containers have a root file system of this driver. Builds have some as well, and those
/// are no containers.
fn containers(root: &Folder, image: &Folder, problems: &mut Problems) -> Option<u64> {
    let mut own = || {
        let known = ids(&root.folder("containers")?, problems)?;
        let mounts = ids(&image.folder("layerdb/mounts")?, problems)?;
        Ok(known.intersection(&mounts).count())
    };
    match own() {
        Ok(count) => u64::try_from(count).ok(),
        // No container was ever made.
        Err(ReadError::Missing(_)) => Some(0),
        Err(error) => {
            problems.say(error);
            None
        }
    }
}

fn ids(folder: &Folder, problems: &mut Problems) -> Result<HashSet<Id>, ReadError> {
    let mut ids = HashSet::new();
    let more = folder.each_name(CONTAINERS_MOST, |name| ids.extend(Id::parse(name)))?;
    if more {
        let path = &folder.path;
        problems.say(format_args!(
            "{path} has more than {CONTAINERS_MOST} entries; the rest was not counted"
        ));
    }
    Ok(ids)
}

/// When something was last written: an image, a layer, a container that came, went, started or
/// ended, which dockerd writes into the container's folder, or that dockerd itself was started, for
/// which it makes `tmp` below its data root anew (moby `daemon/daemon.go`, `prepareTempDir`).
fn written(root: &Folder, image: &Folder) -> Option<u64> {
    let index = INDEX.iter().chain(&LAYERS).map(|name| own(image, name));
    let newest = index.flatten().max().max(own(root, "."));
    let Ok(containers) = root.folder("containers") else {
        return newest;
    };
    let mut newest = newest.max(own(&containers, "."));
    // A list that breaks off says something, too.
    let _ = containers.each_name(CONTAINERS_MOST, |name| {
        newest = newest.max(Id::parse(name).and_then(|_| own(&containers, name)));
    });
    newest
}

fn own(folder: &Folder, name: &str) -> Option<u64> {
    let version = folder.version(name).ok();
    version.as_ref().and_then(FileVersion::written_at)
}
