//! Comparisons without a branch.
//!
//! BPF has no instruction that turns a comparison into a number, so each `if` in a loop doubles
//! what a verifier may have to look at: up to 6.1 it gave up (a million instructions) on loops over
//! a path with two of them. Here the sign of a difference is the answer.

use core::hint::black_box;

/// All bits set if `one < other`, else none; both below 2^63.
#[inline]
pub fn below(one: u64, other: u64) -> u64 {
    // Hidden, or the compiler makes a comparison of it again.
    let difference = black_box(one.wrapping_sub(other));
    0_u64.wrapping_sub(difference >> 63)
}

/// `yes` where all bits of `mask` are set, `no` where none is.
#[inline]
pub const fn select(mask: u64, yes: u64, no: u64) -> u64 {
    (yes & mask) | (no & !mask)
}

/// 1 for an ASCII hexadecimal digit, else 0.
#[inline]
pub fn hex_digit(byte: u8) -> u64 {
    let within = |byte: u64, first: u8, last: u8| {
        !below(byte, u64::from(first)) & below(byte, u64::from(last) + 1)
    };
    let (byte, lower) = (u64::from(byte), u64::from(byte | 0x20));
    (within(byte, b'0', b'9') | within(lower, b'a', b'f')) & 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_are_told_from_all_other_bytes() {
        for byte in 0..=u8::MAX {
            assert_eq!(hex_digit(byte) == 1, byte.is_ascii_hexdigit(), "{byte}");
        }
    }

    #[test]
    fn comparisons_are_those_of_numbers() {
        for (one, other) in [(0, 0), (0, 1), (1, 0), (107, 108), (108, 108), (1 << 62, 1)] {
            assert_eq!(below(one, other) == u64::MAX, one < other);
            assert_eq!(below(one, other) == 0, one >= other);
        }
        assert_eq!((select(u64::MAX, 3, 5), select(0, 3, 5)), (3, 5));
    }
}
