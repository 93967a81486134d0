//! Whose header block it may be (RFC 9113 section 8.1).

use super::event::{Field, Text};

/// What a header block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A request's head.
    Request,
    /// An answer's head, an interim one's too.
    Answer,
    /// What follows a body.
    Trailers,
    /// A name stands in an entry that was never seen.
    Unclear,
}

impl Role {
    /// `None` if no client and no server sends such a block.
    pub(super) fn of(fields: &[Field]) -> Option<Self> {
        let (mut role, mut unclear) = (None, false);
        for field in fields {
            let Text::Known(name) = &field.name else {
                unclear = true;
                continue;
            };
            let its = match &name[..] {
                b":method" | b":scheme" | b":path" | b":authority" | b":protocol" => Self::Request,
                b":status" => Self::Answer,
                _ if is_name(name) => continue,
                _ => return None,
            };
            if role.replace(its).is_some_and(|role| role != its) {
                return None;
            }
        }
        let other = if unclear {
            Self::Unclear
        } else {
            Self::Trailers
        };
        Some(role.unwrap_or(other))
    }

    /// True if that side may send it. Trailers end the stream.
    pub(super) fn is_of(self, client: bool, end: bool) -> bool {
        match self {
            Self::Request => client,
            Self::Answer => !client,
            Self::Trailers => end,
            Self::Unclear => true,
        }
    }

    /// True for a head.
    pub(super) fn is_head(self) -> bool {
        matches!(self, Self::Request | Self::Answer)
    }
}

/// True for the name of a field (section 8.2.1): visible, and nothing in upper case.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && *byte != b':')
}
