//! Messages that are compressed: gzip, the only way that gRPC's implementations offer by default.
//!
//! It goes by the bytes and not by `grpc-encoding`, whose value may stand in an entry of the table
//! that was never seen.

#[cfg(test)]
mod tests;

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;

use crate::decode::gather::MESSAGE_LIMIT;

/// A message that was decompressed, or its beginning.
pub(super) struct Inflated {
    pub(super) bytes: Bytes,
    /// True if nothing of it is missing.
    pub(super) whole: bool,
    /// True if what was compressed is not gzip, or ends too early or wrongly.
    pub(super) broken: bool,
}

/// Decompresses as much as is kept of a message and not a byte more, so that one that unfolds to
/// gigabytes costs no more than any other.
pub(super) fn inflate(compressed: &[u8]) -> Inflated {
    let mut bytes = Vec::new();
    let most = MESSAGE_LIMIT as u64 + 1;
    let read = GzDecoder::new(compressed)
        .take(most)
        .read_to_end(&mut bytes);
    let is_cut = bytes.len() > MESSAGE_LIMIT;
    bytes.truncate(MESSAGE_LIMIT);
    Inflated {
        bytes: bytes.into(),
        whole: read.is_ok() && !is_cut,
        broken: read.is_err(),
    }
}
