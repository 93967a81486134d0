//! The inside of a JSON string: escapes resolved, and no more kept than is wanted.

/// What a byte has done to a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on.
    More,
    /// It was the closing quote.
    End,
    /// No string may have it.
    Invalid,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// Behind a backslash.
    Begun,
    /// Behind `\u`: the digits so far and how many they are.
    Unicode(u16, u8),
}

/// A string, number or key as it is read.
#[derive(Debug, Default)]
pub(super) struct Text {
    bytes: Vec<u8>,
    limit: usize,
    escape: Escape,
    /// The first half of a character beyond the basic plane.
    high: Option<u16>,
}

impl Text {
    /// Begins a text of which at most `limit` bytes are kept.
    pub(super) fn begin(&mut self, limit: usize) {
        self.bytes.clear();
        self.limit = limit;
        self.escape = Escape::None;
        self.high = None;
    }

    /// Takes a byte as it is.
    pub(super) fn push(&mut self, byte: u8) {
        if self.bytes.len() < self.limit {
            self.bytes.push(byte);
        }
    }

    /// Takes a byte from between the quotes, or the closing one.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        match (self.escape, byte) {
            (Escape::None, b'\\') => self.escape = Escape::Begun,
            (Escape::None, b'"') => {
                self.lone_half();
                return Step::End;
            }
            (Escape::None, 0..0x20) => return Step::Invalid,
            (Escape::None, _) => self.plain(byte),
            (Escape::Begun, b'u') => self.escape = Escape::Unicode(0, 0),
            (Escape::Begun, _) => match resolve(byte) {
                Some(resolved) => self.plain(resolved),
                None => return Step::Invalid,
            },
            (Escape::Unicode(value, digits), _) => match hex(byte) {
                Some(digit) => self.digit(value << 4 | digit, digits + 1),
                None => return Step::Invalid,
            },
        }
        Step::More
    }

    /// What was kept; bytes that are no UTF-8 are replaced.
    pub(super) fn take(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        self.bytes.clear();
        text
    }

    fn plain(&mut self, byte: u8) {
        self.lone_half();
        self.escape = Escape::None;
        self.push(byte);
    }

    fn digit(&mut self, value: u16, digits: u8) {
        if digits < 4 {
            self.escape = Escape::Unicode(value, digits);
            return;
        }
        self.escape = Escape::None;
        let first = self.high.take();
        if let Some(high) = first
            && let Some(Ok(pair)) = char::decode_utf16([high, value]).next()
        {
            return self.character(pair);
        }
        self.high = first;
        self.lone_half();
        if (0xd800..0xdc00).contains(&value) {
            self.high = Some(value);
        } else {
            let character = char::from_u32(value.into());
            self.character(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    /// Half of a character that has no other half is replaced, as Go does.
    fn lone_half(&mut self) {
        if self.high.take().is_some() {
            self.character(char::REPLACEMENT_CHARACTER);
        }
    }

    fn character(&mut self, character: char) {
        for &byte in character.encode_utf8(&mut [0; 4]).as_bytes() {
            self.push(byte);
        }
    }
}

const fn resolve(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' | b'/' => byte,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

const fn hex(byte: u8) -> Option<u16> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => return None,
    } as u16)
}
