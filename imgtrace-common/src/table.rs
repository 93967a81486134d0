//! Keys and values of the tables that user space and the programs share.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::bits;

/// Values of [`Watch::action`].
pub mod action {
    /// Its connections are captured.
    pub const CAPTURE: u32 = 1;
    /// It only looked like a runtime's; its connections are left alone.
    pub const IGNORE: u32 = 2;
}

/// The kernel's identity of a listener.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ListenerKey {
    /// `inode.i_ino` of its path.
    pub inode: u64,
    /// `super_block.s_dev` of its path.
    pub device: u32,
    /// Always 0.
    pub reserved: u32,
}

/// What to do with connections to a listener.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Watch {
    /// Address of its `unix_address`. An inode number that came back bears another one.
    pub address: u64,
    /// The endpoint's number.
    pub endpoint: u32,
    /// One of [`action`].
    pub action: u32,
}

/// A hash of the last component of a path, taken a byte at a time from the path's beginning.
///
/// A listener that user space does not know yet is captured provisionally if its path ends in a
/// name that runtimes use. Two names with one hash would cost a look by user space, no more.
/// FNV-1a, 64 bits (draft-eastlake-fnv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basename(u64);

impl Basename {
    /// Of an empty path.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Of the path with one more byte.
    #[inline]
    #[must_use]
    pub const fn push(self, byte: u8) -> Self {
        if byte == b'/' {
            return Self::EMPTY;
        }
        Self((self.0 ^ byte as u64).wrapping_mul(0x100_0000_01b3))
    }

    /// Of a string of the kernel's, whose `length` counts its NUL; 0 is an empty one. What stands
    /// behind it in the field does not matter.
    #[inline]
    pub fn of_string<const N: usize>(field: &[u8; N], length: usize) -> Self {
        let mut hash = Self::EMPTY.0;
        for (at, byte) in field.iter().enumerate() {
            let byte = u64::from(*byte);
            let within = bits::below(at as u64 + 1, length as u64);
            let slash = bits::below(byte ^ u64::from(b'/'), 1);
            let next = (hash ^ byte).wrapping_mul(0x100_0000_01b3);
            hash = bits::select(within, bits::select(slash, Self::EMPTY.0, next), hash);
        }
        Self(hash)
    }

    /// Of a whole path.
    pub fn of(path: &[u8]) -> Self {
        path.iter().fold(Self::EMPTY, |hash, byte| hash.push(*byte))
    }

    /// The key under which it stands in the table.
    #[inline]
    pub const fn key(self) -> u64 {
        self.0
    }
}

/// One end of a watched connection, keyed by the address of its `sock`.
///
/// An address comes back at once when a socket is freed, so every hit is verified: `address`,
/// `peer_pid` and `peer` must be what they were.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Socket {
    /// The connection.
    pub connection: u64,
    /// Address of the other end's `sock`.
    pub peer: u64,
    /// Address of the listener's `unix_address`.
    pub address: u64,
    /// Value of `sock.sk_peer_pid`.
    pub peer_pid: u64,
    /// Bytes sent by this end.
    pub sent: u64,
    /// Bytes that may still be copied before the budget refills: with time, and when the other end
    /// speaks.
    pub tokens: u64,
    /// The same of the budget that only time refills.
    pub bulk: u64,
    /// When both were last refilled, `bpf_ktime_get_ns`.
    pub refilled: u64,
    /// One of [`super::direction`]: in which direction this end sends.
    pub direction: u32,
    /// The endpoint's number in [`Watch`], 0 if the listener was not known.
    pub endpoint: u32,
    /// tgid of the process that called connect(2), 0 where unknown.
    pub client: u32,
    /// tgid of the process that last read what this end sent.
    pub reader: u32,
    /// How often that process has changed.
    pub readers: u32,
    /// tgid of the process that accepted, 0 where unknown.
    pub server: u32,
}
