//! What a document has told.

/// Values of one document that are kept.
const MAX_VALUES: usize = 256;
/// Bytes of text of one document that are kept.
const MAX_BYTES: usize = 32 * 1024;

/// A value that was asked for; `true`, `false`, `null` and fractions never are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
}

/// The values that were asked for, in their order. It holds text from traffic as it was sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    values: Vec<(&'static str, Value)>,
    bytes: usize,
}

impl Document {
    pub(super) fn add(&mut self, path: &'static str, value: Value) {
        let bytes = match &value {
            Value::Text(text) => text.len(),
            Value::Number(_) => 0,
        };
        if self.values.len() < MAX_VALUES && self.bytes + bytes <= MAX_BYTES {
            self.bytes += bytes;
            self.values.push((path, value));
        }
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(path, value)| (*path, value))
    }

    /// The texts at a path: one, or those of an array.
    pub(crate) fn texts(&self, path: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.values
            .iter()
            .filter_map(move |(at, value)| match value {
                Value::Text(text) if *at == path => Some(text.as_str()),
                _ => None,
            })
    }

    /// The text at a path if it is not empty; the last, where a key was repeated.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts(path).next_back().filter(|text| !text.is_empty())
    }

    /// The number at a path.
    pub(crate) fn number(&self, path: &str) -> Option<u64> {
        self.values
            .iter()
            .rev()
            .find_map(|(at, value)| match value {
                Value::Number(number) if *at == path => Some(*number),
                _ => None,
            })
    }
}
