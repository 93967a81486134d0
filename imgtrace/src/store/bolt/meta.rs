//! The two meta pages: where everything begins.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Error, ReadAt};

/// Bytes before a meta page's content, as before every page's.
const HEADER: u64 = 16;
/// `Magic` of bbolt's `internal/common/types.go`.
const MAGIC: u32 = 0xED0C_DAED;
/// `Version` of the same file.
const VERSION: u32 = 2;
/// The page sizes that bbolt looks for the second meta page at (`db.go getPageSizeFromSecondMeta`),
/// as powers of two: 1 KiB to 16 MiB.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 10..=24;

/// The content of a meta page.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub(super) struct Meta {
    magic: U32,
    version: U32,
    page_size: U32,
    flags: U32,
    root: U64,
    sequence: U64,
    freelist: U64,
    pages: U64,
    txid: U64,
    checksum: U64,
}

impl Meta {
    /// The valid one of the two with the higher transaction number.
    pub(super) fn newest(source: &impl ReadAt) -> Result<Self, Error> {
        let first = Self::at(source, 0).ok_or(Error::Foreign)?;
        let first = first.is_valid().then_some(first);
        // While the first one is being written its page size cannot be relied on.
        let second = first.map_or_else(
            || {
                PAGE_SIZES
                    .map(|bits| 1 << bits)
                    .find_map(|at| Self::second(source, at))
            },
            |first| Self::second(source, first.page_size()),
        );
        [first, second]
            .into_iter()
            .flatten()
            .max_by_key(|meta| meta.txid.get())
            .ok_or(Error::Foreign)
    }

    fn second(source: &impl ReadAt, page_size: u64) -> Option<Self> {
        Self::at(source, page_size).filter(|meta| meta.is_valid() && meta.page_size() == page_size)
    }

    fn at(source: &impl ReadAt, page: u64) -> Option<Self> {
        let mut meta = Self::new_zeroed();
        source.read_at(meta.as_mut_bytes(), page + HEADER).ok()?;
        Some(meta)
    }

    fn is_valid(&self) -> bool {
        let bytes = self.as_bytes();
        let summed = bytes.get(..bytes.len() - size_of::<U64>());
        let size = self.page_size.get();
        self.magic == MAGIC
            && self.version == VERSION
            && size.is_power_of_two()
            && PAGE_SIZES.contains(&size.ilog2())
            && summed.map(fnv1a) == Some(self.checksum.get())
    }

    /// Bytes of a page.
    pub(super) const fn page_size(&self) -> u64 {
        // A u32 fits; `u64::from` is not const.
        self.page_size.get() as u64
    }

    /// The page that the bucket of all buckets begins with.
    pub(super) const fn root(&self) -> u64 {
        self.root.get()
    }

    /// One more than the highest page number in use.
    pub(super) const fn pages(&self) -> u64 {
        self.pages.get()
    }

    /// The transaction that wrote it.
    pub(super) const fn txid(&self) -> u64 {
        self.txid.get()
    }
}

/// FNV-1a of 64 bits, with which a meta page is summed (`Meta.Sum64`).
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
