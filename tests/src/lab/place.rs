//! Where one lab lives: run directory, data directory, log and pid files. Starts nothing.

use std::ffi::CStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::mount::MountFlags;

/// Parent of every lab's sockets, pid files and state. On a tmpfs on most machines.
pub const RUN: &str = "/run/imgtrace-lab";
/// Parent of every lab's data roots and logs. Not under /tmp or /run: overlay wants a real file system below it.
const DATA: &str = "/var/lib/imgtrace-lab";
/// A socket path has 108 bytes (`sun_path`, unix(7)); this leaves room for the daemon's own part of it.
const NAME_MAX: usize = 24;

/// The directories of one lab.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    run: PathBuf,
    data: PathBuf,
}

impl Place {
    /// The place of the lab with this name. Creates nothing.
    ///
    /// # Errors
    /// The name is empty, too long, or not made of lower-case letters, digits and `-`.
    pub fn new(name: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
            bail!("a lab's name is 1 to {NAME_MAX} of a-z, 0-9 and '-', not {name:?}");
        }
        Ok(Self {
            name: name.to_owned(),
            run: Path::new(RUN).join(name),
            data: Path::new(DATA).join(name),
        })
    }

    /// The lab's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sockets, pid files and the daemons' state directories.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// Data roots, configurations and logs.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The log of one daemon: its stdout and stderr.
    pub fn log(&self, daemon: &str) -> PathBuf {
        self.data.join("log").join(daemon)
    }

    /// The pid file of one daemon.
    pub fn pid_file(&self, daemon: &str) -> PathBuf {
        self.pids().join(daemon)
    }

    /// The directory of all pid files.
    pub fn pids(&self) -> PathBuf {
        self.run.join("pids")
    }

    /// Locked by the process that holds the lab. Outlives the lab.
    pub fn lock_file(&self) -> PathBuf {
        Path::new(RUN).join(format!("{}.lock", self.name))
    }

    /// A directory below the run directory, created.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn run_dir(&self, name: &str) -> Result<PathBuf> {
        open_dir(self.run.join(name))
    }

    /// A directory below the data directory, created.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn data_dir(&self, name: &str) -> Result<PathBuf> {
        open_dir(self.data.join(name))
    }

    /// Creates the lab's directories.
    ///
    /// # Errors
    /// One of them cannot be created.
    pub(super) fn create(&self) -> Result<()> {
        open_dir(RUN.into())?;
        open_dir(DATA.into())?;
        open_dir(self.run.clone())?;
        open_dir(self.data.clone())?;
        open_dir(self.pids())?;
        open_dir(self.data.join("log"))?;
        Ok(())
    }

    /// Puts the data directory, which must be new, into memory.
    ///
    /// # Errors
    /// It cannot be mounted.
    pub(super) fn mount_memory(&self) -> Result<()> {
        rustix::mount::mount("tmpfs", &self.data, "tmpfs", MountFlags::empty(), MEMORY)
            .with_context(|| format!("failed to mount a tmpfs at {}", self.data.display()))?;
        open_dir(self.data.join("log"))?;
        Ok(())
    }
}

/// Bounds of a lab's data in memory.
const MEMORY: &CStr = c"size=2g,mode=0755";

/// Creates a directory that everybody may pass through: a caller outside a socket's group must be refused by the
/// socket's mode, not by a directory above it.
fn open_dir(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("failed to create {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests;
