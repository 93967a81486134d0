//! Where CRI-O, and a Podman that serves an API, keep their images.

use super::{Candidate, Part, Scene, Told};
use crate::model::StoreKind;
use crate::store::containers_storage::roots;

/// The folders that a program may keep images in.
pub(super) fn candidates(scene: &Scene<'_>) -> Vec<Candidate> {
    let roots = roots::of_program(&scene.daemon.process, &scene.view);
    // What it may use besides is found there, but only the first is what it was told.
    let roots = roots.into_iter().take(1);
    let told = roots.filter_map(|root| {
        let evidence = format!("its command line or its configuration says {root}");
        Told::new(&root, evidence)
    });
    let part = Part::All(StoreKind::ContainersStorage);
    told.map(|root| scene.candidate(root, part.clone()))
        .collect()
}
