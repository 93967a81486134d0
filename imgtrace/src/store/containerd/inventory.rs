//! The images of containerd's stores: of each namespace in each snapshotter, also where dockerd or
//! `BuildKit` keeps them there.
//!
//! containerd's books name the images, the blobs that a namespace has and its snapshots; the blobs
//! themselves say the rest, and the snapshotter's books how much a layer takes. What is shared is
//! told of each store that has it: a blob lies once in the content store, but only a namespace in
//! whose books it is has it.

mod blobs;
mod books;
mod document;
mod image;
mod snapshotter;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash as _, Hasher as _};

use self::blobs::Blobs;
use self::books::{Books, Snapshot, Space};
use self::image::{Reader, Unpacked};
use super::{Error, task};
use crate::model::{DigestKind, Store, StoreKind, StoredImage, Variant};
use crate::store::problems::Problems;
use crate::store::{Contents, Edition, Folder, ReadError};

/// The snapshotter that containerd takes where none is asked for (`defaults/defaults_linux.go`).
const SNAPSHOTTER: &str = "overlayfs";
/// What dockerd calls an image without a name, before its digest (`danglingImageName` of moby's
/// `daemon/containerd`).
const DANGLING: &str = "moby-dangling@";
/// What changes with everything that containerd writes down, below its root folder.
pub(in crate::store) const BOOK: &str = "io.containerd.metadata.v1.bolt/meta.db";
/// Names of one image that are told.
const NAMES_MOST: usize = 64;

/// The stores below containerd's root folder: one for each namespace that has images or snapshots,
/// and for each snapshotter in which it has any.
///
/// Where the books are there but cannot be read it is one store of no namespace, whose
/// [`contents`] say why.
pub fn stores(root: &Folder) -> Vec<Store> {
    let Ok((device, inode)) = root.identity() else {
        return Vec::new();
    };
    let store = |namespace: Option<String>, driver: &str| Store {
        kind: StoreKind::Containerd,
        root: root.path.clone(),
        device,
        inode,
        driver: driver.to_owned(),
        namespace,
    };
    let spaces = Books::open(root).and_then(|books| books.spaces());
    let spaces = match spaces {
        Ok(spaces) => spaces,
        Err(Error::File(ReadError::Missing(_))) => return Vec::new(),
        Err(_) => return vec![store(None, SNAPSHOTTER)],
    };
    let usual = usual_snapshotter(&spaces);
    let mut stores = Vec::new();
    for space in &spaces {
        let here = Some(space.name.clone());
        if space.snapshotters.is_empty() && space.has_images {
            stores.push(store(here.clone(), usual));
        }
        let drivers = space.snapshotters.iter();
        stores.extend(drivers.map(|driver| store(here.clone(), driver)));
    }
    stores
}

/// That which most namespaces have snapshots in: it stands for those that have none.
fn usual_snapshotter(spaces: &[Space]) -> &str {
    let mut used = BTreeMap::new();
    for name in spaces.iter().flat_map(|space| &space.snapshotters) {
        *used.entry(name.as_str()).or_insert(0) += 1;
    }
    let most = used.into_iter().max_by_key(|(_, used)| *used);
    most.map_or(SNAPSHOTTER, |(name, _)| name)
}

/// The images of one of [`stores`]. One that is unpacked in no snapshotter is where its namespace
/// has most layers.
pub fn contents(root: &Folder, store: &Store) -> Contents {
    let mut problems = Problems::default();
    let read = Books::open(root).and_then(|books| match store.namespace.as_deref() {
        Some(namespace) => {
            let contents = Contents::default();
            let mut inventory = Inventory {
                root,
                books,
                namespace,
                contents,
                problems: &mut problems,
            };
            inventory.list(&store.driver);
            Ok(inventory.contents)
        }
        None => books.spaces().map(|_| Contents::default()),
    });
    let contents = read.unwrap_or_else(|error| {
        problems.say(error.sentence());
        Contents::default()
    });
    Contents {
        problems: problems.into_sentences(),
        ..contents
    }
}

/// What one of [`stores`] lists, as a number: over the names of its images and what they stand for,
/// its blobs, and its snapshots.
///
/// `meta.db` is written at every lease and every blob that comes, so its transactions' numbers
/// would not do. All the same nothing has changed while the file has not: this is worth asking only
/// when it has.
pub fn edition(root: &Folder, store: &Store) -> Option<Edition> {
    let namespace = store.namespace.as_deref()?;
    let books = Books::open(root).ok()?;
    let mut hasher = DefaultHasher::new();
    let images = books.images(namespace, |named| {
        let state = named.map(|named| (named.name, named.digest, named.written));
        state.hash(&mut hasher);
    });
    images.ok()?;
    let none = HashSet::new();
    let blobs = books.blobs(namespace, &none, |blob| blob.digest.hash(&mut hasher));
    blobs.ok()?;
    let layers = books.snapshots(namespace, &store.driver, |snapshot| {
        if let Snapshot::Layer(chain_id) = snapshot {
            chain_id.hash(&mut hasher);
        }
    });
    layers.ok()?;
    Some(Edition(hasher.finish()))
}

/// A store's contents as they come together.
struct Inventory<'a> {
    root: &'a Folder,
    books: Books,
    namespace: &'a str,
    contents: Contents,
    problems: &'a mut Problems,
}

/// All names of one content.
#[derive(Debug, Default)]
struct Group {
    kind: Option<DigestKind>,
    names: Vec<String>,
    stored: Option<u64>,
}

/// Where layers are unpacked that are not unpacked in the snapshotter that is asked about.
#[derive(Debug, Default)]
struct Elsewhere {
    layers: HashSet<String>,
    /// True if another snapshotter has more layers.
    is_larger: bool,
}

impl Inventory<'_> {
    fn list(&mut self, driver: &str) {
        let groups = self.groups();
        let (owned, fetched) = self.blobs(&groups);
        let (unpacked, containers) = self.snapshots(driver);
        let elsewhere = self.elsewhere(driver, unpacked.len());
        let mut reader = Reader {
            blobs: Blobs::new(self.root, owned),
            unpacked: &unpacked,
        };
        for (digest, group) in groups {
            let parts = reader.parts(&digest, self.problems);
            if elsewhere.has(&parts.variants, &unpacked) {
                continue;
            }
            self.contents.images.push(StoredImage {
                digest_kind: parts.kind.or(group.kind),
                names: group.names,
                variants: parts.variants,
                created: parts.created,
                stored: group.stored,
                came_packed: Some(fetched.contains(&digest)),
                digest: Some(digest.clone()),
                id: digest,
            });
        }
        self.count(driver, containers);
    }

    /// The images' names, by what they stand for. A name that is an id is CRI's own for what has
    /// other names too, and one that begins with [`DANGLING`] is dockerd's for what has none.
    fn groups(&mut self) -> BTreeMap<String, Group> {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        let (contents, problems) = (&mut self.contents, &mut *self.problems);
        let ended = self.books.images(self.namespace, |named| {
            let named = match named {
                Ok(named) => named,
                Err(problem) => return problems.say(problem),
            };
            let group = groups.entry(named.digest).or_default();
            group.kind = group.kind.or(Some(named.kind));
            group.stored = group.stored.max(named.written);
            contents.written = contents.written.max(named.written);
            if !named.name.starts_with(DANGLING) && group.names.len() < NAMES_MOST {
                group.names.extend(task::named(&named.name));
            }
        });
        self.note(ended);
        groups
    }

    /// The blobs of the namespace, and which of the images' own were fetched.
    fn blobs(&mut self, groups: &BTreeMap<String, Group>) -> (HashSet<String>, HashSet<String>) {
        let targets: HashSet<&str> = groups.keys().map(String::as_str).collect();
        let (mut owned, mut fetched) = (HashSet::new(), HashSet::new());
        let ended = self.books.blobs(self.namespace, &targets, |blob| {
            if blob.is_fetched {
                fetched.insert(blob.digest.clone());
            }
            owned.insert(blob.digest);
        });
        self.note(ended);
        (owned, fetched)
    }

    /// The layers in the snapshotter. What containerd does not know any more is not there, though
    /// the snapshotter may still have to throw it away. With it the containers that have their root
    /// there: dockerd's have no other record in containerd unless they run.
    fn snapshots(&mut self, driver: &str) -> (Unpacked, HashSet<String>) {
        let (mut unpacked, mut containers) = (Unpacked::new(), HashSet::new());
        let listed = self
            .books
            .snapshots(self.namespace, driver, |snapshot| match snapshot {
                Snapshot::Layer(chain_id) => drop(unpacked.insert(chain_id, None)),
                Snapshot::Container(id) => drop(containers.insert(id)),
            });
        self.note(listed);
        if !unpacked.is_empty() {
            let sizes = snapshotter::sizes(self.root, driver, self.namespace, |layer, bytes| {
                if let Some(size) = unpacked.get_mut(&layer) {
                    *size = Some(bytes);
                }
            });
            self.note(sizes);
        }
        (unpacked, containers)
    }

    /// The layers in the namespace's other snapshotters, of which there are hardly ever any. `here`
    /// is how many there are in this one.
    fn elsewhere(&mut self, driver: &str, here: usize) -> Elsewhere {
        let mut elsewhere = Elsewhere::default();
        let space = match self.books.space(self.namespace) {
            Ok(space) => space,
            Err(error) => {
                self.problems.say(error.sentence());
                return elsewhere;
            }
        };
        for other in space.snapshotters.iter().filter(|other| *other != driver) {
            let mut there = 0;
            let listed = self.books.snapshots(self.namespace, other, |snapshot| {
                if let Snapshot::Layer(chain_id) = snapshot {
                    there += 1;
                    elsewhere.layers.insert(chain_id);
                }
            });
            self.note(listed);
            // Of two that have as many it is the first.
            let is_first = other.as_str() < driver;
            elsewhere.is_larger |= there > here || (there == here && is_first);
        }
        elsewhere
    }

    /// Counts the containers, those in `ids` and those that containerd knows, and takes in when one
    /// of these was made or changed.
    fn count(&mut self, driver: &str, mut ids: HashSet<String>) {
        let contents = &mut self.contents;
        let listed = self
            .books
            .containers(self.namespace, driver, |id, written| {
                contents.written = contents.written.max(written);
                ids.insert(id);
            });
        if listed.is_ok() {
            contents.containers = u64::try_from(ids.len()).ok();
        }
        self.note(listed);
        if self.contents.written.is_none() {
            self.contents.written = self.books.written();
        }
    }

    fn note(&mut self, ended: Result<(), Error>) {
        if let Err(error) = ended {
            self.problems.say(error.sentence());
        }
    }
}

impl Elsewhere {
    /// True if an image belongs to another snapshotter: it is unpacked there and not here, or
    /// nowhere, and the other has more.
    fn has(&self, variants: &[Variant], here: &Unpacked) -> bool {
        let mut layers = variants.iter().flat_map(|variant| &variant.layers);
        let mut elsewhere = false;
        let is_here = layers.any(|layer| {
            elsewhere |= self.layers.contains(&layer.chain_id);
            here.contains_key(&layer.chain_id)
        });
        !is_here && (elsewhere || self.is_larger)
    }
}

#[cfg(test)]
mod tests;
