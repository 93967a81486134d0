//! The files of a store, as the process that uses the store sees them.
//!
//! A store inside a container is the container's to arrange, so nothing here trusts it: no link
//! is followed within a store, no other file system is entered there, nothing but regular files is
//! opened, and every read has a bound.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;
use thiserror::Error;

use crate::host::root::{Root, Walk};

/// A process' view of the file tree.
#[derive(Debug)]
pub struct View(Root);

/// A folder of a store.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    /// Its path, as the process sees it that uses the store.
    pub path: String,
}

/// What of a file or folder is another when it was written, or another was put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileVersion {
    /// `st_ino`.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// When its content was last written (`st_mtim`): seconds since 1970, and nanoseconds. A
    /// folder's is when a name in it was made, put in another's place or taken away.
    pub written: (i64, i64),
    /// When anything of it last changed (`st_ctim`), which no program can set.
    pub changed: (i64, i64),
}

/// Why something in a store could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReadError {
    /// It is not there.
    #[error("{0} is not there")]
    Missing(String),
    /// It is there, but no regular file or no folder, or behind a link or another file system.
    #[error("{0} is not what it should be")]
    Strange(String),
    /// It is larger than what is read of such a file.
    #[error("{path} is larger than {most} bytes")]
    TooLarge {
        /// Which file.
        path: String,
        /// The bound.
        most: u64,
    },
    /// The kernel refuses.
    #[error("failed to read {path}: {reason}")]
    Refused {
        /// Which file.
        path: String,
        /// The error number's text.
        reason: String,
    },
}

impl View {
    /// The view of a living process; none if it is gone.
    pub fn of(pid: u32) -> Option<Self> {
        Root::of(pid).map(Self)
    }

    /// A folder by its absolute path, links resolved as that process would. None if it is not
    /// there, or on a file system that answers from user space or from the network: that is never
    /// asked.
    pub fn folder(&self, path: &str) -> Option<Folder> {
        let Walk::Found { file, .. } = self.0.walk(path.as_bytes()) else {
            return None;
        };
        let is_folder = FileType::from_raw_mode(fstat(&file).ok()?.st_mode).is_dir();
        is_folder.then(|| Folder {
            fd: file,
            path: path.to_owned(),
        })
    }

    /// The bytes of a regular file by its absolute path, such as a configuration: links are resolved
    /// and mounts entered as that process would, for these files are often linked or mounted. None
    /// if it is not there, has more than `most` bytes, or cannot be reached safely.
    pub fn read(&self, path: &str, most: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = self.0.open(path)?;
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .ok()?;
        let length = u64::try_from(bytes.len()).ok()?;
        (length <= most).then_some(bytes)
    }
}

impl Folder {
    /// `st_dev` and `st_ino`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn identity(&self) -> Result<(u64, u64), ReadError> {
        let stat = fstat(&self.fd).map_err(|errno| self.error("", errno))?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// The user that it belongs to (`st_uid`), as the initial user namespace numbers users.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn owner(&self) -> Result<u32, ReadError> {
        let stat = fstat(&self.fd).map_err(|errno| self.error("", errno))?;
        Ok(stat.st_uid)
    }

    /// The version of a regular file or folder below this one, or with `.` of itself. It opens
    /// nothing for reading.
    ///
    /// # Errors
    /// It is not there, is neither file nor folder, or a link is in the way.
    pub fn version(&self, name: &str) -> Result<FileVersion, ReadError> {
        let fd = self.open(name, OFlags::PATH)?;
        let stat = fstat(&fd).map_err(|errno| self.error(name, errno))?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if !kind.is_file() && !kind.is_dir() {
            return Err(ReadError::Strange(self.path_of(name)));
        }
        Ok(FileVersion {
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            written: (stat.st_mtime, fraction(stat.st_mtime_nsec)),
            changed: (stat.st_ctime, fraction(stat.st_ctime_nsec)),
        })
    }

    /// A folder below this one: `overlay2/3f9c…`.
    ///
    /// # Errors
    /// It is not there, is no folder, or a link is in the way.
    pub fn folder(&self, name: &str) -> Result<Self, ReadError> {
        let fd = self.open(name, OFlags::PATH | OFlags::DIRECTORY)?;
        let path = self.path_of(name);
        Ok(Self { fd, path })
    }

    /// The bytes of a regular file below this folder.
    ///
    /// # Errors
    /// It is not there, is no regular file, a link is in the way, or it has more than `most` bytes.
    pub fn read(&self, name: &str, most: u64) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        let file = self.file(name)?;
        let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| ReadError::Refused {
            path: self.path_of(name),
            reason: error.to_string(),
        })?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
            let path = self.path_of(name);
            return Err(ReadError::TooLarge { path, most });
        }
        Ok(bytes)
    }

    /// A regular file below this folder, open for reading.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn file(&self, name: &str) -> Result<File, ReadError> {
        // A pipe would block; it is no regular file and is refused after it was opened so.
        let fd = self.open(name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let stat = fstat(&fd).map_err(|errno| self.error(name, errno))?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return Err(ReadError::Strange(self.path_of(name)));
        }
        Ok(File::from(fd))
    }

    /// The names in this folder in no order, at most `most` of them; true if there are more.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn names(&self, most: usize) -> Result<(Vec<String>, bool), ReadError> {
        let mut names = Vec::new();
        let more = self.each_name(most, |name| names.push(name.to_owned()))?;
        Ok((names, more))
    }

    /// Hands each name in this folder to `see`, in no order, at most `most` of them; true if there
    /// are more.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn each_name(&self, most: usize, mut see: impl FnMut(&str)) -> Result<bool, ReadError> {
        let fd = self.open(".", OFlags::RDONLY | OFlags::DIRECTORY)?;
        let entries = Dir::new(fd).map_err(|errno| self.error("", errno))?;
        let mut seen = 0;
        for entry in entries {
            let entry = entry.map_err(|errno| self.error("", errno))?;
            let name = entry.file_name().to_string_lossy();
            if matches!(&*name, "." | "..") {
                continue;
            }
            if seen == most {
                return Ok(true);
            }
            seen += 1;
            see(&name);
        }
        Ok(false)
    }

    fn open(&self, name: &str, flags: OFlags) -> Result<OwnedFd, ReadError> {
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_XDEV
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC;
        openat2(self.fd.as_fd(), name, flags, Mode::empty(), resolve)
            .map_err(|errno| self.error(name, errno))
    }

    fn path_of(&self, name: &str) -> String {
        format!("{}/{name}", self.path.trim_end_matches('/'))
    }

    fn error(&self, name: &str, errno: Errno) -> ReadError {
        let path = self.path_of(name);
        match errno {
            Errno::NOENT => ReadError::Missing(path),
            Errno::LOOP | Errno::XDEV | Errno::NOTDIR => ReadError::Strange(path),
            errno => ReadError::Refused {
                path,
                reason: errno.to_string(),
            },
        }
    }
}

impl FileVersion {
    /// When its content was last written: seconds since 1970; none before that.
    pub fn written_at(&self) -> Option<u64> {
        u64::try_from(self.written.0).ok()
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Nanoseconds, which are of another type on other machines.
fn fraction(nanoseconds: impl TryInto<i64>) -> i64 {
    nanoseconds.try_into().unwrap_or(0)
}

#[cfg(test)]
mod tests;
