//! `tp_btf/kfree_skb`: a buffer was thrown away, for a unix socket because it closed first.
//!
//! Kernel: `void kfree_skb(struct sk_buff *skb, void *location[, enum skb_drop_reason reason[,
//! struct sock *rx_sk]])`, `include/trace/events/skb.h`; called by `unix_release_sock` for what is
//! left in the queue. Rare on a healthy host: consumed buffers do not come here.

use aya_ebpf::{EbpfContext as _, macros::btf_tracepoint, programs::BtfTracePointContext};

use crate::socket::{self, Fate};

/// See the file.
#[btf_tracepoint(function = "kfree_skb")]
pub fn kfree_skb(context: BtfTracePointContext) -> i32 {
    socket::buffer(context.as_ptr(), context.arg(0), Fate::Unread);
    0
}
