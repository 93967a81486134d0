//! The static table (RFC 7541 appendix A).

use bytes::Bytes;

use super::super::event::Text;
use super::table::{Entry, Found};

/// Number of its entries; the next index is the newest entry of the dynamic table.
pub(super) const LEN: u32 = 61;

/// The entry at that index, from 1 to [`LEN`].
pub(super) fn find(index: u32) -> Option<Found> {
    let index = usize::try_from(index.checked_sub(1)?).ok()?;
    let (name, value) = ENTRIES.get(index)?;
    let known = |text: &'static str| Text::Known(Bytes::from_static(text.as_bytes()));
    Some(Found {
        slot: None,
        entry: Entry {
            name: known(name),
            name_len: u32::try_from(name.len()).ok()?,
            value: known(value),
            value_len: u32::try_from(value.len()).ok()?,
        },
    })
}

const ENTRIES: [(&str, &str); LEN as usize] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
