//! `tp_btf/consume_skb`: a receiver has read a buffer.
//!
//! Kernel: `void consume_skb(struct sk_buff *skb[, void *location])`, `include/trace/events/skb.h`,
//! called by `unix_stream_read_generic` when the last byte of a buffer was read and by
//! `unix_accept` for the buffer that announced a connection. 5.10 to 7.x.

use aya_ebpf::{EbpfContext as _, macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::socket::{self, Fate};

/// See the file.
#[btf_tracepoint(function = "consume_skb")]
pub fn consume_skb(context: BtfTracePointContext) -> i32 {
    socket::buffer(context.as_ptr(), context.arg(0), Fate::Read);
    0
}
