//! A bucket: a tree of sorted keys.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

use zerocopy::FromBytes as _;
use zerocopy::little_endian::U64;

use super::node::{Element, ElementKind, Node};
use super::tx::Tx;
use super::{Error, ReadAt};

/// Levels of a tree. A branch has two children or more, so no file needs as many.
const LEVELS_MOST: usize = 32;
/// Bytes that the visit of an entry counts for, besides its own: it takes as long.
const ENTRY: usize = 64;
/// Bytes before the node in a bucket's value (`InBucket` of bbolt's `internal/common/bucket.go`):
/// the page of its root, 0 if it follows here, and its sequence number.
const HEADER: usize = 16;

/// A bucket in one state of its file.
#[derive(Debug)]
pub struct Bucket<'t, 's, S> {
    tx: &'t Tx<'s, S>,
    root: Root,
}

#[derive(Debug)]
enum Root {
    Page(u64),
    Inline(Rc<Node>),
}

/// An entry of a bucket.
#[derive(Debug)]
pub struct Entry<'t, 's, S> {
    tx: &'t Tx<'s, S>,
    node: Rc<Node>,
    element: Element,
}

impl<'t, 's, S: ReadAt> Bucket<'t, 's, S> {
    pub(super) const fn on_page(tx: &'t Tx<'s, S>, page: u64) -> Self {
        Self {
            tx,
            root: Root::Page(page),
        }
    }

    /// The value of a key; none if there is none or it is a bucket.
    ///
    /// # Errors
    /// Damage, or a value that is too long.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match self.find(key)? {
            Some(entry) if !entry.is_bucket() => Ok(Some(entry.value()?.into_owned())),
            _ => Ok(None),
        }
    }

    /// The bucket of a name; none if there is none.
    ///
    /// # Errors
    /// Damage.
    pub fn bucket(&self, name: &[u8]) -> Result<Option<Self>, Error> {
        match self.find(name)? {
            Some(entry) => entry.bucket(),
            None => Ok(None),
        }
    }

    /// Shows the entries in the order of their keys, until `visit` breaks.
    ///
    /// # Errors
    /// Damage, or what `visit` returns.
    pub fn each(
        &self,
        visit: impl FnMut(&[u8], &Entry<'t, 's, S>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        self.each_after(None, visit)
    }

    /// The same, of the entries whose keys are greater than `after`.
    ///
    /// # Errors
    /// As [`each`](Self::each).
    pub(super) fn each_after(
        &self,
        after: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &Entry<'t, 's, S>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        let mut last = after.map(<[u8]>::to_vec);
        self.walk(&self.root()?, LEVELS_MOST, after, &mut last, &mut visit)
            .map(drop)
    }

    fn root(&self) -> Result<Rc<Node>, Error> {
        match &self.root {
            Root::Page(page) => self.tx.node(*page),
            Root::Inline(node) => Ok(Rc::clone(node)),
        }
    }

    fn find(&self, key: &[u8]) -> Result<Option<Entry<'t, 's, S>>, Error> {
        let mut node = self.root()?;
        for _ in 0..LEVELS_MOST {
            let (index, exact) = self.search(&node, key)?;
            if node.is_leaf() {
                if !exact {
                    return Ok(None);
                }
                let element = node.element(index)?;
                let tx = self.tx;
                return Ok(Some(Entry { tx, node, element }));
            }
            node = self.child(&node, holder(index, exact))?;
        }
        Err(too_deep(&node))
    }

    /// The first element whose key is not less than `key`, and whether it is that key.
    fn search(&self, node: &Node, key: &[u8]) -> Result<(usize, bool), Error> {
        let (mut low, mut high) = (0, node.count());
        let mut exact = false;
        while low < high {
            let middle = low.midpoint(high);
            let found = node.key(self.tx.source(), &node.element(middle)?)?;
            self.tx.spend(found.len())?;
            match (*found).cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                order => {
                    exact = order.is_eq();
                    high = middle;
                }
            }
        }
        Ok((low, exact))
    }

    fn child(&self, node: &Node, index: usize) -> Result<Rc<Node>, Error> {
        match node.element(index)?.kind {
            ElementKind::Child(page) => self.tx.node(page),
            ElementKind::Value | ElementKind::Bucket => Err(too_deep(node)),
        }
    }

    /// Visits what has a greater key than `after`. Keys that do not rise show that a page is reached
    /// twice, or is not of this tree.
    fn walk(
        &self,
        node: &Rc<Node>,
        levels: usize,
        after: Option<&[u8]>,
        last: &mut Option<Vec<u8>>,
        visit: &mut impl FnMut(&[u8], &Entry<'t, 's, S>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<ControlFlow<()>, Error> {
        let levels = levels.checked_sub(1).ok_or_else(|| too_deep(node))?;
        let first = match after {
            None => 0,
            Some(after) => {
                let (index, exact) = self.search(node, after)?;
                if node.is_leaf() {
                    index + usize::from(exact)
                } else {
                    holder(index, exact)
                }
            }
        };
        for index in first..node.count() {
            if !node.is_leaf() {
                let child = self.child(node, index)?;
                let after = after.filter(|_| index == first);
                if self.walk(&child, levels, after, last, visit)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                continue;
            }
            let element = node.element(index)?;
            let entry = Entry {
                tx: self.tx,
                node: Rc::clone(node),
                element,
            };
            let key = node.key(self.tx.source(), &element)?;
            self.tx.spend(key.len() + ENTRY)?;
            if last.as_deref().is_some_and(|last| last >= &*key) {
                let (page, what) = (node.page(), "its keys do not rise");
                return Err(Error::Damaged { page, what });
            }
            if visit(&key, &entry)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            *last = Some(key.into_owned());
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<'t, 's, S: ReadAt> Entry<'t, 's, S> {
    /// True if it is a bucket.
    pub fn is_bucket(&self) -> bool {
        self.element.kind == ElementKind::Bucket
    }

    /// Its value; a bucket's is of no use.
    ///
    /// # Errors
    /// Damage, or it is too long.
    pub fn value(&self) -> Result<Cow<'_, [u8]>, Error> {
        let value = self.node.value(self.tx.source(), &self.element)?;
        self.tx.spend(value.len())?;
        Ok(value)
    }

    /// The bucket that it is; none if it is a value.
    ///
    /// # Errors
    /// Damage.
    pub fn bucket(&self) -> Result<Option<Bucket<'t, 's, S>>, Error> {
        if !self.is_bucket() {
            return Ok(None);
        }
        let value = self.value()?;
        let page = self.node.page();
        let cut = Error::Damaged {
            page,
            what: "a bucket is cut",
        };
        let (Ok((root, _)), Some(inline)) = (U64::read_from_prefix(&value), value.get(HEADER..))
        else {
            return Err(cut);
        };
        let root = match root.get() {
            0 => Root::Inline(Rc::new(Node::inline(page, inline.to_vec())?)),
            page => Root::Page(page),
        };
        Ok(Some(Bucket { tx: self.tx, root }))
    }
}

/// The child of a branch that a key is in, by the first child whose own key is not less, and whether
/// that is the key: a child has the keys from its own on, up to the next child's.
const fn holder(index: usize, exact: bool) -> usize {
    if exact {
        index
    } else {
        index.saturating_sub(1)
    }
}

fn too_deep(node: &Node) -> Error {
    Error::Damaged {
        page: node.page(),
        what: "its tree is too deep",
    }
}
