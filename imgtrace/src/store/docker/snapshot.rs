//! A data root without a graph driver: images and layers are containerd's, and the root file
//! systems are mounted from its snapshots under `<root>/rootfs/<snapshotter>/<container id>`.

use super::describe::Description;
use crate::model::{Role, RootfsIdentity, Runtime};
use crate::store::{Identified, View};

/// Says what a container's mount is; none if `root` is no data root.
pub(super) fn container(
    view: &View,
    root: &str,
    snapshotter: &str,
    id: &str,
) -> Option<Identified> {
    let containers = view.folder(root)?.folder("containers").ok()?;
    let mut identity = RootfsIdentity::new(Runtime::Docker, Role::Container, snapshotter);
    identity.container = Some(id.to_owned());
    identity
        .evidence
        .push("the mount point names the container".to_owned());
    let own = containers.folder(id).ok();
    match own.as_ref().and_then(Description::read) {
        Some(written) => written.tell(&mut identity),
        // Since Docker 28 it is written after the first mount (`daemon/create.go`).
        None => identity
            .evidence
            .push("its config.v2.json is not there, or not yet".to_owned()),
    }
    Some(Identified {
        identity,
        store: None,
    })
}

/// Says what BuildKit's own mount of a snapshot is.
pub(super) fn pool(snapshotter: &str) -> Identified {
    let mut identity = RootfsIdentity::new(Runtime::BuildKit, Role::Build, snapshotter);
    let evidence = "mounted where BuildKit mounts for the steps of builds";
    identity.evidence.push(evidence.to_owned());
    Identified {
        identity,
        store: None,
    }
}
