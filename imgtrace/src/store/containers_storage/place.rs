//! Which layer of which store a mount point belongs to.
//!
//! Upper and lower folders are not asked: they may be links (`l/<26 characters>`), relative to a
//! folder that is not known any more, or numbers of descriptors (`3:6:7` below `/proc/self/fd`,
//! Podman 5). The mount point is always `<driver's folder>/<layer id>/merged`
//! (containers/storage `drivers/overlay/overlay.go`, `getMergedDir`).

use crate::capture::mounts::Mount;

/// Names under which the driver is registered, each a name of its folder.
const FOLDERS: [&str; 2] = ["overlay", "overlay2"];

/// Hex digits of an id that the library made up (`pkg/stringid`).
const ID_DIGITS: usize = 64;

/// Where a mount stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The store's root, as the mounter sees it.
    pub(super) root: &'a str,
    /// The layer.
    pub(super) layer: &'a str,
    /// What does the mounting.
    pub(super) driver: &'static str,
}

impl<'a> Place<'a> {
    /// The place that a mount point names; none if it is another layout's, or a probe's.
    pub(super) fn of(mount: &'a Mount) -> Option<Self> {
        let driver = driver(&mount.kind)?;
        let path = mount.target.strip_suffix("/merged")?;
        let (folder, layer) = path.rsplit_once('/')?;
        let (root, name) = folder.rsplit_once('/')?;
        let fits = FOLDERS.contains(&name) && is_id(layer) && root.starts_with('/');
        fits.then_some(Self {
            root,
            layer,
            driver,
        })
    }
}

/// The word for a type of file system that carries such mounts: the kernel's overlay, or the
/// `mount_program` that rootless stores use where the kernel lets no user mount one.
fn driver(kind: &str) -> Option<&'static str> {
    match kind {
        "overlay" => Some("overlay"),
        _ => kind.ends_with("fuse-overlayfs").then_some("fuse-overlayfs"),
    }
}

fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == ID_DIGITS && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests;
