//! Reads the kernel's BTF: where a member stands in a struct, what value an enumerator has.
//!
//! Only what that needs (`Documentation/bpf/btf.rst`). aya-obj reads BTF too, but keeps members
//! to itself.

use std::collections::HashMap;

use thiserror::Error;

/// `BTF_MAGIC` (`include/uapi/linux/btf.h`).
const MAGIC: u16 = 0xeb9f;
/// Types and anonymous members are followed so deep; a cycle ends here.
const DEPTH_MAX: u32 = 32;

/// Kinds of types (`BTF_KIND_*`), as far as they matter here.
mod kind {
    pub(super) const INT: u8 = 1;
    pub(super) const ARRAY: u8 = 3;
    pub(super) const STRUCT: u8 = 4;
    pub(super) const UNION: u8 = 5;
    pub(super) const ENUM: u8 = 6;
    pub(super) const TYPEDEF: u8 = 8;
    pub(super) const VOLATILE: u8 = 9;
    pub(super) const CONST: u8 = 10;
    pub(super) const RESTRICT: u8 = 11;
    pub(super) const FUNC_PROTO: u8 = 13;
    pub(super) const VAR: u8 = 14;
    pub(super) const DATASEC: u8 = 15;
    pub(super) const DECL_TAG: u8 = 17;
    pub(super) const TYPE_TAG: u8 = 18;
    pub(super) const ENUM64: u8 = 19;
}

/// Why BTF could not be read.
#[derive(Debug, Error)]
pub enum Error {
    /// No such file, or no permission.
    #[error("failed to read the kernel's type information from {path}")]
    Read {
        /// Where it was looked for.
        path: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Not BTF, or cut.
    #[error("failed to parse the kernel's type information: it is damaged")]
    Damaged,
    /// A member that the programs cannot do without.
    #[error("failed to find {0} in the kernel's type information")]
    Missing(String),
}

#[derive(Clone, Copy)]
struct Type {
    /// Where its `struct btf_type` begins.
    at: usize,
    kind: u8,
    /// `kind_flag`: member offsets carry bit-field sizes.
    flagged: bool,
    /// Number of members, enumerators or parameters.
    length: usize,
    /// Size, or the type that this one refers to.
    target: u32,
}

/// The types of a kernel.
pub struct Btf {
    bytes: Vec<u8>,
    strings: usize,
    types: Vec<Type>,
    structs: HashMap<String, u32>,
    enums: HashMap<String, u32>,
}

/// Where the running kernel keeps its BTF.
pub const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

impl Btf {
    /// The running kernel's.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is damaged.
    pub fn vmlinux() -> Result<Self, Error> {
        let bytes = std::fs::read(VMLINUX).map_err(|source| Error::Read {
            path: VMLINUX,
            source,
        })?;
        Self::parse(bytes)
    }

    /// Parses BTF in this machine's byte order.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::read(bytes).ok_or(Error::Damaged)
    }

    fn read(bytes: Vec<u8>) -> Option<Self> {
        let word = |at: usize| -> Option<u32> {
            Some(u32::from_ne_bytes(
                bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
            ))
        };
        let position = |at: usize| word(at).and_then(|value| usize::try_from(value).ok());
        if bytes.get(..2)? != MAGIC.to_ne_bytes() {
            return None;
        }
        // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len.
        let header = position(4)?;
        let begin = header.checked_add(position(8)?)?;
        let end = begin.checked_add(position(12)?)?;
        let strings = header.checked_add(position(16)?)?;
        let mut types = vec![Type {
            at: 0,
            kind: 0,
            flagged: false,
            length: 0,
            target: 0,
        }];
        let mut at = begin;
        while at < end {
            let (info, target) = (word(at + 4)?, word(at + 8)?);
            let length = usize::try_from(info & 0xffff).ok()?;
            let kind = u8::try_from((info >> 24) & 0x1f).ok()?;
            types.push(Type {
                at,
                kind,
                flagged: info >> 31 == 1,
                length,
                target,
            });
            at = at.checked_add(12 + trailer(kind, length))?;
        }
        let mut btf = Self {
            bytes,
            strings,
            types,
            structs: HashMap::new(),
            enums: HashMap::new(),
        };
        btf.index();
        Some(btf)
    }

    fn index(&mut self) {
        for (id, of) in (0_u32..).zip(self.types.clone()) {
            let Some(name) = self.word(of.at).and_then(|at| self.string(at)) else {
                continue;
            };
            if name.is_empty() {
                continue;
            }
            let name = name.to_owned();
            match of.kind {
                kind::STRUCT => drop(self.structs.entry(name).or_insert(id)),
                kind::ENUM => drop(self.enums.entry(name).or_insert(id)),
                _ => {}
            }
        }
    }

    fn word(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    }

    fn string(&self, at: u32) -> Option<&str> {
        let rest = self
            .bytes
            .get(self.strings.checked_add(usize::try_from(at).ok()?)?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(rest.get(..end)?).ok()
    }

    fn of(&self, id: u32) -> Option<Type> {
        self.types.get(usize::try_from(id).ok()?).copied()
    }

    /// Steps through typedefs, qualifiers and arrays to what they name or hold.
    fn resolve(&self, mut id: u32) -> Option<(u32, Type)> {
        for _ in 0..DEPTH_MAX {
            let of = self.of(id)?;
            id = match of.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    of.target
                }
                kind::ARRAY => self.word(of.at + 12)?,
                _ => return Some((id, of)),
            };
        }
        None
    }

    /// Offset in bytes and type of a member; members of anonymous members count as its own.
    fn member(&self, id: u32, name: &str, depth: u32) -> Option<(u32, u32)> {
        let (_, of) = self.resolve(id)?;
        if !matches!(of.kind, kind::STRUCT | kind::UNION) || depth == DEPTH_MAX {
            return None;
        }
        (0..of.length).find_map(|index| {
            // struct btf_member: name_off, type, offset in bits.
            let at = of.at + 12 + index * 12;
            let (own, target, bits) = (self.word(at)?, self.word(at + 4)?, self.word(at + 8)?);
            let bytes = (if of.flagged { bits & 0xff_ffff } else { bits }) / 8;
            match self.string(own)? {
                found if found == name => Some((bytes, target)),
                "" => {
                    let (inner, target) = self.member(target, name, depth + 1)?;
                    Some((bytes + inner, target))
                }
                _ => None,
            }
        })
    }

    /// Offset in bytes of a member such as `("sock", "__sk_common.skc_family")`.
    ///
    /// A component after a dot is looked up in the type of the embedded member before it; that of
    /// an array is its first element.
    pub fn offset(&self, of: &str, path: &str) -> Option<u32> {
        let mut id = *self.structs.get(of)?;
        let mut offset = 0_u32;
        for name in path.split('.') {
            let (bytes, target) = self.member(id, name, 0)?;
            offset = offset.checked_add(bytes)?;
            id = target;
        }
        Some(offset)
    }

    /// Size of a struct in bytes.
    pub fn size(&self, of: &str) -> Option<u32> {
        self.of(*self.structs.get(of)?).map(|of| of.target)
    }

    /// Value of an enumerator.
    pub fn enumerator(&self, of: &str, name: &str) -> Option<u32> {
        let of = self.of(*self.enums.get(of)?)?;
        (0..of.length).find_map(|index| {
            // struct btf_enum: name_off, val.
            let at = of.at + 12 + index * 8;
            (self.string(self.word(at)?)? == name).then(|| self.word(at + 4))?
        })
    }
}

/// Bytes behind a `struct btf_type`.
fn trailer(of: u8, length: usize) -> usize {
    match of {
        kind::INT | kind::VAR | kind::DECL_TAG => 4,
        kind::ARRAY => 12,
        kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => length * 12,
        kind::ENUM | kind::FUNC_PROTO => length * 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
