//! Reading the kernel's structures, with offsets that user space took from BTF.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated;
use imgtrace_common::Offsets;

/// Filled in by the loader before the programs are verified, so every offset is a constant to the
/// verifier.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = unsafe { core::mem::zeroed() };

/// Reads one of them.
#[inline(always)]
pub fn constant(offset: *const u32) -> u64 {
    // SAFETY: a member of a static; volatile because the loader changes it after compilation.
    u64::from(unsafe { core::ptr::read_volatile(offset) })
}

/// The value of one offset.
macro_rules! offset {
    ($name:ident) => {
        $crate::kernel::constant(&raw const $crate::kernel::OFFSETS.$name)
    };
}
pub(crate) use offset;

/// Address family of unix sockets (`include/linux/socket.h`).
pub const AF_UNIX: u16 = 1;
/// State of a listening socket (`include/net/tcp_states.h`; unix sockets use it too).
pub const TCP_LISTEN: u8 = 10;

/// Reads a value from kernel memory; zero where the address is not mapped.
///
/// The helper itself writes the zeros (`bpf_probe_read_kernel_common`, `kernel/trace/bpf_trace.c`,
/// 5.5 and later), so its result is not looked at: each look is a fork for the verifier, and some
/// fifty of them in a row were more than that of 6.1 goes through.
#[inline(always)]
pub fn read<T: Copy>(address: u64) -> T {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper checks the address and fills all of the value; every `T` in use is an
    // integer or an array of them.
    unsafe {
        generated::bpf_probe_read_kernel(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            address as *const _,
        );
        value.assume_init()
    }
}

/// Copies a NUL-terminated string from kernel memory; empty on failure. Gives its length, NUL
/// included. What stands behind the NUL is left as it was.
#[inline(always)]
pub fn read_string<const N: usize>(into: &mut [u8; N], address: u64) -> usize {
    into[0] = 0;
    // SAFETY: the helper checks the address and writes at most N bytes.
    let length = unsafe {
        generated::bpf_probe_read_kernel_str(
            into.as_mut_ptr().cast(),
            N as u32,
            address as *const _,
        )
    };
    if length < 0 { 0 } else { length as usize }
}

/// Loads a member through a pointer whose type the verifier knows: no helper call.
///
/// # Safety
///
/// `base` must be a typed pointer (an argument of the tracepoint, or one loaded through such a
/// pointer) that has been compared with null.
#[inline(always)]
pub unsafe fn load<T: Copy>(base: *const u8, offset: u64) -> T {
    // SAFETY: the verifier proves that the member is there.
    unsafe { core::ptr::read_volatile(base.add(offset as usize).cast::<T>()) }
}

/// The path that a unix socket is bound to, or that an accepted one has from its listener.
pub struct Bound {
    /// `super_block.s_dev`.
    pub device: u32,
    /// `inode.i_ino`, 0 if there is no path.
    pub inode: u64,
    /// Address of the `unix_address`, 0 if there is none.
    pub address: u64,
}

/// Where a unix socket is bound.
#[inline(always)]
pub fn bound(sock: u64) -> Bound {
    let address = read(sock + offset!(unix_addr));
    let dentry: u64 = read(sock + offset!(unix_path) + offset!(path_dentry));
    if dentry == 0 {
        return Bound {
            device: 0,
            inode: 0,
            address,
        };
    }
    let inode: u64 = read(dentry + offset!(dentry_inode));
    let super_block: u64 = read(inode + offset!(inode_sb));
    Bound {
        device: read(super_block + offset!(sb_dev)),
        inode: read(inode + offset!(inode_ino)),
        address,
    }
}

/// Copies the path of a `unix_address`, as its binder gave it. Gives its length, NUL included.
#[inline(always)]
pub fn bound_name<const N: usize>(into: &mut [u8; N], address: u64) -> usize {
    // sockaddr_un: a u16 of family, then the path.
    read_string(into, address + offset!(address_name) + 2)
}

/// The number of a `struct pid` in the initial pid namespace.
#[inline(always)]
pub fn pid_number(pid: u64) -> u32 {
    if pid == 0 {
        0
    } else {
        read(pid + offset!(pid_nr))
    }
}
