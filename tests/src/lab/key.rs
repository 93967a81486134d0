//! A short stable key of some bytes, for names of folders and interfaces. Not for anything that an attacker picks.

/// FNV-1a, 64 bits (draft-eastlake-fnv), with the length of each part before it so that parts cannot run together.
pub(super) fn of<P: AsRef<[u8]>>(parts: &[P]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let part = |hash: u64, part: &P| {
        let part = part.as_ref();
        let length = part.len().to_le_bytes();
        length
            .iter()
            .chain(part)
            .fold(hash, |hash, byte| step(hash, *byte))
    };
    parts.iter().fold(OFFSET, part)
}

#[cfg(test)]
mod tests;
