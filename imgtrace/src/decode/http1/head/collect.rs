//! Finding the end of a head that comes in parts, and giving up early on what is none.

use bytes::{Buf, Bytes};

use crate::observation::Anomaly;

/// Longest head. dockerd itself would take 1 MiB (Go's `DefaultMaxHeaderBytes`); dockerode's
/// targets with a whole `HostConfig` are some KiB.
const HEAD_LIMIT: usize = 65_536;
/// Longest method that is believed to be one.
const METHOD_LIMIT: usize = 24;

/// What a head has to look like from its first bytes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// A request, where a request must stand. Line ends may come before it: Go skips them after a
    /// POST (net/http, `numLeadingCRorLF`).
    Request,
    /// Something that may be a request: a known method, and a path.
    Guess,
    /// An answer.
    Answer,
}

impl Kind {
    /// False if no bytes behind `head` can make it such a head.
    fn allows(self, head: &[u8]) -> bool {
        match self {
            Self::Request => {
                let mut method = head.iter().take(METHOD_LIMIT + 1);
                method.position(|&b| !is_token(b)).map_or_else(
                    || head.len() <= METHOD_LIMIT,
                    |len| len > 0 && head.get(len) == Some(&b' '),
                )
            }
            Self::Guess => [
                "GET /",
                "HEAD /",
                "POST /",
                "PUT /",
                "DELETE /",
                "OPTIONS /",
                "PATCH /",
            ]
            .iter()
            .any(|start| agrees(head, start.as_bytes())),
            Self::Answer => agrees(head, b"HTTP/1."),
        }
    }
}

/// True if one is the beginning of the other.
fn agrees(head: &[u8], start: &[u8]) -> bool {
    head.iter().zip(start).all(|(a, b)| a == b)
}

/// `tchar` of RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A head in the making.
pub(in super::super) struct Collector {
    kind: Kind,
    head: Vec<u8>,
    /// True if its last line has nothing but CRs so far.
    blank: bool,
}

impl Collector {
    pub(in super::super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            head: Vec::new(),
            blank: true,
        }
    }

    /// True before the first byte.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Takes bytes up to the end of the head: the whole head when it is complete, an anomaly when
    /// it can be none. Each byte is looked at once.
    pub(in super::super) fn collect(
        &mut self,
        input: &mut Bytes,
    ) -> Option<Result<Vec<u8>, Anomaly>> {
        if self.kind == Kind::Request && self.head.is_empty() {
            let ends = input.iter().take_while(|b| b"\r\n".contains(b)).count();
            input.advance(ends);
        }
        let known = self.head.len();
        let room = HEAD_LIMIT - known;
        let end = input.iter().take(room).position(|&byte| self.ends_at(byte));
        let part = input.split_to(end.map_or(room, |last| last + 1).min(input.len()));
        self.head.extend_from_slice(&part);
        if known <= METHOD_LIMIT && !self.kind.allows(&self.head) {
            return Some(Err(Anomaly::MalformedHead));
        }
        if end.is_some() {
            return Some(Ok(std::mem::take(&mut self.head)));
        }
        (!input.is_empty()).then_some(Err(Anomaly::OversizedHead))
    }

    /// True if this byte ends the line that ends the head.
    fn ends_at(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' if self.blank => return true,
            b'\n' => self.blank = true,
            b'\r' => {}
            _ => self.blank = false,
        }
        false
    }
}
