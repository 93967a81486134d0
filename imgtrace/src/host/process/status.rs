//! The credentials in `/proc/PID/status` (`proc_pid_status(5)`).

/// Whose rights a process has, ids as in the reader's user namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// The user id that file permissions are checked with.
    pub file_user: u32,
    /// The group id that file permissions are checked with.
    pub file_group: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Effective capabilities, bit by number.
    pub capabilities: u64,
}

impl Status {
    /// Reads the text of a status file; null if it is none.
    ///
    /// Not procfs' own reader, which gives up on a `Name:` that is no UTF-8: a process could hide
    /// behind that.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        let ids = |name| -> Option<[u32; 4]> {
            let ids: Option<Vec<_>> = field(name)?
                .split_ascii_whitespace()
                .map(|id| id.parse().ok())
                .collect();
            ids?.try_into().ok()
        };
        let [_, uid, _, file_user] = ids("Uid")?;
        let [_, gid, _, file_group] = ids("Gid")?;
        Some(Self {
            uid,
            gid,
            file_user,
            file_group,
            groups: field("Groups")?
                .split_ascii_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect(),
            capabilities: u64::from_str_radix(field("CapEff")?.trim(), 16).ok()?,
        })
    }
}
