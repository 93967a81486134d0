//! The kernel object that `cargo xtask build-ebpf` made, embedded by `build.rs`.

/// Bytes that are aligned as the ELF reader wants them.
#[cfg(bpf_object)]
#[repr(C, align(32))]
struct Aligned<Bytes: ?Sized>(Bytes);

/// The object, or nothing in a build without it.
#[cfg(bpf_object)]
pub const OBJECT: Option<&[u8]> = Some({
    static OBJECT: &Aligned<[u8]> =
        &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/imgtrace.bpf.o")));
    &OBJECT.0
});

/// The object, or nothing in a build without it.
#[cfg(not(bpf_object))]
pub const OBJECT: Option<&[u8]> = None;
