//! A Protobuf message read without its schema: which fields it has, of which types.
//!
//! It knows the wire format (protobuf.dev/programming-guides/encoding) and no message. Nothing is
//! copied; what a rule does not ask for is passed over.

#[cfg(test)]
mod tests;

/// Fields of one message that are looked at; of a longer one the rest is not seen.
const FIELDS: usize = 4096;

/// The highest field number (protobuf.dev/programming-guides/proto3, Assigning Field Numbers).
const MAX_NUMBER: u64 = (1 << 29) - 1;

/// A message whose fields can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    bytes: &'a [u8],
    /// False if its end is missing.
    whole: bool,
}

/// A field's value, as far as the wire tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Varint(u64),
    /// Four or eight bytes.
    Fixed,
    /// A string, bytes, a message or packed numbers; the flag is false where its end is missing.
    Bytes(&'a [u8], bool),
}

impl<'a> Shape<'a> {
    /// The message in `bytes`; null if they are none. Of a message that is not `whole`, the last
    /// field may be cut.
    pub(super) fn read(bytes: &'a [u8], whole: bool) -> Option<Self> {
        let mut rest = bytes;
        for _ in 0..FIELDS {
            if rest.is_empty() {
                return Some(Self { bytes, whole });
            }
            match next(rest) {
                Ok((_, Value::Bytes(_, false), _)) if whole => return None,
                Ok((.., after)) => rest = after,
                Err(Broken::Cut) if !whole => return Some(Self { bytes, whole }),
                Err(_) => return None,
            }
        }
        let whole = false;
        Some(Self { bytes, whole })
    }

    /// True if nothing of it is missing.
    pub(super) fn is_whole(self) -> bool {
        self.whole
    }

    /// True if it has no field, and nothing of it is missing.
    pub(super) fn is_empty(self) -> bool {
        self.whole && self.bytes.is_empty()
    }

    /// True if it has no other fields than these.
    pub(super) fn only(self, numbers: &[u32]) -> bool {
        self.fields().all(|(number, _)| numbers.contains(&number))
    }

    /// True if it has this field.
    pub(super) fn has(self, number: u32) -> bool {
        self.values(number).next().is_some()
    }

    /// How often it has this field.
    pub(super) fn count(self, number: u32) -> usize {
        self.values(number).count()
    }

    /// The field's number, if it is one.
    pub(super) fn varint(self, number: u32) -> Option<u64> {
        self.values(number).find_map(|value| match value {
            Value::Varint(varint) => Some(varint),
            Value::Fixed | Value::Bytes(..) => None,
        })
    }

    /// The field's bytes, whatever they are; null where some are missing.
    pub(super) fn bytes(self, number: u32) -> Option<&'a [u8]> {
        self.values(number).find_map(|value| match value {
            Value::Bytes(bytes, true) => Some(bytes),
            Value::Varint(_) | Value::Fixed | Value::Bytes(..) => None,
        })
    }

    /// The field's text: not empty, no control characters. A message is none: it begins with its
    /// first field's number and type, and those of the fields 1 to 3 are control characters.
    pub(super) fn text(self, number: u32) -> Option<&'a str> {
        let text = std::str::from_utf8(self.bytes(number)?).ok()?;
        (!text.is_empty() && !text.contains(char::is_control)).then_some(text)
    }

    /// True if the field is there and every value of it is text.
    pub(super) fn texts(self, number: u32) -> bool {
        self.has(number)
            && self.values(number).all(|value| match value {
                Value::Bytes(bytes, true) => std::str::from_utf8(bytes).is_ok(),
                Value::Varint(_) | Value::Fixed | Value::Bytes(..) => false,
            })
    }

    /// The first message in the field.
    pub(super) fn message(self, number: u32) -> Option<Self> {
        self.messages(number).next().flatten()
    }

    /// All values of the field, each a message or null.
    pub(super) fn messages(self, number: u32) -> impl Iterator<Item = Option<Self>> {
        self.values(number).map(|value| match value {
            Value::Bytes(bytes, whole) => Self::read(bytes, whole),
            Value::Varint(_) | Value::Fixed => None,
        })
    }

    /// The messages in the field, if it has nothing else. Of a message that is cut the last may be
    /// missing.
    pub(super) fn items(self, number: u32) -> Option<Vec<Self>> {
        let whole = |item: &Option<Self>| self.whole || item.is_none_or(|item| item.whole);
        self.messages(number).filter(whole).collect()
    }

    fn values(self, number: u32) -> impl Iterator<Item = Value<'a>> {
        self.fields()
            .filter(move |field| field.0 == number)
            .map(|field| field.1)
    }

    fn fields(self) -> impl Iterator<Item = (u32, Value<'a>)> {
        let mut rest = self.bytes;
        let mut left = FIELDS;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            match next(rest) {
                Ok((number, value, after)) => {
                    rest = after;
                    Some((number, value))
                }
                Err(_) => None,
            }
        })
    }
}

/// Why there is no further field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// The bytes end in its number, type or length.
    Cut,
    /// It is none.
    Malformed,
}

/// The first field, and what is behind it. A value with a length that goes beyond the end is cut.
fn next(bytes: &[u8]) -> Result<(u32, Value<'_>, &[u8]), Broken> {
    let (tag, rest) = varint(bytes)?;
    let number = tag >> 3;
    if number == 0 || number > MAX_NUMBER {
        return Err(Broken::Malformed);
    }
    let number = u32::try_from(number).map_err(|_| Broken::Malformed)?;
    let (value, rest) = match tag & 7 {
        0 => varint(rest).map(|(value, rest)| (Value::Varint(value), rest))?,
        1 => (Value::Fixed, rest.get(8..).ok_or(Broken::Cut)?),
        5 => (Value::Fixed, rest.get(4..).ok_or(Broken::Cut)?),
        2 => {
            let (len, rest) = varint(rest)?;
            let len = usize::try_from(len).map_err(|_| Broken::Malformed)?;
            match rest.split_at_checked(len) {
                Some((value, rest)) => (Value::Bytes(value, true), rest),
                None => (Value::Bytes(rest, false), &[][..]),
            }
        }
        _ => return Err(Broken::Malformed),
    };
    Ok((number, value, rest))
}

/// The number at the beginning of `bytes`, at most ten bytes long, and what is behind it.
fn varint(bytes: &[u8]) -> Result<(u64, &[u8]), Broken> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = bytes.get(index + 1..).unwrap_or_default();
            return Ok((value, rest));
        }
    }
    Err(if bytes.len() < 10 {
        Broken::Cut
    } else {
        Broken::Malformed
    })
}
