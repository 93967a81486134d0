//! A reader of bbolt files, the key-value files of containerd and `BuildKit`.
//!
//! It reads beside a living writer, without the writer's exclusive lock, and only the pages that a
//! look-up needs. It believes nothing: sizes, page numbers and orders are checked, every walk has a
//! bound, and damage is an error. What the keys mean is not known here.
//!
//! The format is that of go.etcd.io/bbolt (`internal/common/{meta,page,bucket}.go`), in the byte
//! order of the machine that wrote it; only little-endian files are read. A page once written is
//! not written again while the newest meta page leads to it. So a look-up is whole if the newest
//! meta page is the same after it as before: a second transaction would be needed to use a page
//! again that the first one gave up.

mod bucket;
mod list;
mod meta;
mod node;
mod source;
mod tx;

use std::cell::Cell;

use thiserror::Error;

pub use bucket::{Bucket, Entry};
use meta::Meta;
pub use source::ReadAt;
pub use tx::Tx;

/// How often a look-up is begun again that a writer has overtaken. A writer syncs its file twice
/// for each transaction, which is much longer than a look-up.
const TRIES: u32 = 8;

/// A file, or the bytes of one.
#[derive(Debug)]
pub struct Database<S> {
    source: S,
}

/// Why nothing could be read.
#[derive(Debug, Error)]
pub enum Error {
    /// It has no valid meta page.
    #[error("no bolt file of version 2")]
    Foreign,
    /// A page contradicts the format or the pages that lead to it.
    #[error("page {page} is damaged: {what}")]
    Damaged {
        /// Its number.
        page: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A key or value is longer than what is read of one.
    #[error("an entry of page {page} has {length} bytes")]
    TooLong {
        /// Where it is.
        page: u64,
        /// Its length.
        length: u64,
    },
    /// The look-up has read as much as one may.
    #[error("more would have to be read than {0} bytes")]
    Exhausted(u64),
    /// A bucket has more entries than are listed of one.
    #[error("there are more than {0} entries")]
    TooMany(usize),
    /// Its writer was faster each time.
    #[error("it changed {0} times while it was read")]
    Changing(u32),
    /// The kernel refuses.
    #[error("failed to read at byte {offset}")]
    Unreadable {
        /// Where.
        offset: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl<S: ReadAt> Database<S> {
    /// A file that may be written at any time; nothing is read yet.
    pub const fn new(source: S) -> Self {
        Self { source }
    }

    /// The number of its newest transaction.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn newest(&self) -> Result<u64, Error> {
        Ok(Meta::newest(&self.source)?.txid())
    }

    /// Looks things up in one state of the file. `look` may be called several times, and what it
    /// returns counts only if the file did not change meanwhile.
    ///
    /// # Errors
    /// Damage, or what `look` returns, or the file changes all the time.
    pub fn read<T>(&self, look: impl FnMut(&Tx<'_, S>) -> Result<T, Error>) -> Result<T, Error> {
        self.read_within(&Cell::new(tx::BYTES_MOST), look)
    }

    /// The same, for a look-up that is a part of a larger one: `left` is what all of them may cost,
    /// in bytes.
    fn read_within<T>(
        &self,
        left: &Cell<u64>,
        mut look: impl FnMut(&Tx<'_, S>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 0..TRIES {
            let meta = Meta::newest(&self.source)?;
            let found = look(&Tx::new(&self.source, meta, left));
            if Meta::newest(&self.source)? == meta {
                return found;
            }
        }
        Err(Error::Changing(TRIES))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "what a test writes is small; a bench shares it"
)]
pub(crate) mod written;
