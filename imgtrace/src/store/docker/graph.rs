//! A data root with a graph driver: from the driver's folder to the container.
//!
//! `<driver>/<folder>/merged` → `image/<driver>/layerdb/mounts/<container>/{mount-id,parent}` →
//! `image/<driver>/layerdb/sha256/<chain>` and `containers/<container>`.

use super::Index;
use super::describe::Description;
use super::id::Id;
use super::names::Names;
use crate::model::{DigestKind, Reference, Role, RootfsIdentity, Runtime, Store, StoreKind};
use crate::store::{Folder, ReadError, View};

/// Bytes of a `parent`: 71, and some for a line end.
const PARENT_MOST: u64 = 80;

/// The folders of such a data root.
#[derive(Debug)]
pub(super) struct Graph {
    /// The data root itself.
    root: Folder,
    /// `image/<driver>`.
    image: Folder,
    /// `image/<driver>/layerdb`.
    layerdb: Folder,
    pub(super) store: Store,
}

impl Graph {
    /// Opens a data root; none if it is none, or none with this driver.
    pub(super) fn open(view: &View, root: &str, driver: &str) -> Option<Self> {
        let root = view.folder(root)?;
        let image = root.folder(&format!("image/{driver}")).ok()?;
        let layerdb = image.folder("layerdb").ok()?;
        let store = store(&root, driver)?;
        Some(Self {
            root,
            image,
            layerdb,
            store,
        })
    }

    /// Says what the root file system in the driver's `folder` is of; none if it is of nothing
    /// that lives on: dockerd mounts an image's layer too, to compare or to pack it.
    pub(super) fn identify(&self, index: &mut Index, folder: Id) -> Option<RootfsIdentity> {
        let mounts = self.layerdb.folder("mounts").ok()?;
        let owner = index.owners.find(&mounts, folder).ok()??;
        let driver = &self.store.driver;
        let mut identity = RootfsIdentity::new(Runtime::Docker, Role::Container, driver);
        let container = owner.to_string();
        self.lay(&mut identity, index, &mounts, &container);
        let own = self.root.folder(&format!("containers/{container}")).ok();
        let written = own.as_ref().and_then(Description::read);
        if written.is_none() && is_build(&mounts, &container) {
            identity.role = Role::Build;
            let evidence = "the folder was made for no container: a build copies into it";
            identity.evidence.push(evidence.to_owned());
        } else {
            let evidence = "layerdb/mounts names the container";
            identity.evidence.push(evidence.to_owned());
            identity.container = Some(container);
            self.describe(&mut identity, written);
        }
        Some(identity)
    }

    /// The layers below.
    fn lay(
        &self,
        identity: &mut RootfsIdentity,
        index: &mut Index,
        mounts: &Folder,
        container: &str,
    ) {
        let parent = mounts.read(&format!("{container}/parent"), PARENT_MOST);
        let chain = match parent.as_deref().map(Id::parse_digest) {
            Ok(Some(chain)) => chain,
            // FROM scratch.
            Err(ReadError::Missing(_)) => return,
            _ => {
                let evidence = "its parent file cannot be read";
                identity.evidence.push(evidence.to_owned());
                return;
            }
        };
        identity.chain_id = Some(format!("sha256:{chain}"));
        let layers = self.layerdb.folder("sha256").ok();
        if let Some(extent) = layers.and_then(|layers| index.chains.extent(&layers, chain)) {
            identity.layers = Some(extent.layers);
            identity.bytes = extent.bytes;
        } else {
            let evidence = "its layers are not all in layerdb";
            identity.evidence.push(evidence.to_owned());
        }
    }

    fn describe(&self, identity: &mut RootfsIdentity, written: Option<Description>) {
        let Some(written) = written else {
            let evidence = "its config.v2.json is not there, or not yet";
            identity.evidence.push(evidence.to_owned());
            return;
        };
        written.tell(identity);
        if identity.digest.is_some() {
            identity.digest_kind = Some(DigestKind::Config);
        }
        if identity.image.is_none()
            && identity.role != Role::Build
            && let Some(id) = &identity.digest
        {
            identity.image = self.name(id);
            if identity.image.is_some() {
                let evidence = "it was asked for by image id; repositories.json names that image";
                identity.evidence.push(evidence.to_owned());
            }
        }
    }

    /// A name of the image with this id, the first one with a tag, else one with a digest.
    fn name(&self, id: &str) -> Option<String> {
        let names = Names::read(&self.image).ok()?;
        let its = names.of(Id::parse_digest(id.as_bytes())?);
        its.first().map(Reference::to_string)
    }
}

/// The store of a data root's driver; none if the root cannot be looked at.
pub(super) fn store(root: &Folder, driver: &str) -> Option<Store> {
    let (device, inode) = root.identity().ok()?;
    Some(Store {
        kind: StoreKind::Docker,
        root: root.path.clone(),
        device,
        inode,
        driver: driver.to_owned(),
        namespace: None,
    })
}

/// Whether a folder's owner is no container: containers have an init layer (`CreateLayer` of
/// `daemon/images/service.go`), what the classic builder copies into has none
/// (`daemon/images/image_builder.go`).
fn is_build(mounts: &Folder, owner: &str) -> bool {
    let init = mounts.file(&format!("{owner}/init-id"));
    matches!(init, Err(ReadError::Missing(_)))
}
