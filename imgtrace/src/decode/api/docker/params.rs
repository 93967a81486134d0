//! Parameters of a request, from its query or from a form in its body.
//!
//! Both may carry credentials, build arguments, labels and whole configurations. Only the keys
//! that are named here are ever decoded.

#[cfg(test)]
mod tests;

use crate::decode::clean;
use crate::model::Api;

/// The keys that operations are described by.
const KEYS: [&str; 17] = [
    "allTags",
    "Arch",
    "container",
    "destination",
    "fromImage",
    "fromSrc",
    "images",
    "name",
    "names",
    "OS",
    "platform",
    "reference",
    "references",
    "repo",
    "t",
    "tag",
    "Variant",
];
/// Values that are kept of one request.
const MAX_VALUES: usize = 128;

/// The values of the keys that are known.
#[derive(Debug, Default)]
pub(super) struct Params {
    values: Vec<(&'static str, String)>,
}

impl Params {
    /// Reads `key=value&…`. Podman compares keys without case, Docker does not.
    pub(super) fn parse(api: Api, pairs: &[u8]) -> Self {
        let mut values = Vec::new();
        for pair in pairs.split(|&b| b == b'&') {
            let key = pair.split(|&b| b == b'=').next().unwrap_or_default();
            if values.len() < MAX_VALUES
                && let Some(key) = known(api, key)
                && let Some((_, value)) = form_urlencoded::parse(pair).next()
            {
                let end = value.floor_char_boundary(clean::MAX_RAW);
                values.push((key, value.get(..end).unwrap_or_default().to_owned()));
            }
        }
        Self { values }
    }

    /// A form's values and those of the query, in the order of Go's `Request.Form`.
    pub(super) fn and(mut self, mut query: Self) -> Self {
        self.values.append(&mut query.values);
        self
    }

    /// The first value of a key if it is not empty.
    pub(super) fn first(&self, key: &str) -> Option<&str> {
        let mut values = self.values.iter().filter(|(known, _)| *known == key);
        let first = values.next().map(|(_, value)| value.as_str());
        first.filter(|value| !value.is_empty())
    }

    /// All values of a key that are not empty.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(move |(known, value)| *known == key && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// True if a key has a value that Go's `strconv.ParseBool` takes for true.
    pub(super) fn is_true(&self, key: &str) -> bool {
        matches!(
            self.first(key),
            Some("1" | "t" | "T" | "true" | "True" | "TRUE")
        )
    }
}

/// The key as it is written here, if it is one of [`KEYS`].
fn known(api: Api, key: &[u8]) -> Option<&'static str> {
    let (key, _) = form_urlencoded::parse(key).next()?;
    KEYS.into_iter().find(|known| match api {
        Api::Libpod => known.eq_ignore_ascii_case(&key),
        _ => *known == key,
    })
}

/// A path with its `%2F` and the like resolved; what is no UTF-8 then is replaced.
pub(super) fn percent_decode(path: &str) -> String {
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let escaped = (byte == b'%')
            .then(|| Some(digit(ahead.next()?)? << 4 | digit(ahead.next()?)?))
            .flatten();
        if escaped.is_some() {
            bytes = ahead;
        }
        decoded.push(escaped.unwrap_or(byte));
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
