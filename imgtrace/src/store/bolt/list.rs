//! The entries of a large bucket, while its writer goes on.
//!
//! A look-up counts only if no transaction ended meanwhile, and while images are pulled one ends
//! every few milliseconds. So a large bucket is gone through in short parts, each of one state of
//! the file: an entry that was there all the time is listed once, and one that came or went
//! meanwhile is listed or is not.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::bucket::Entry;
use super::{Database, Error, ReadAt, tx};

/// Entries of one part: well under a millisecond.
const PART: usize = 256;
/// Entries that are listed of one bucket. A node with 2,000 images has about 20,000 blobs.
const ENTRIES_MOST: usize = 262_144;

impl<S: ReadAt> Database<S> {
    /// Hands what `take` makes of the entries of a bucket to `keep`, in the order of their keys.
    /// `take` may be called more than once for an entry, `keep` is called once. A bucket that is
    /// not there has no entries.
    ///
    /// # Errors
    /// Damage, or what `take` returns, or too many entries, or the file changes all the time. What
    /// `keep` has got until then is right.
    pub fn list<T>(
        &self,
        path: &[&[u8]],
        mut take: impl FnMut(&[u8], &Entry<'_, '_, S>) -> Result<T, Error>,
        mut keep: impl FnMut(T),
    ) -> Result<(), Error> {
        let left = Cell::new(tx::BYTES_MOST);
        let mut last: Option<Vec<u8>> = None;
        for _ in 0..ENTRIES_MOST / PART {
            let (part, reached) = self.read_within(&left, |tx| {
                let (mut part, mut reached) = (Vec::new(), None);
                if let Some(bucket) = tx.bucket(path)? {
                    bucket.each_after(last.as_deref(), |key, entry| {
                        part.push(take(key, entry)?);
                        if part.len() < PART {
                            return Ok(ControlFlow::Continue(()));
                        }
                        reached = Some(key.to_vec());
                        Ok(ControlFlow::Break(()))
                    })?;
                }
                Ok((part, reached))
            })?;
            part.into_iter().for_each(&mut keep);
            if reached.is_none() {
                return Ok(());
            }
            last = reached;
        }
        Err(Error::TooMany(ENTRIES_MOST))
    }
}
