//! Where dockerd mounts root file systems: what a mount point's path alone tells.

use super::id::Id;

/// The graph drivers that mount an overlay for a container: `overlay` until 23, `fuse-overlayfs`
/// for rootless daemons on old kernels. (`vfs` and `btrfs` mount nothing, `zfs` and
/// `devicemapper` no overlay.)
const GRAPH_DRIVERS: [&str; 3] = ["overlay2", "fuse-overlayfs", "overlay"];

/// What BuildKit's temporary folders are called before their number.
const POOL: &str = "buildkit";

/// Characters of an id that BuildKit makes up (`identity.NewID` of its `identity/randomid.go`:
/// base 36).
const BUILDKIT_ID: usize = 25;

/// What a mount point is, as its path says; `root` is dockerd's data root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `<root>/<driver>/<folder>/merged` (`daemon/graphdriver/overlay2/overlay.go`).
    Graph {
        root: &'a str,
        driver: &'a str,
        folder: Id,
    },
    /// The same for a snapshot of the BuildKit inside dockerd
    /// (`daemon/internal/builder-next/adapters/snapshot/snapshot.go`).
    GraphBuild { root: &'a str, driver: &'a str },
    /// `<root>/rootfs/<snapshotter>/<container id>` (`daemon/snapshotter/mount.go`).
    Snapshot {
        root: &'a str,
        snapshotter: &'a str,
        container: &'a str,
    },
    /// `<root>/buildkit/containerd-<snapshotter>/cachemounts/buildkit<number>`: what the steps of a
    /// build in BuildKit copy into and run in, each through a bind mount of its own
    /// (`sharableMountPool` of its `cache/refs.go`).
    Pool { snapshotter: &'a str },
}

impl<'a> Place<'a> {
    /// What this mount point is; none if it is nothing that dockerd mounts for a container or a
    /// build: its `-init` layers and `/tmp/containerd-mountN` too are none.
    pub(super) fn of(target: &'a str) -> Option<Self> {
        let (above, last) = split(target)?;
        match last {
            "merged" => {
                let (above, name) = split(above)?;
                let (root, driver) = split(above)?;
                if !GRAPH_DRIVERS.contains(&driver) {
                    return None;
                }
                if is_buildkit(name) {
                    return Some(Self::GraphBuild { root, driver });
                }
                let folder = Id::parse(name)?;
                Some(Self::Graph {
                    root,
                    driver,
                    folder,
                })
            }
            pool if pool.starts_with(POOL) => {
                let number = pool.strip_prefix(POOL)?;
                let above = above.strip_suffix("/cachemounts")?;
                let (above, worker) = split(above)?;
                let snapshotter = worker.strip_prefix("containerd-")?;
                let (_, folder) = split(above)?;
                let fits = folder == "buildkit" && number.bytes().all(|byte| byte.is_ascii_digit());
                fits.then_some(Self::Pool { snapshotter })
            }
            container => {
                Id::parse(container)?;
                let (above, snapshotter) = split(above)?;
                let root = above.strip_suffix("/rootfs")?;
                (!root.is_empty() && !snapshotter.is_empty()).then_some(Self::Snapshot {
                    root,
                    snapshotter,
                    container,
                })
            }
        }
    }
}

/// A path's folder and its last component; none at the root.
fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('/').filter(|(above, _)| !above.is_empty())
}

fn is_buildkit(name: &str) -> bool {
    name.len() == BUILDKIT_ID
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
