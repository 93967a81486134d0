//! A data root without a graph driver: images and layers are containerd's, and the root file
//! systems are mounted from its snapshots under `<root>/rootfs/<snapshotter>/<container id>`.

use super::describe::Description;
use crate::capture::mounts::Mount;
use crate::model::{Role, RootfsIdentity, Runtime};
use crate::store::{Identified, View};

/// The part of a path in containerd's root that names a snapshotter.
const SNAPSHOTTER: &str = "/io.containerd.snapshotter.v1.";

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

/// Says what the mount of a step is that the BuildKit in dockerd runs; none if `root` has none.
pub(super) fn step(mount: &Mount, view: &View, root: &str, id: &str) -> Option<Identified> {
    view.folder(root)?.folder("buildkit/executor").ok()?;
    let driver = driver(mount).unwrap_or(&mount.kind);
    let mut identity = RootfsIdentity::new(Runtime::BuildKit, Role::Build, driver);
    identity.container = Some(id.to_owned());
    identity
        .evidence
        .push("mounted where the BuildKit in dockerd runs its steps".to_owned());
    Some(Identified {
        identity,
        store: None,
    })
}

/// The graph driver or snapshotter that the upper layer lies in.
fn driver(mount: &Mount) -> Option<&str> {
    let upper = mount.upper.as_deref()?;
    if let Some((_, after)) = upper.split_once(SNAPSHOTTER) {
        return after.split('/').next();
    }
    upper.strip_suffix("/diff")?.rsplit('/').nth(1)
}
