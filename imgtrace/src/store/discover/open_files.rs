//! The files that a daemon has open: the surest word on where its books are.

use std::fs;

/// Descriptors of one process that are looked at.
const FILES_MOST: usize = 16_384;

/// What their books are called at the end.
const DATABASE: &str = ".db";

/// Bytes of a path that is remembered.
const PATH_MOST: usize = 4_096;

/// The databases that a process has open, by their paths as it sees them.
#[derive(Debug, Default)]
pub(super) struct OpenFiles(Vec<String>);

impl OpenFiles {
    /// Those of a living process; none if it is gone or may not be looked at.
    pub(super) fn of(pid: u32) -> Self {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            return Self::default();
        };
        let paths = entries
            .flatten()
            .take(FILES_MOST)
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .filter_map(|path| path.into_os_string().into_string().ok())
            // What is removed ends in ` (deleted)`, and a socket in `]`.
            .filter(|path| path.starts_with('/') && path.ends_with(DATABASE))
            .filter(|path| path.len() <= PATH_MOST);
        Self(paths.collect())
    }

    /// The file that ends in `name`, and the folder that is before it.
    pub(super) fn ending(&self, name: &str) -> Option<(&str, &str)> {
        let mut files = self.0.iter();
        files.find_map(|path| Some((path.as_str(), path.strip_suffix(name)?)))
    }

    /// The file whose path has `folder` in it, with what is before and after that.
    pub(super) fn below(&self, folder: &str) -> Option<(&str, &str, &str)> {
        let mut files = self.0.iter();
        files.find_map(|path| {
            let (before, after) = path.rsplit_once(folder)?;
            Some((path.as_str(), before, after))
        })
    }
}

#[cfg(test)]
impl OpenFiles {
    pub(super) fn these(paths: &[&str]) -> Self {
        Self(paths.iter().map(|&path| path.to_owned()).collect())
    }
}
