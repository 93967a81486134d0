//! Bytes left out of a conversation: any, or the bulk inside HTTP/2's DATA frames.

use imgtrace::decode::{Direction, Segment};

/// Bytes of one direction that are missing.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// Who sent them.
    pub direction: Direction,
    /// Offset of the first.
    pub from: u64,
    /// How many.
    pub len: u64,
}

/// Without the bytes of these gaps: a buffer that is in one as a whole was lost, one that reaches
/// into one was cut.
pub fn with_gaps(segments: &[Segment], gaps: &[Gap]) -> Vec<Segment> {
    let mut left = segments.to_vec();
    for gap in gaps {
        left = left
            .into_iter()
            .flat_map(|segment| without(segment, *gap))
            .collect();
    }
    left
}

fn without(segment: Segment, gap: Gap) -> Vec<Segment> {
    let (begin, end) = (segment.offset, segment.offset + u64::from(segment.len));
    let (from, to) = (gap.from.max(begin), (gap.from + gap.len).min(end));
    if segment.direction != gap.direction || from >= to {
        return vec![segment];
    }
    let within = |offset: u64| {
        let at = usize::try_from(offset - begin).unwrap();
        at.min(segment.bytes.len())
    };
    let mut parts = Vec::new();
    if from > begin {
        let mut head = segment.clone();
        head.bytes.truncate(within(from));
        head.len = u32::try_from(to - begin).unwrap();
        parts.push(head);
    }
    if to < end {
        let mut tail = segment.clone();
        tail.bytes = tail.bytes.split_off(within(to));
        tail.offset = to;
        tail.len = u32::try_from(end - to).unwrap();
        parts.push(tail);
    }
    parts
}

/// What of each DATA frame (RFC 9113 section 6.1) stands behind its first `most` bytes, as far as
/// the frames can be followed.
pub fn bulk(segments: &[Segment], direction: Direction, most: usize) -> Vec<Gap> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut stream = Vec::new();
    for segment in segments.iter().filter(|one| one.direction == direction) {
        let missing = usize::try_from(segment.offset).unwrap();
        stream.resize(missing, None);
        stream.extend(segment.bytes.iter().copied().map(Some));
    }
    let preface: Vec<_> = PREFACE.iter().copied().map(Some).collect();
    let mut at = if stream.starts_with(&preface) {
        PREFACE.len()
    } else {
        0
    };
    let mut gaps = Vec::new();
    while let Some([Some(a), Some(b), Some(c), Some(kind), ..]) = stream.get(at..at + 9) {
        let len = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        // No kind of frame that is known, or larger than anybody sends.
        if *kind > 9 || len > 1 << 20 {
            break;
        }
        let payload = at + 9;
        if *kind == 0 && len > most {
            let (from, len) = ((payload + most) as u64, (len - most) as u64);
            gaps.push(Gap {
                direction,
                from,
                len,
            });
        }
        at = payload + len;
    }
    gaps
}
