//! A look-up in one state of a file, and what it may cost.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::bucket::Bucket;
use super::meta::Meta;
use super::node::Node;
use super::{Error, ReadAt};

/// Bytes that one look-up may walk over, all its tries together. The metadata of a node with
/// thousands of images are tens of megabytes.
pub(super) const BYTES_MOST: u64 = 256 * 1024 * 1024;
/// Nodes that are kept for the rest of a look-up: the upper levels of every tree.
const KEPT_MOST: usize = 256;
/// A node of more bytes is not kept.
const KEPT_BYTES_MOST: usize = 64 * 1024;

/// One state of a file.
#[derive(Debug)]
pub struct Tx<'s, S> {
    source: &'s S,
    meta: Meta,
    kept: RefCell<BTreeMap<u64, Rc<Node>>>,
    left: &'s Cell<u64>,
}

impl<'s, S: ReadAt> Tx<'s, S> {
    /// `left` is what it may cost, in bytes.
    pub(super) const fn new(source: &'s S, meta: Meta, left: &'s Cell<u64>) -> Self {
        Self {
            source,
            meta,
            kept: RefCell::new(BTreeMap::new()),
            left,
        }
    }

    /// The number of the transaction that left this state.
    pub const fn number(&self) -> u64 {
        self.meta.txid()
    }

    /// A bucket by the names on the way to it; none if one of them is no bucket.
    ///
    /// # Errors
    /// Damage.
    pub fn bucket(&self, path: &[&[u8]]) -> Result<Option<Bucket<'_, 's, S>>, Error> {
        let mut bucket = Bucket::on_page(self, self.meta.root());
        for name in path {
            match bucket.bucket(name)? {
                Some(inner) => bucket = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(bucket))
    }

    pub(super) const fn source(&self) -> &'s S {
        self.source
    }

    /// The node on a page.
    pub(super) fn node(&self, page: u64) -> Result<Rc<Node>, Error> {
        // The first two pages are the meta pages.
        if page < 2 || page >= self.meta.pages() {
            let what = "there is no such page";
            return Err(Error::Damaged { page, what });
        }
        let kept = self.kept.borrow().get(&page).cloned();
        let node = match kept {
            Some(node) => node,
            None => Rc::new(Node::load(self.source, page, self.meta.page_size())?),
        };
        self.spend(node.held())?;
        if node.held() <= KEPT_BYTES_MOST {
            let mut kept = self.kept.borrow_mut();
            if kept.len() >= KEPT_MOST {
                kept.clear();
            }
            kept.insert(page, Rc::clone(&node));
        }
        Ok(node)
    }

    /// Counts bytes against what the look-up may cost.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        let left = u64::try_from(bytes)
            .ok()
            .and_then(|bytes| self.left.get().checked_sub(bytes))
            .ok_or(Error::Exhausted(BYTES_MOST))?;
        self.left.set(left);
        Ok(())
    }
}
