use super::{CODE, LENGTHS, decode};

/// Every symbol's code, as appendix B would list it.
fn codes() -> Vec<(u8, u32, u32)> {
    let lengths = CODE.first.iter().zip(&CODE.place).zip(0_u32..).skip(1);
    let mut codes = Vec::new();
    for ((first, place), length) in lengths {
        let of_length = LENGTHS.iter().filter(|l| u32::from(**l) == length).count();
        for nth in 0..of_length {
            let symbol = CODE.symbols[usize::from(*place) + nth];
            let code = (first >> (32 - length)) + u32::try_from(nth).unwrap();
            codes.push((u8::try_from(symbol).unwrap(), code, length));
        }
    }
    codes
}

#[test]
fn the_code_is_that_of_appendix_b() {
    let codes = codes();
    assert_eq!(codes.len(), 256);
    for row in [
        (0, 0x1ff8, 13),
        (b'0', 0x0, 5),
        (b' ', 0x14, 6),
        (b':', 0x5c, 7),
        (b'&', 0xf8, 8),
        (b'\\', 0x7_fff0, 19),
        (128, 0xf_ffe6, 20),
        (249, 0xfff_fffe, 28),
        (22, 0x3fff_fffe, 30),
        (255, 0x3ff_ffee, 26),
    ] {
        assert!(codes.contains(&row), "{row:?}");
    }
}

#[test]
fn every_symbol_is_read_between_others() {
    for (symbol, code, length) in codes() {
        // The letter `a` (00011), the symbol, `a`, and ones to the end of a byte.
        let total = 5 + length + 5;
        let ones = u64::MAX >> total;
        let bits =
            0b00011 << 59 | u64::from(code) << (59 - length) | 0b00011 << (64 - total) | ones;
        let bytes = &bits.to_be_bytes()[..total.div_ceil(8) as usize];
        assert_eq!(decode(bytes), Some(vec![b'a', symbol, b'a']));
    }
}

#[test]
fn padding_is_the_beginning_of_the_end_and_shorter_than_a_byte() {
    assert_eq!(decode(&[]), Some(vec![]));
    assert_eq!(decode(&[0b0001_1111]), Some(vec![b'a']));
    assert_eq!(decode(&[0b0001_1110]), None);
    assert_eq!(decode(&[0b0001_1000]), None);
    assert_eq!(decode(&[0b0001_1111, 0xff]), None);
    assert_eq!(decode(&[0xff]), None);
    assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None, "the end itself");
    assert_eq!(decode(&[0xff, 0xff, 0xff, 0xfe]), None, "half a symbol");
}
