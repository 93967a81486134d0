//! Image references: their grammar, and the one way to write each of them.
//!
//! The rules are those of github.com/distribution/reference (`regexp.go`, `normalize.go`), which
//! Docker, containerd and Podman share. It knows no registry and no store: what a short id stands
//! for, or whether a name exists, is not asked here.

use std::fmt;

#[cfg(test)]
mod tests;

/// Docker Hub, the registry of names that have none.
const HUB: &str = "docker.io";
/// What Docker Hub was called first; still accepted.
const LEGACY_HUB: &str = "index.docker.io";
/// Where Docker Hub keeps its official images.
const OFFICIAL: &str = "library/";
/// Registry of names that Podman and Buildah give to what they make themselves.
const LOCALHOST: &str = "localhost";
/// `RepositoryNameTotalLengthMax`: bytes of a path.
const MAX_PATH: usize = 255;
/// Longest name of a host (RFC 1035 section 2.3.4: 255 octets on the wire). The specification has no
/// bound, and no registry has a longer one.
const MAX_HOST: usize = 253;
/// Most digits of a port.
const MAX_PORT: usize = 5;
/// Bytes of a tag.
const MAX_TAG: usize = 128;
/// The length in which the runtimes print an image's id.
const SHORT_ID: usize = 12;

/// A parsed and normalised reference; `Display` writes it out in full.
///
/// It may have a tag, a digest, both (the daemon keeps both in messages) or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// What a caller has put where an image is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageName {
    /// A name.
    Reference(Reference),
    /// An image's id: `sha256:` and 64 hex digits, or its first digits as they were given.
    Id(String),
    /// Neither; no daemon accepts it.
    Invalid,
}

impl ImageName {
    /// Reads what was given. `sha256:` with hex digits, or 64 hex digits alone, are an id. A few
    /// hex digits alone may be a name or the beginning of an id, and only the daemon knows; they
    /// are taken for an id where they are as many as the runtimes print and not all letters.
    pub fn parse(given: &str) -> Self {
        if let Some(id) = image_id(given) {
            return Self::Id(id);
        }
        let printed = given.len() >= SHORT_ID && given.bytes().any(|b| b.is_ascii_digit());
        let hex = given.strip_prefix("sha256:").or(printed.then_some(given));
        if hex.is_some_and(is_hex) {
            return Self::Id(given.to_owned());
        }
        Reference::parse(given).map_or(Self::Invalid, Self::Reference)
    }
}

/// `sha256:` and 64 digits, from a full image id with or without the algorithm.
pub fn image_id(given: &str) -> Option<String> {
    let hex = given.strip_prefix("sha256:").unwrap_or(given);
    (hex.len() == 64 && is_hex(hex)).then(|| format!("sha256:{hex}"))
}

impl Reference {
    /// Parses and normalises as Docker does (`ParseNormalizedNamed`): a name without a registry is
    /// Docker Hub's, and one without a namespace is `library/` there. Adds no tag.
    pub fn parse(given: &str) -> Option<Self> {
        Self::parse_in(given, HUB)
    }

    /// The same for a name that Podman gives to an image: without a registry it is `localhost/`.
    pub fn parse_local(given: &str) -> Option<Self> {
        Self::parse_in(given, LOCALHOST)
    }

    fn parse_in(given: &str, default: &str) -> Option<Self> {
        if given.len() == 64 && is_hex(given) {
            return None;
        }
        let (domain, rest) = split_domain(given, default);
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        let path = if domain == HUB && !path.contains('/') {
            format!("{OFFICIAL}{path}")
        } else {
            path.to_owned()
        };
        let valid = is_domain(domain)
            && is_path(&path)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        valid.then(|| Self {
            domain: domain.to_owned(),
            path,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// With this tag instead of its own; null if it is none.
    #[must_use]
    pub fn with_tag(self, tag: &str) -> Option<Self> {
        is_tag(tag).then(|| Self {
            tag: Some(tag.to_owned()),
            ..self
        })
    }

    /// With this digest, and without a tag; null if it is none.
    #[must_use]
    pub fn with_digest(self, digest: &str) -> Option<Self> {
        is_digest(digest).then(|| Self {
            tag: None,
            digest: Some(digest.to_owned()),
            ..self
        })
    }

    /// With the tag `latest` if it has neither tag nor digest (`TagNameOnly`).
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        if self.is_name_only() {
            self.tag = Some("latest".to_owned());
        }
        self
    }

    /// True if it has neither tag nor digest.
    pub const fn is_name_only(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    /// The digest that it names.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Registry and the rest (`splitDockerDomain`). The first part is a registry only if it could not
/// be a namespace.
fn split_domain<'a>(given: &'a str, default: &'a str) -> (&'a str, &'a str) {
    match given.split_once('/') {
        Some((LEGACY_HUB, rest)) => (HUB, rest),
        Some((first, rest))
            if first == LOCALHOST
                || first.contains(['.', ':'])
                || first.contains(|c: char| c.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => (default, given),
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `host[:port]`, where the host is a name, an address, or an IPv6 address in brackets.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let named = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_port = |port: &str| {
        (1..=MAX_PORT).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit())
    };
    host.len() <= MAX_HOST
        && port.is_none_or(is_port)
        && v6.map_or_else(
            || host.split('.').all(named),
            |v6| !v6.is_empty() && v6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        )
}

/// Components of lower-case letters and digits, with single separators (`.`, `_`, `__`, dashes)
/// inside of them only.
fn is_path(text: &str) -> bool {
    text.len() <= MAX_PATH && text.split('/').all(is_component)
}

fn is_component(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().copied().is_some_and(alphanumeric)
        && bytes.last().copied().is_some_and(alphanumeric);
    ends && bytes.split(|&b| alphanumeric(b)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|&b| b == b'-')
    })
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// One of the digests that go-digest knows: algorithm and as many hex digits as it has.
pub fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let digits = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == digits && is_hex(hex)
    })
}
