//! Reads the iterator over all open files: listeners, and the ends of watched connections.

use std::{fs::File, io::Read as _};

use imgtrace_common::SocketRow;
use zerocopy::FromBytes as _;

/// Rows are read in pieces of this size: small first reads have been seen to drop rows.
const READ_BYTES: usize = 1 << 20;
/// More rows than this are not read in one go: 40 MiB.
const ROWS_MAX: usize = 200_000;

/// What one run of the iterator told.
#[derive(Debug)]
pub struct Sockets {
    /// The rows.
    pub rows: Vec<SocketRow>,
    /// False if there were more: what is not among the rows is not known to be gone.
    pub complete: bool,
}

/// Reads one run of the iterator.
///
/// # Errors
///
/// If reading fails half way.
pub(super) fn read(mut iterator: File) -> std::io::Result<Sockets> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; READ_BYTES];
    let mut complete = false;
    while bytes.len() < ROWS_MAX * size_of::<SocketRow>() {
        match iterator.read(&mut piece) {
            Ok(0) => {
                complete = true;
                break;
            }
            Ok(read) => bytes.extend_from_slice(piece.get(..read).unwrap_or_default()),
            // The kernel asks to come again when a row did not fit or a task went away.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::AGAIN.raw_os_error()) => {
            }
            Err(error) => return Err(error),
        }
    }
    let rows = bytes
        .chunks_exact(size_of::<SocketRow>())
        .filter_map(|row| SocketRow::read_from_bytes(row).ok())
        .collect();
    Ok(Sockets { rows, complete })
}
