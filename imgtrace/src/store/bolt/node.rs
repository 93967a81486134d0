//! One node of a tree: a page with those that it overflows into, or a page inside of a value.

use std::borrow::Cow;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Error, ReadAt};

/// `BranchPageFlag` of bbolt's `internal/common/page.go`.
const BRANCH: u16 = 0x01;
/// `LeafPageFlag`.
const LEAF: u16 = 0x02;
/// `BucketLeafFlag`: the value is a bucket.
const BUCKET: u32 = 0x01;

/// The longest key that bbolt stores (`bucket.go MaxKeySize`).
const KEY_MOST: u64 = 32_768;
/// The longest value that is read. What imgtrace asks for are names, numbers and digests.
const VALUE_MOST: u64 = 64 * 1024;

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Header {
    page: U64,
    flags: U16,
    count: U16,
    overflow: U32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Branch {
    position: U32,
    key: U32,
    child: U64,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Leaf {
    flags: U32,
    position: U32,
    key: U32,
    value: U32,
}

const HEADER: usize = size_of::<Header>();
/// Bytes of an element, in both kinds of node.
const ELEMENT: usize = 16;
const _: () = assert!(ELEMENT == size_of::<Branch>() && ELEMENT == size_of::<Leaf>());

/// A node: its elements at hand, and its keys and values where they were not far.
#[derive(Debug)]
pub(super) struct Node {
    /// Its page, or the one that it lies in.
    page: u64,
    leaf: bool,
    count: usize,
    /// Where it begins in the file; none inside of a value.
    offset: Option<u64>,
    /// Its bytes in the file.
    length: u64,
    /// The first of them.
    bytes: Vec<u8>,
}

/// An element of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    /// Where its key begins, from the beginning of the node.
    start: u64,
    key: u64,
    value: u64,
    /// What it stands for.
    pub(super) kind: ElementKind,
}

/// What an element stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementKind {
    /// The node on this page has the keys from this one on.
    Child(u64),
    /// A value.
    Value,
    /// A value that is a bucket.
    Bucket,
}

impl Node {
    /// Reads page `page`: its first page, and its elements if they are more than that.
    pub(super) fn load(source: &impl ReadAt, page: u64, page_size: u64) -> Result<Self, Error> {
        let damaged = |what| Error::Damaged { page, what };
        let offset = page
            .checked_mul(page_size)
            .ok_or_else(|| damaged("its number is too high"))?;
        let size = usize::try_from(page_size).map_err(|_| damaged("it is too large"))?;
        let mut bytes = vec![0; size];
        read(source, &mut bytes, offset)?;
        let mut node = Self::of(page, Some(offset), bytes)?;
        let (header, _) = Header::ref_from_prefix(&node.bytes).map_err(|_| damaged("cut"))?;
        if header.page != page {
            return Err(damaged("it says that it is another"));
        }
        node.length = (u64::from(header.overflow) + 1) * page_size;
        let table = HEADER + node.count * ELEMENT;
        if table > size {
            node.bytes.resize(table, 0);
            read(source, &mut node.bytes, offset)?;
        }
        Ok(node)
    }

    /// The node inside of a bucket's value; `page` is where that value is.
    pub(super) fn inline(page: u64, bytes: Vec<u8>) -> Result<Self, Error> {
        let node = Self::of(page, None, bytes)?;
        if node.leaf {
            return Ok(node);
        }
        let what = "a bucket without pages of its own has branches";
        Err(Error::Damaged { page, what })
    }

    fn of(page: u64, offset: Option<u64>, bytes: Vec<u8>) -> Result<Self, Error> {
        let damaged = |what| Error::Damaged { page, what };
        let (header, _) = Header::ref_from_prefix(&bytes).map_err(|_| damaged("cut"))?;
        let leaf = match header.flags.get() {
            LEAF => true,
            BRANCH => false,
            _ => return Err(damaged("neither branch nor leaf")),
        };
        let count = usize::from(header.count.get());
        if !leaf && count == 0 {
            return Err(damaged("a branch without children"));
        }
        Ok(Self {
            page,
            leaf,
            count,
            offset,
            length: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            bytes,
        })
    }

    /// Its page.
    pub(super) const fn page(&self) -> u64 {
        self.page
    }

    /// True if its elements are entries, not children.
    pub(super) const fn is_leaf(&self) -> bool {
        self.leaf
    }

    /// Its elements.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Bytes that it holds in memory.
    pub(super) const fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Its element number `index`.
    pub(super) fn element(&self, index: usize) -> Result<Element, Error> {
        let at = HEADER + index * ELEMENT;
        let bytes = self.bytes.get(at..).unwrap_or_default();
        let element = if self.leaf {
            Leaf::ref_from_prefix(bytes).ok().map(|(leaf, _)| Element {
                start: u64::from(leaf.position),
                key: u64::from(leaf.key),
                value: u64::from(leaf.value),
                kind: match leaf.flags.get() & BUCKET {
                    0 => ElementKind::Value,
                    _ => ElementKind::Bucket,
                },
            })
        } else {
            Branch::ref_from_prefix(bytes)
                .ok()
                .map(|(branch, _)| Element {
                    start: u64::from(branch.position),
                    key: u64::from(branch.key),
                    value: 0,
                    kind: ElementKind::Child(branch.child.get()),
                })
        };
        let mut element = element
            .filter(|_| index < self.count)
            .ok_or(Error::Damaged {
                page: self.page,
                what: "fewer elements than it says",
            })?;
        element.start += u64::try_from(at).unwrap_or(u64::MAX);
        Ok(element)
    }

    /// An element's key.
    pub(super) fn key(
        &self,
        source: &impl ReadAt,
        element: &Element,
    ) -> Result<Cow<'_, [u8]>, Error> {
        self.range(source, element.start, element.key, KEY_MOST)
    }

    /// An element's value.
    pub(super) fn value(
        &self,
        source: &impl ReadAt,
        element: &Element,
    ) -> Result<Cow<'_, [u8]>, Error> {
        self.range(
            source,
            element.start + element.key,
            element.value,
            VALUE_MOST,
        )
    }

    fn range(
        &self,
        source: &impl ReadAt,
        start: u64,
        length: u64,
        most: u64,
    ) -> Result<Cow<'_, [u8]>, Error> {
        let page = self.page;
        if length > most {
            return Err(Error::TooLong { page, length });
        }
        let end = start + length;
        if let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end))
            && let Some(bytes) = self.bytes.get(start..end)
        {
            return Ok(Cow::Borrowed(bytes));
        }
        let (Some(offset), Ok(size)) = (self.offset, usize::try_from(length)) else {
            let what = "an entry reaches out of its bucket";
            return Err(Error::Damaged { page, what });
        };
        if end > self.length {
            let what = "an entry reaches out of it";
            return Err(Error::Damaged { page, what });
        }
        let mut bytes = vec![0; size];
        read(source, &mut bytes, offset + start)?;
        Ok(Cow::Owned(bytes))
    }
}

fn read(source: &impl ReadAt, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
    source
        .read_at(bytes, offset)
        .map_err(|source| Error::Unreadable { offset, source })
}
