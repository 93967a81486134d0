//! A request's header block: the few fields of it that are known here.

#[cfg(test)]
mod tests;

use crate::decode::http2::{Field, Slot, Text};
use crate::decode::metadata::{Metadata, text};
use crate::model::Correlation;

/// What a request's head says of a call. No other field is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Which method is called.
    pub path: Path,
    /// `containerd-namespace`; null where there is none or it is not known.
    pub namespace: Option<String>,
    /// What tells which other request it was made for.
    pub correlation: Correlation,
    /// What the content type says.
    pub(super) content: Content,
    /// True if the method is POST. It stands in the static table, so it is always known.
    posts: bool,
}

/// `:path`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Path {
    /// `/package.Service/Method`, as sent.
    Known(String),
    /// It stands in an entry of the table that was never seen. Where the name is unknown too, this
    /// field is not known to be the path: see `fields` of [`Event::Called`](super::Event::Called).
    Unknown(Slot),
    /// No field says that it is the path, or it is no text.
    #[default]
    Unseen,
}

impl Path {
    /// The path, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(path) => Some(path),
            Self::Unknown(_) | Self::Unseen => None,
        }
    }
}

/// What `content-type` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// `application/grpc` with or without a suffix.
    Grpc,
    /// Something else.
    Other,
    /// It may stand in an entry that was never seen.
    Unknown,
    /// There is none.
    #[default]
    None,
}

impl Head {
    /// Reads a request's header block.
    pub fn read(fields: &[Field]) -> Self {
        let mut head = Self::default();
        let mut metadata = Metadata::default();
        let mut unnamed = false;
        for field in fields {
            match (&field.name, &field.value) {
                (Text::Known(name), Text::Known(value)) => {
                    head.take(name, value);
                    metadata.take(name, value);
                }
                (Text::Known(name), Text::Unknown(slot)) => match &name[..] {
                    b":path" => head.path = Path::Unknown(*slot),
                    b"content-type" => head.content = Content::Unknown,
                    _ => {}
                },
                (Text::Known(name), Text::Omitted) => {
                    if &name[..] == b"content-type" {
                        head.content = Content::Unknown;
                    }
                }
                (Text::Unknown(_) | Text::Omitted, _) => unnamed = true,
            }
        }
        if unnamed && head.content == Content::None {
            head.content = Content::Unknown;
        }
        head.namespace = metadata.namespace;
        head.correlation = metadata.correlation;
        head
    }

    /// True if this begins a call, or cannot be told from what does.
    pub(super) fn is_call(&self) -> bool {
        let is_grpc = match self.content {
            Content::Grpc => true,
            Content::Unknown => self.path.known().is_none_or(is_method),
            Content::Other | Content::None => false,
        };
        self.posts && is_grpc
    }

    fn take(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b":path" => self.path = text(value).map_or(Path::Unseen, Path::Known),
            b":method" => self.posts = value == b"POST",
            b"content-type" => self.content = Content::of(value),
            _ => {}
        }
    }
}

/// `/package.Service/Method`, and not a path of Docker's API such as `/v1.51/images`.
fn is_method(path: &str) -> bool {
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(service, method)| {
        service.contains('.') && method.starts_with(|first: char| first.is_ascii_uppercase())
    })
}

impl Content {
    pub(super) fn of(value: &[u8]) -> Self {
        match value.strip_prefix(b"application/grpc") {
            Some([] | [b'+' | b';', ..]) => Self::Grpc,
            _ => Self::Other,
        }
    }
}
