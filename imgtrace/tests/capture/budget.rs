//! How much of each buffer is copied, by the kernel's own times: what the two budgets of a direction
//! allow. So it can be said to the byte on any machine, however fast it sends.

use imgtrace_common::{Data, direction};

/// Bytes that a direction may send at once, until the other side speaks.
const BURST: u64 = 1 << 20;
/// ns a byte by which that budget fills again: about 1 MB a second.
const BURST_NS: u64 = 1 << 10;
/// Bytes that it may send at once, however often the other side speaks.
pub(crate) const BULK: u64 = 16 << 20;
/// ns a byte by which that budget fills again: 250 MB a second.
const BULK_NS: u64 = 1 << 2;
/// Of each buffer so much is kept always, and not more than that.
const HEAD: u64 = 256;
const RECORD: u64 = 60 << 10;

#[derive(Clone, Copy)]
struct Budget {
    burst: u64,
    bulk: u64,
    at: u64,
}

/// What is expected of the buffers of one connection, in the order in which they were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Bytes copied of each.
    pub(crate) copied: Vec<u64>,
    /// Buffers of which the second budget alone left something out.
    pub(crate) cut_by_bulk: usize,
}

pub(crate) fn expected<'a>(buffers: impl IntoIterator<Item = &'a Data>) -> Expected {
    let full = Budget {
        burst: BURST,
        bulk: BULK,
        at: 0,
    };
    let mut budgets = [full; 2];
    let mut expected = Expected::default();
    for data in buffers {
        let own = usize::from(data.direction == direction::TO_CLIENT);
        let budget = &mut budgets[own];
        let passed = data.header.at - budget.at;
        let burst = BURST.min(budget.burst + passed / BURST_NS);
        let bulk = BULK.min(budget.bulk + passed / BULK_NS);
        let whole = u64::from(data.len).min(RECORD);
        let copied = whole.min(burst.min(bulk).max(HEAD));
        expected.cut_by_bulk += usize::from(copied < whole && bulk < burst);
        *budget = Budget {
            burst: burst.saturating_sub(copied),
            bulk: bulk.saturating_sub(copied),
            at: data.header.at,
        };
        budgets[1 - own].burst = BURST;
        expected.copied.push(copied);
    }
    expected
}
