//! Handing records to user space.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::BPF_F_CURRENT_CPU,
    helpers::{bpf_get_smp_processor_id, bpf_ktime_get_ns, generated},
};
use imgtrace_common::{Data, Header, loss};

use crate::maps::{EVENTS, lost};

/// A header for a record of this moment.
#[inline(always)]
pub fn header(kind: u32) -> Header {
    // SAFETY: helpers without arguments.
    unsafe {
        Header {
            kind,
            cpu: bpf_get_smp_processor_id(),
            at: bpf_ktime_get_ns(),
        }
    }
}

/// Writes a record.
#[inline(always)]
pub fn record<T>(context: *mut c_void, record: &T) {
    // SAFETY: the record is as long as it says.
    let code = unsafe {
        generated::bpf_perf_event_output(
            context,
            (&raw const EVENTS).cast_mut().cast(),
            u64::from(BPF_F_CURRENT_CPU as u32),
            core::ptr::from_ref(record).cast_mut().cast(),
            size_of::<T>() as u64,
        )
    };
    if code != 0 {
        lost(loss::BUFFER);
    }
}

/// Writes a record and behind it the first `data.copied` bytes of a buffer, paged parts too.
#[inline(always)]
pub fn buffer(skb: *mut c_void, data: &Data) {
    // The upper half of the flags is the number of payload bytes (bpf_skb_event_output).
    let flags = u64::from(BPF_F_CURRENT_CPU as u32) | (u64::from(data.copied) << 32);
    // SAFETY: `skb` is the tracepoint's own argument, the record is as long as it says.
    let code = unsafe {
        generated::bpf_skb_output(
            skb,
            (&raw const EVENTS).cast_mut().cast(),
            flags,
            core::ptr::from_ref(data).cast_mut().cast(),
            size_of::<Data>() as u64,
        )
    };
    if code != 0 {
        lost(loss::BUFFER);
    }
}
