//! Stores and images for stories.

use super::{Scene, id, key};
use crate::model::{
    DigestKind, Listing, MountId, Role, Rootfs, RootfsIdentity, Runtime, Store, StoreId, StoreKind,
    StoreUser, StoredImage, StoredLayer, Variant,
};
use crate::observation::Observation;

/// A megabyte.
pub(crate) const MB: u64 = 1_000_000;

/// `sha256:` and 64 digits that begin so.
pub(crate) fn sha(digits: &str) -> String {
    format!("sha256:{}", id(digits))
}

/// dockerd's own store at a root; its inode is its number.
pub(crate) fn docker_store(number: u32, root: &str) -> Store {
    Store {
        kind: StoreKind::Docker,
        root: root.to_owned(),
        device: 1,
        inode: u64::from(number),
        driver: "overlay2".to_owned(),
        namespace: None,
    }
}

/// A namespace of the containerd whose root has this inode.
pub(crate) fn containerd_store(inode: u64, root: &str, namespace: &str) -> Store {
    Store {
        kind: StoreKind::Containerd,
        root: root.to_owned(),
        device: 1,
        inode,
        driver: "overlayfs".to_owned(),
        namespace: Some(namespace.to_owned()),
    }
}

/// An image of these layers (digits of the chain id, bytes unpacked), not packed: as in dockerd's
/// own store. Its configuration's digest and that of its manifest begin with `digits`.
pub(crate) fn stored(name: &str, digits: &str, layers: &[(&str, u64)]) -> StoredImage {
    let layer = |&(chain, bytes): &(&str, u64)| StoredLayer {
        chain_id: sha(chain),
        unpacked: Some(bytes),
        ..StoredLayer::default()
    };
    StoredImage {
        id: sha(&format!("c0{digits}")),
        names: vec![name.to_owned()],
        digest: Some(sha(&format!("d0{digits}"))),
        digest_kind: Some(DigestKind::Unknown),
        variants: vec![Variant {
            platform: Some("linux/amd64".to_owned()),
            manifest: None,
            config: Some(sha(&format!("c0{digits}"))),
            layers: layers.iter().map(layer).collect(),
        }],
        ..StoredImage::default()
    }
}

/// The same image as containerd keeps it: known by its manifest, with archives of half the size.
pub(crate) fn packed(image: &StoredImage) -> StoredImage {
    let mut image = image.clone();
    image.id = image.digest.clone().unwrap();
    for variant in &mut image.variants {
        variant.manifest.clone_from(&image.digest);
        for layer in &mut variant.layers {
            layer.blob = Some(layer.chain_id.replace("sha256:", "sha256:b"));
            layer.packed = layer.unpacked.map(|bytes| bytes / 2);
        }
    }
    image
}

impl Scene {
    /// A store is found that the daemons with these pids use.
    pub(crate) fn store(&mut self, number: u32, store: Store, users: &[u32]) {
        let user = |pid: &u32| StoreUser {
            process: key(*pid),
            evidence: "its command line says so".to_owned(),
        };
        self.see(Observation::Store {
            id: StoreId(number),
            store,
            users: users.iter().map(user).collect(),
        });
    }

    /// An image that was there before imgtrace.
    pub(crate) fn has(&mut self, store: u32, image: &StoredImage) {
        self.appeared(store, image, true);
    }

    /// An image that comes.
    pub(crate) fn gets(&mut self, store: u32, image: &StoredImage) {
        self.appeared(store, image, false);
    }

    fn appeared(&mut self, store: u32, image: &StoredImage, already: bool) {
        self.see(Observation::ImageAppeared {
            store: StoreId(store),
            image: image.clone(),
            renamed: false,
            already,
            writer: None,
        });
    }

    /// An image goes.
    pub(crate) fn loses(&mut self, store: u32, image: &StoredImage) {
        self.see(Observation::ImageVanished {
            store: StoreId(store),
            image: image.clone(),
            writer: None,
        });
    }

    /// A store's books have been read to the end.
    pub(crate) fn listed(&mut self, store: u32, listing: Listing) {
        self.see(Observation::StoreListed {
            store: StoreId(store),
            listing,
        });
    }

    /// The first round is over.
    pub(crate) fn inventoried(&mut self) {
        self.see(Observation::Inventoried);
    }

    /// A container's root file system, there before imgtrace, from a store.
    pub(crate) fn mounted_from(&mut self, store: u32, runtime: Runtime, digits: &str, of: &str) {
        let rootfs = Rootfs {
            mount: MountId(u64::from(store) * 1_000 + self.millis),
            path: format!("/var/lib/{}/{digits}/merged", runtime.as_str()),
            host_path: None,
            mount_ns: 1,
            store: Some(StoreId(store)),
            identity: RootfsIdentity {
                container: Some(id(digits)),
                image: Some(of.to_owned()),
                ..RootfsIdentity::new(runtime, Role::Container, "overlay")
            },
        };
        self.see(Observation::Mounted {
            rootfs,
            mounter: None,
            already: true,
        });
    }
}
