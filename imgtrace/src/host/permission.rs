//! Who may search a folder or write a file: the kernel's own rules, computed from outside.
//!
//! Pure. It follows `generic_permission()` (fs/namei.c) and `posix_acl_permission()`
//! (`fs/posix_acl.c`). It knows nothing of security modules, which may refuse what is allowed here:
//! so it can explain a refusal and never excludes one.

use super::process::Status;
use super::root::{Acl, AclEntry, AclTag, Inode, Kind};

/// Capability numbers (`include/uapi/linux/capability.h`), as bits.
const CAP_DAC_OVERRIDE: u64 = 1 << 1;
const CAP_DAC_READ_SEARCH: u64 = 1 << 2;

/// What is asked for, as bits of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// To look a name up in a folder.
    Search,
    /// To connect to a socket (unix(7): "write permission on the socket").
    Write,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is allowed.
    Yes,
    /// It is refused.
    No,
    /// What is known does not tell.
    Unknown,
}

/// Ids from `first` on, `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first id, in the initial user namespace.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// The user namespace that a process' capabilities count in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// The first one: capabilities count for every file.
    Initial,
    /// Another one: they count for files whose owner and group are mapped there
    /// (`capable_wrt_inode_uidgid()`).
    Mapped {
        /// Users that are mapped.
        users: Vec<Range>,
        /// Groups that are mapped.
        groups: Vec<Range>,
    },
    /// Another one, of which nothing is known.
    Unknown,
}

/// Whose rights are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user id that files are checked with, in the initial user namespace.
    pub uid: u32,
    /// The group id that files are checked with.
    pub gid: u32,
    /// Supplementary groups, all of them.
    pub groups: Vec<u32>,
    /// Effective capabilities, bit by number.
    pub capabilities: u64,
    /// Where these count.
    pub namespace: Namespace,
}

impl Credentials {
    /// Those of a status file.
    pub fn new(status: Status, namespace: Namespace) -> Self {
        Self {
            uid: status.file_user,
            gid: status.file_group,
            groups: status.groups,
            capabilities: status.capabilities,
            namespace,
        }
    }

    /// Whether they allow what is wanted of `inode`.
    pub fn may(&self, inode: &Inode, want: Want) -> Answer {
        match self.by_mode(inode, want.bits()) {
            Answer::Yes => Answer::Yes,
            refused => match self.by_capability(inode, want) {
                Answer::No => refused,
                Answer::Unknown => Answer::Unknown,
                Answer::Yes => Answer::Yes,
            },
        }
    }

    /// The same, with one more group; null if the namespace has no such group to give.
    pub fn with_group(&self, gid: u32) -> Option<Self> {
        let can_be_had = match &self.namespace {
            Namespace::Initial => true,
            Namespace::Mapped { groups, .. } => within(groups, gid),
            Namespace::Unknown => false,
        };
        can_be_had.then(|| {
            let mut other = self.clone();
            other.groups.push(gid);
            other
        })
    }

    /// `acl_permission_check()`.
    fn by_mode(&self, inode: &Inode, want: u32) -> Answer {
        let granted = |shift: u32| Answer::of((inode.mode >> shift) & want == want);
        if self.uid == inode.uid {
            return granted(6);
        }
        // With an ACL these bits are its mask; without any of them it is not looked at.
        if inode.mode & 0o070 != 0 {
            match &inode.acl {
                Acl::None => {}
                Acl::Entries(entries) => return self.by_acl(entries, inode, want),
                Acl::Unknown => return Answer::Unknown,
            }
        }
        granted(if self.is_in(inode.gid) { 3 } else { 0 })
    }

    /// `posix_acl_permission()`, for somebody who is not the owner.
    fn by_acl(&self, entries: &[AclEntry], inode: &Inode, want: u32) -> Answer {
        let mask = entries
            .iter()
            .find(|entry| entry.tag == AclTag::Mask)
            .map_or(0o7, |entry| entry.bits);
        let mut is_member = false;
        for entry in entries {
            let group = match entry.tag {
                AclTag::User(id) if id == self.uid => {
                    return Answer::of(entry.bits & mask & want == want);
                }
                AclTag::OwnGroup => inode.gid,
                AclTag::Group(id) => id,
                AclTag::Others if !is_member => return Answer::of(entry.bits & want == want),
                _ => continue,
            };
            if self.is_in(group) {
                is_member = true;
                if entry.bits & want == want {
                    return Answer::of(entry.bits & mask & want == want);
                }
            }
        }
        Answer::No
    }

    fn by_capability(&self, inode: &Inode, want: Want) -> Answer {
        let searches = want == Want::Search && inode.kind == Kind::Folder;
        let helpful = CAP_DAC_OVERRIDE | if searches { CAP_DAC_READ_SEARCH } else { 0 };
        if self.capabilities & helpful == 0 {
            return Answer::No;
        }
        match &self.namespace {
            Namespace::Initial => Answer::Yes,
            Namespace::Mapped { users, groups } => {
                Answer::of(within(users, inode.uid) && within(groups, inode.gid))
            }
            Namespace::Unknown => Answer::Unknown,
        }
    }

    fn is_in(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }
}

fn within(ranges: &[Range], id: u32) -> bool {
    ranges.iter().any(|range| {
        id.checked_sub(range.first)
            .is_some_and(|offset| offset < range.count)
    })
}

impl Want {
    const fn bits(self) -> u32 {
        match self {
            Self::Search => 1,
            Self::Write => 2,
        }
    }
}

impl Answer {
    const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests;
