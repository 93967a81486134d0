//! Header blocks of one direction: put together from their frames, decoded in the order of the
//! wire (RFC 9113 section 4.3).

use super::event::Event;
use super::frame::{END_HEADERS, END_STREAM, Head, Kind, PADDED, PRIORITY};
use super::hpack::Decoder;
use super::report::Report;
use crate::observation::Anomaly;

/// Longest header block, with its CONTINUATION frames.
pub(super) const BLOCK_LIMIT: usize = 65_536;

/// The header blocks of one direction.
pub(super) struct Headers {
    decoder: Decoder,
    /// The block whose end has not come.
    open: Option<Open>,
}

/// A block that goes on in CONTINUATION frames.
struct Open {
    stream: u32,
    /// True if the stream ends with it.
    end: bool,
    /// True for the block of a `PUSH_PROMISE`, which is decoded for the table's sake only.
    pushed: bool,
    /// What came of it; null if it was given up, and its other frames are stepped over.
    block: Option<Vec<u8>>,
}

impl Headers {
    /// Follows the table from its beginning, or is `joined` in mid-stream.
    pub(super) fn new(joined: bool) -> Self {
        Self {
            decoder: Decoder::new(joined),
            open: None,
        }
    }

    /// A frame that is no CONTINUATION begins: no block may be open.
    pub(super) fn expect_none(&mut self, report: &mut Report<'_>) {
        if self.open.take().is_some_and(|open| open.block.is_some()) {
            self.fail(Anomaly::MalformedFrame, report);
        }
    }

    /// Takes a whole HEADERS, `PUSH_PROMISE` or CONTINUATION frame.
    pub(super) fn hear(&mut self, head: Head, payload: &[u8], report: &mut Report<'_>) {
        let Some(fragment) = fragment(head, payload, true) else {
            return self.refuse(head, Anomaly::MalformedFrame, report);
        };
        if self.open.is_none() && head.kind != Kind::Continuation && head.has(END_HEADERS) {
            return self.decode(&Open::new(head), fragment, true, report);
        }
        let Some(mut open) = self.opened(head, report) else {
            return;
        };
        if let Some(block) = &mut open.block {
            if block.len() + fragment.len() > BLOCK_LIMIT {
                return self.refuse(head, Anomaly::MalformedHeaders, report);
            }
            block.extend_from_slice(fragment);
        }
        if !head.has(END_HEADERS) {
            self.open = Some(open);
        } else if let Some(block) = open.block.take() {
            self.decode(&open, &block, true, report);
        }
    }

    /// Takes the beginning of such a frame, whose rest was missed.
    pub(super) fn hear_cut(&mut self, head: Head, payload: &[u8], report: &mut Report<'_>) {
        let Some(mut open) = self.opened(head, report) else {
            return;
        };
        if let Some(mut block) = open.block.take() {
            block.extend_from_slice(fragment(head, payload, false).unwrap_or_default());
            self.decode(&open, &block, false, report);
        }
        if !head.has(END_HEADERS) {
            self.open = Some(open);
        }
    }

    /// Takes note of such a frame that is stepped over: it is not allowed, or too long.
    pub(super) fn refuse(&mut self, head: Head, anomaly: Anomaly, report: &mut Report<'_>) {
        let mut open = self.open.take().unwrap_or_else(|| Open::new(head));
        open.block = None;
        if !head.has(END_HEADERS) {
            self.open = Some(open);
        }
        self.fail(anomaly, report);
    }

    /// Any number of frames were missed. Tells what came of an open block.
    pub(super) fn interrupt(&mut self, report: &mut Report<'_>) {
        if let Some(mut open) = self.open.take()
            && let Some(block) = open.block.take()
        {
            self.decode(&open, &block, false, report);
        } else {
            self.decoder.forget();
            report.interrupted();
        }
    }

    /// The block that a frame begins or goes on with.
    fn opened(&mut self, head: Head, report: &mut Report<'_>) -> Option<Open> {
        if head.kind != Kind::Continuation {
            self.expect_none(report);
            return Some(Open::new(head));
        }
        let open = self.open.take();
        let open = open.filter(|open| open.stream == head.stream);
        if open.is_none() {
            self.fail(Anomaly::MalformedFrame, report);
        }
        open
    }

    fn decode(&mut self, of: &Open, block: &[u8], whole: bool, report: &mut Report<'_>) {
        let read = self.decoder.decode(block, whole);
        if read.malformed {
            report.anomaly(Anomaly::MalformedHeaders);
        }
        if !of.pushed {
            report.out.push(Event::Headers {
                stream: of.stream,
                direction: report.direction,
                fields: read.fields,
                end: of.end,
                at: report.at,
            });
        }
        if read.lost {
            report.interrupted();
        }
    }

    /// A block cannot be decoded, so the table is unknown from here on.
    fn fail(&mut self, anomaly: Anomaly, report: &mut Report<'_>) {
        report.anomaly(anomaly);
        self.decoder.forget();
        report.interrupted();
    }
}

impl Open {
    fn new(head: Head) -> Self {
        Self {
            stream: head.stream,
            end: head.kind == Kind::Headers && head.has(END_STREAM),
            pushed: head.kind == Kind::PushPromise,
            block: Some(Vec::new()),
        }
    }
}

/// The part of the block that a frame carries (sections 6.2, 6.6 and 6.10), without padding and
/// what stands before; of a frame that is not `whole`, as far as it goes. `None` if there is more
/// padding than frame.
pub(super) fn fragment(head: Head, payload: &[u8], whole: bool) -> Option<&[u8]> {
    if head.kind == Kind::Continuation {
        return Some(payload);
    }
    let (padding, rest) = if head.has(PADDED) {
        let (padding, rest) = payload.split_first()?;
        (usize::from(*padding), rest)
    } else {
        (0, payload)
    };
    let skipped = match head.kind {
        Kind::PushPromise => 4,
        _ if head.has(PRIORITY) => 5,
        _ => 0,
    };
    let (_, rest) = rest.split_at_checked(skipped)?;
    if whole {
        rest.get(..rest.len().checked_sub(padding)?)
    } else {
        Some(rest)
    }
}
