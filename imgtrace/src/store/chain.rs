//! Chain ids: what a layer and all layers below it are called together.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::model::image_id;

/// The chain id of a layer, from that of the layer below it, if there is one, and its own diff id,
/// the digest of its archive unpacked (OCI image specification, `config.md`, "Layer `ChainID`"):
/// the lowest's is its diff id, each further one is the digest of the one below it, a space and its
/// own diff id. None if the diff id is no `sha256:…`.
pub(crate) fn chain_id(below: Option<&str>, diff_id: &str) -> Option<String> {
    let diff_id = image_id(diff_id).filter(|_| diff_id.starts_with("sha256:"))?;
    Some(match below {
        None => diff_id,
        Some(below) => digest(format!("{below} {diff_id}").as_bytes()),
    })
}

/// `sha256:…` of these bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut name = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests;
