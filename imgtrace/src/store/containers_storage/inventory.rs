//! What a store of this layout holds, as its books say.

use super::books::Books;
use crate::model::{Store, StoreKind};
use crate::store::{Contents, Folder, View};

/// The graph drivers, as their folders are called (containers/storage `drivers/driver_linux.go`).
/// Where the kernel lets no user mount an overlay, a user's store is `vfs`.
const DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];

/// What the driver notes once it has found out whether the kernel mounts for it
/// (containers/storage `drivers/overlay/overlay.go`, `mountProgramFlagFile`): `true` if it needs
/// fuse-overlayfs.
const HAS_MOUNT_PROGRAM: &str = ".has-mount-program";

/// The store at `root`; none if there is none of this layout.
pub(in crate::store) fn store(view: &View, root: &Folder) -> Option<Store> {
    let (_, driver) = index_of(root)?;
    let (device, inode) = root.identity().ok()?;
    Some(Store {
        kind: StoreKind::ContainersStorage,
        root: root.path.clone(),
        device,
        inode,
        driver: mounts_with(driver, view, root).to_owned(),
        namespace: None,
    })
}

/// What its books say; a book that cannot be read is a problem.
pub(super) fn contents(books: &mut Books, root: &Folder) -> Contents {
    read(books, root).unwrap_or_else(|| Contents {
        problems: vec![books.obstacle(root)],
        ..Contents::default()
    })
}

/// The same; none if the index of images is there and cannot be read.
pub(super) fn read(books: &mut Books, root: &Folder) -> Option<Contents> {
    let (images, is_cut) = books.stored(root)?;
    let cut = || format!("{} has more layers than are told of its images", root.path);
    Some(Contents {
        images,
        containers: books.containers(root),
        written: books.written(),
        problems: is_cut.then(cut).into_iter().collect(),
    })
}

/// The folder whose entries tell of a new index, and whose driver's it is.
pub(super) fn index_of(root: &Folder) -> Option<(Folder, &'static str)> {
    let mut drivers = DRIVERS.iter();
    drivers.find_map(|driver| {
        let folder = root.folder(&Books::of(driver).images_folder());
        Some((folder.ok()?, *driver))
    })
}

/// The word for what mounts in a store: its driver, or fuse-overlayfs for overlay's. The driver's
/// folder may be mounted on itself, so it is looked up from outside.
fn mounts_with(driver: &'static str, view: &View, root: &Folder) -> &'static str {
    let folder = view.folder(&format!("{}/{driver}", root.path));
    let noted = folder.and_then(|folder| folder.read(HAS_MOUNT_PROGRAM, 16).ok());
    if noted.as_deref() == Some(b"true") {
        "fuse-overlayfs"
    } else {
        driver
    }
}
