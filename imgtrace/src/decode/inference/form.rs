//! The forms of ids, digests and image names.

/// Digits of an id as containerd's CRI, CRI-O and Docker make them (`sha256` of random bytes).
const ID: usize = 64;

/// The longest image name that is believed (distribution's reference: 255 for the name, 128 for the
/// tag, 71 for the digest, and what separates them).
const IMAGE_NAME: usize = 512;

/// True for 64 hex digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == ID && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// True for `sha256:` and 64 hex digits.
pub(super) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_id)
}

/// True for the id of an image: a digest, or its hex digits alone as CRI-O gives them.
pub(super) fn is_image_id(text: &str) -> bool {
    is_digest(text) || is_id(text)
}

/// True for what a pull gives: an image's id, or its name with a digest.
pub(super) fn is_image_ref(text: &str) -> bool {
    is_image_id(text)
        || text
            .split_once('@')
            .is_some_and(|(name, digest)| is_image_name(name) && is_digest(digest))
}

/// True for what may name an image: a reference, an id.
pub(super) fn is_image_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
    text.len() <= IMAGE_NAME
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(plain)
}
