//! Platforms, written in one way: `linux/amd64`, `linux/arm/v7`.

/// Bytes of one of a platform's words. The longest that Go knows has 9 (`dragonfly`).
const WORD_MOST: usize = 32;

/// The platform of an image, by what its configuration or an index says of it, written as
/// containerd writes it (`Normalize` of containerd/platforms, `database.go`): one machine has one
/// spelling. None without an architecture, or where a word is none.
pub(crate) fn platform(os: &str, architecture: &str, variant: &str) -> Option<String> {
    let [os, architecture, variant] = [os, architecture, variant].map(str::to_ascii_lowercase);
    let (architecture, variant) = match (&*architecture, &*variant) {
        ("i386", _) => ("386", String::new()),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", String::new()),
        ("x86_64" | "x86-64", _) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", String::new()),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9".to_owned()),
        ("aarch64", _) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7".to_owned()),
        ("armel", _) => ("arm", "v6".to_owned()),
        ("arm", "5" | "6" | "8") => ("arm", format!("v{variant}")),
        (architecture, _) => (architecture, variant),
    };
    // An image for no system is Linux'; Docker began with no other.
    let os = if os.is_empty() { "linux" } else { &os };
    if !is_word(os) || !is_word(architecture) {
        return None;
    }
    if variant.is_empty() {
        return Some(format!("{os}/{architecture}"));
    }
    is_word(&variant).then(|| format!("{os}/{architecture}/{variant}"))
}

fn is_word(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=WORD_MOST).contains(&text.len()) && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests;
