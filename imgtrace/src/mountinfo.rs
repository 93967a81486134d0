//! The lines of a mountinfo (`proc_pid_mountinfo(5)`, the kernel's `show_mountinfo`). Pure.

/// A mount, its texts still escaped: see [`unescape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, which is given out again when it is gone.
    pub id: u64,
    /// The mount that it is mounted on.
    pub parent: u64,
    /// Major and minor number of its file system.
    pub device: (u32, u32),
    /// The folder of the file system that is mounted; `/` is all of it.
    pub root: &'a [u8],
    /// The mount point.
    pub target: &'a [u8],
    /// The options of this mount: `rw,noatime`.
    pub flags: &'a [u8],
    /// The type, and the subtype after a dot: `fuse.fuse-overlayfs`.
    pub kind: &'a [u8],
    /// What was given as source.
    pub source: &'a [u8],
    /// The options of the file system.
    pub options: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads `36 35 0:98 / /mnt rw,noatime master:1 - overlay overlay rw,lowerdir=/a:/b`.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        // Fields have no blanks in them, and those before the dash do not consist of one.
        let dash = line.windows(3).position(|three| three == b" - ")?;
        let (before, after) = line.split_at_checked(dash)?;
        let mut before = before.split(|byte| *byte == b' ');
        let mut after = after.get(3..)?.splitn(3, |byte| *byte == b' ');
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        let (id, parent) = (number(before.next()?)?, number(before.next()?)?);
        let (major, minor) = std::str::from_utf8(before.next()?).ok()?.split_once(':')?;
        Some(Self {
            id,
            parent,
            device: (major.parse().ok()?, minor.parse().ok()?),
            root: before.next()?,
            target: before.next()?,
            flags: before.next()?,
            kind: after.next()?,
            source: after.next()?,
            options: after.next()?,
        })
    }

    /// The lines of a whole mountinfo; what is none is skipped.
    pub fn all(text: &'a [u8]) -> impl Iterator<Item = Self> {
        text.split(|byte| *byte == b'\n').filter_map(Self::parse)
    }
}

/// A field, its octal escapes resolved (`mangle_path`, `seq_escape`); what is none stays.
pub fn unescape(mut field: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    while let [first, rest @ ..] = field {
        let escape = (*first == b'\\').then(|| octal(rest)).flatten();
        let (byte, rest) = escape.unwrap_or((*first, rest));
        bytes.push(byte);
        field = rest;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that three octal digits after a backslash are, and what follows them.
pub fn octal(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = rest.split_at_checked(3)?;
    let value = digits.iter().try_fold(0u16, |sum, digit| {
        matches!(digit, b'0'..=b'7').then(|| sum * 8 + u16::from(digit - b'0'))
    })?;
    Some((u8::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests;
