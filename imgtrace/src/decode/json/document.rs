//! What a document has told.

/// Values of one document that are kept.
const MAX_VALUES: usize = 1024;
/// Bytes of text of one document that are kept.
const MAX_BYTES: usize = 32 * 1024;

/// A value that was asked for; `false`, `null` and fractions never are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    True,
    /// An object begins; what is in it follows.
    Object,
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
            Value::Number(_) | Value::True | Value::Object => 0,
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
        Object(&self.values).texts(path)
    }

    /// The objects at a path that was asked for: one, or those of an array.
    pub(crate) fn objects(&self, path: &str) -> impl Iterator<Item = Object<'_>> {
        let begins = move |(at, value): &(&str, Value)| *at == path && *value == Value::Object;
        self.values.split(begins).skip(1).map(Object)
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

/// What an object inside of a document has told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'a>(&'a [(&'static str, Value)]);

impl<'a> Object<'a> {
    /// The texts at a path, which begins at the document.
    pub(crate) fn texts(self, path: &str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter_map(move |(at, value)| match value {
            Value::Text(text) if *at == path => Some(text.as_str()),
            _ => None,
        })
    }

    /// The text at a path if it is not empty; the last, where a key was repeated.
    pub(crate) fn text(self, path: &str) -> Option<&'a str> {
        self.texts(path).next_back().filter(|text| !text.is_empty())
    }

    /// True if `true` stands at a path.
    pub(crate) fn is_true(self, path: &str) -> bool {
        let mut values = self.0.iter();
        values.any(|(at, value)| *at == path && *value == Value::True)
    }
}
