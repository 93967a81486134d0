//! An HPACK encoder that uses all that RFC 7541 offers but the Huffman code.

pub(super) type Pair = (String, String);

/// The entries of the static table that the conversations need.
const FIXED: [(u64, &str, &str); 7] = [
    (1, ":authority", ""),
    (3, ":method", "POST"),
    (4, ":path", "/"),
    (6, ":scheme", "http"),
    (8, ":status", "200"),
    (13, ":status", "404"),
    (31, "content-type", ""),
];
const FIXED_LEN: u64 = 61;

/// One direction's encoder.
pub(super) struct Encoder {
    /// Newest first.
    table: Vec<Pair>,
    capacity: usize,
    /// A new capacity that the next block tells.
    resized: bool,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            table: Vec::new(),
            capacity: 4_096,
            resized: false,
        }
    }

    pub(super) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.resized = true;
        self.evict();
    }

    /// A header block; `manner` decides how each field is written.
    pub(super) fn encode(&mut self, fields: &[Pair], manner: u64) -> Vec<u8> {
        let mut block = Vec::new();
        if std::mem::take(&mut self.resized) {
            integer(&mut block, 0x20, 5, self.capacity as u64);
        }
        for (field, nth) in fields.iter().zip(0..) {
            self.field(&mut block, field, manner >> (3 * nth) & 7);
        }
        block
    }

    fn field(&mut self, block: &mut Vec<u8>, field: &Pair, manner: u64) {
        match self.index(|pair| pair == (&field.0, &field.1)) {
            Some(index) if manner != 0 => return integer(block, 0x80, 7, index),
            _ => {}
        }
        let (first, prefix) = match manner {
            0 => (0x00, 4),
            1 => (0x10, 4),
            _ => (0x40, 6),
        };
        let name = self.index(|(name, _)| name == field.0);
        integer(block, first, prefix, name.unwrap_or(0));
        if name.is_none() {
            string(block, &field.0);
        }
        string(block, &field.1);
        if first == 0x40 {
            self.table.insert(0, field.clone());
            self.evict();
        }
    }

    fn index(&self, is: impl Fn((&str, &str)) -> bool) -> Option<u64> {
        let fixed = FIXED.iter().find(|(_, name, value)| is((name, value)));
        let own = || {
            self.table
                .iter()
                .position(|(name, value)| is((name, value)))
        };
        fixed
            .map(|(index, ..)| *index)
            .or_else(|| Some(FIXED_LEN + 1 + own()? as u64))
    }

    fn evict(&mut self) {
        let size = |table: &[Pair]| -> usize {
            table
                .iter()
                .map(|(name, value)| name.len() + value.len() + 32)
                .sum()
        };
        while size(&self.table) > self.capacity {
            self.table.pop();
        }
    }
}

fn integer(block: &mut Vec<u8>, first: u8, prefix: u32, value: u64) {
    let most = (1 << prefix) - 1;
    if value < most {
        return block.push(first | u8::try_from(value).unwrap());
    }
    block.push(first | u8::try_from(most).unwrap());
    let mut rest = value - most;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 0x80);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

fn string(block: &mut Vec<u8>, text: &str) {
    integer(block, 0, 7, text.len() as u64);
    block.extend_from_slice(text.as_bytes());
}
