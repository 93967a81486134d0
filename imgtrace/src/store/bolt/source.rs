//! Bytes that can be read at any place.

use std::fs::File;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileExt as _;

/// Random access.
pub trait ReadAt {
    /// Fills `bytes` from what is at `offset`.
    ///
    /// # Errors
    /// There are fewer bytes, or the kernel refuses.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error>;
}

impl ReadAt for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        self.read_exact_at(bytes, offset)
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        let start = usize::try_from(offset).ok();
        let there = start
            .and_then(|start| self.get(start..))
            .and_then(|rest| rest.get(..bytes.len()))
            .ok_or(ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(there);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        self.as_slice().read_at(bytes, offset)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        (**self).read_at(bytes, offset)
    }
}
