//! The Huffman code of strings (RFC 7541 section 5.2 and appendix B).
//!
//! The code is canonical: codes of one length are consecutive numbers in the order of their
//! symbols, and follow those of the length before. So the lengths are all there is to know, and
//! decoding is a look at the next eight bits, or, for the rarer symbols, a comparison a length.

#[cfg(test)]
mod tests;

/// Longest code, in bits.
const LONGEST: usize = 30;
/// The symbol that ends a string; it is never sent, its first bits are the padding.
const EOS: usize = 256;
/// Number of symbols, with [`EOS`].
const SYMBOLS: usize = EOS + 1;
/// How many bits are looked up at once.
const LOOK: u32 = 8;

/// Length of each symbol's code in bits (appendix B); that of [`EOS`] is [`LONGEST`].
#[rustfmt::skip]
const LENGTHS: [u8; EOS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// The code, made for decoding.
struct Code {
    /// Symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// For each length its first code, aligned to the left of 32 bits.
    first: [u32; LONGEST + 1],
    /// For each length what follows its last code, aligned to the left.
    end: [u64; LONGEST + 1],
    /// For each length the place of its first symbol in `symbols`.
    place: [u16; LONGEST + 1],
    /// For the next [`LOOK`] bits the symbol that they begin with and its length; 0 if it is
    /// longer.
    short: [(u8, u8); 1 << LOOK],
}

static CODE: Code = Code::new();

impl Code {
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "evaluated by the compiler, which refuses what goes wrong"
    )]
    const fn new() -> Self {
        let mut code = Self {
            symbols: [0; SYMBOLS],
            first: [0; LONGEST + 1],
            end: [0; LONGEST + 1],
            place: [0; LONGEST + 1],
            short: [(0, 0); 1 << LOOK],
        };
        let (mut place, mut next, mut length) = (0, 0_u64, 1);
        while length <= LONGEST {
            let step = 1 << (32 - length);
            code.first[length] = next as u32;
            code.place[length] = place as u16;
            let mut symbol = 0;
            while symbol < SYMBOLS {
                let its = if symbol == EOS {
                    LONGEST
                } else {
                    LENGTHS[symbol] as usize
                };
                if its == length {
                    code.symbols[place] = symbol as u16;
                    place += 1;
                    next = code.take(next, step, symbol, length);
                }
                symbol += 1;
            }
            code.end[length] = next;
            length += 1;
        }
        code
    }

    /// Gives the code `next` to a symbol. Returns the code behind it.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "evaluated by the compiler, which refuses what goes wrong"
    )]
    const fn take(&mut self, next: u64, step: u64, symbol: usize, length: usize) -> u64 {
        let after = next + step;
        if length <= LOOK as usize {
            let mut look = (next >> (32 - LOOK)) as usize;
            while look < (after >> (32 - LOOK)) as usize {
                self.short[look] = (symbol as u8, length as u8);
                look += 1;
            }
        }
        after
    }

    /// The symbol that `bits` begin with, and its length in bits; `None` for [`EOS`].
    fn symbol(&self, bits: u32) -> Option<(u8, u32)> {
        if let Some(&(symbol, length)) = self.short.get((bits >> (32 - LOOK)) as usize)
            && length > 0
        {
            return Some((symbol, u32::from(length)));
        }
        let lengths = self
            .first
            .iter()
            .zip(&self.end)
            .zip(&self.place)
            .zip(0_u32..);
        let (((first, _), place), length) = lengths
            .skip(LOOK as usize + 1)
            .find(|(((_, end), _), _)| u64::from(bits) < **end)?;
        let nth = (bits - first) >> (32 - length);
        let symbol = self.symbols.get(usize::from(*place) + nth as usize)?;
        Some((u8::try_from(*symbol).ok()?, length))
    }
}

/// What a coded string says; `None` if its code is none: it has the symbol for the end in it, or
/// ends in anything but less than eight bits of that symbol's beginning.
pub(super) fn decode(coded: &[u8]) -> Option<Vec<u8>> {
    // No code is shorter than five bits.
    let mut plain = Vec::with_capacity(coded.len() * 8 / 5);
    let mut coming = coded.iter();
    // Bits that are not used yet, aligned to the left, and how many.
    let (mut bits, mut count) = (0_u64, 0_u32);
    loop {
        while count <= 56 {
            let Some(byte) = coming.next() else {
                break;
            };
            bits |= u64::from(*byte) << (56 - count);
            count += 8;
        }
        if count < LOOK && bits.leading_ones() >= count {
            return Some(plain);
        }
        let (symbol, length) = CODE.symbol(u32::try_from(bits >> 32).ok()?)?;
        count = count.checked_sub(length)?;
        bits <<= length;
        plain.push(symbol);
    }
}
