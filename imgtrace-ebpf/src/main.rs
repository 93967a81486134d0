//! The kernel programs of imgtrace: one hook per file under `probes/`, no protocol logic.
//!
//! They see buffers, sockets and tasks, filter them by a listener's identity, and hand records to
//! user space. What the bytes mean is decided there.
#![no_std]
#![no_main]

mod emit;
mod kernel;
mod maps;
mod probes;
mod socket;
mod task;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The programs have no panicking path; the verifier would refuse an endless loop.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
