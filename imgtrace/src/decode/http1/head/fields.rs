//! The few header fields that the parser looks at, and what they say about the body's end.

use httparse::Header;

/// What a head's fields say about its body's end (RFC 9112 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// `Transfer-Encoding: chunked`, which overrules a length.
    Chunked,
    /// Any other transfer coding.
    OtherCoding,
    /// `Content-Length`.
    Length(u64),
    /// Nothing.
    None,
}

/// The fields of a head.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [Header<'a>]);

impl<'a> Fields<'a> {
    /// How the body ends. `None` if the fields contradict each other or are no numbers; Go refuses
    /// those too (net/http, `readTransfer`).
    pub(super) fn framing(self, version: u8) -> Option<Framing> {
        // HTTP/1.0 has no transfer codings; Go ignores the field there.
        let mut codings = self.values("transfer-encoding").filter(|_| version > 0);
        match (codings.next(), codings.next()) {
            (None, _) => self.length(),
            (Some(one), None) if one.trim_ascii().eq_ignore_ascii_case(b"chunked") => {
                Some(Framing::Chunked)
            }
            (Some(_), None) => Some(Framing::OtherCoding),
            (Some(_), Some(_)) => None,
        }
    }

    fn length(self) -> Option<Framing> {
        let mut lengths = self.values("content-length").map(decimal);
        let Some(first) = lengths.next() else {
            return Some(Framing::None);
        };
        let first = first?;
        lengths
            .all(|other| other == Some(first))
            .then_some(Framing::Length(first))
    }

    /// `Content-Type` without parameters, in lower case.
    pub(super) fn media_type(self) -> String {
        media_type(self.values("content-type").next().unwrap_or_default())
    }

    /// The first such field as text; empty where there is none.
    pub(super) fn text(self, name: &'static str) -> String {
        let value = self.values(name).next().unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    }

    /// True if such a comma-separated field names that option.
    pub(super) fn has_option(self, name: &'static str, option: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(|&b| b == b','))
            .any(|one| one.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    }

    fn values(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }
}

/// A content type without parameters, in lower case.
pub(super) fn media_type(whole: &[u8]) -> String {
    let media = whole.split(|&b| b == b';').next().unwrap_or_default();
    String::from_utf8_lossy(media.trim_ascii()).to_ascii_lowercase()
}

/// A decimal number without a sign, as far as an `int64` goes.
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value.trim_ascii()).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = if plain {
        digits.parse::<u64>().ok()?
    } else {
        return None;
    };
    i64::try_from(number).is_ok().then_some(number)
}
