//! Writing a recording: append, flush, rotate.
//!
//! A file that exists is never overwritten. New ones can be read by their owner alone (0600):
//! they say who works on the host, and with what.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::jsonl;
use crate::observation::Observed;

use super::context::{Alive, Context};
use super::{Continued, Header};

/// Bytes that may wait for [`Recorder::flush`]; more are written at once.
const MAX_WAITING: usize = 256 << 10;

/// Bytes that the last line of a full file may take: `{"continued":4294967295}` and a line feed.
const CLOSING: u64 = 25;

/// Why a recording cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file of that name is there.
    #[error("{} is there already, and a recording overwrites nothing", .0.display())]
    Exists(PathBuf),
    /// Pipes and devices have no room for several files.
    #[error("{} is no regular file and cannot be rotated", .0.display())]
    NotRotatable(PathBuf),
    /// The file could not be made.
    #[error("failed to create {}", path.display())]
    Create {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be moved out of the way.
    #[error("failed to rename {}", path.display())]
    Rename {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("failed to write to {}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line has no JSON.
    #[error("failed to write an observation as JSON")]
    Json(#[from] serde_json::Error),
}

/// How large a recording may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes of one file; the line that would pass them begins the next.
    pub max_size: u64,
    /// Files in all, at least 1: `FILE`, `FILE.1` (older), `FILE.2` (older still) …
    pub max_files: u32,
}

/// A recording that is being written.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    file: File,
    header: Header,
    waiting: Vec<u8>,
    /// Bytes of the present file, those that wait included.
    size: u64,
    rotation: Option<Rotating>,
}

/// What is needed to begin another file.
#[derive(Debug)]
struct Rotating {
    limits: Rotation,
    context: Context,
    /// Size at which the present file is full: more than the limit where a header and context
    /// alone would fill it, so that every file makes progress.
    full: u64,
}

impl Recorder {
    /// Makes the file and writes the header.
    ///
    /// # Errors
    /// The file is there already, or cannot be made or written.
    pub fn create(
        path: &Path,
        header: Header,
        rotation: Option<Rotation>,
    ) -> Result<Self, WriteError> {
        let older = rotation.map_or(0, |rotation| rotation.max_files.saturating_sub(1));
        if let Some(taken) = (1..=older)
            .map(|n| numbered(path, n))
            .find(|path| is_there(path))
        {
            return Err(WriteError::Exists(taken));
        }
        let file = open(path, rotation.is_some())?;
        let rotation = rotation.map(|limits| Rotating {
            limits,
            context: Context::default(),
            full: limits.max_size,
        });
        let path = path.to_owned();
        let mut recorder = Self {
            path,
            file,
            header,
            waiting: Vec::new(),
            size: 0,
            rotation,
        };
        jsonl::append(&recorder.header, &mut recorder.waiting)?;
        recorder.flush()?;
        Ok(recorder)
    }

    /// Adds a line. It is in the file after the next [`flush`](Self::flush).
    ///
    /// # Errors
    /// The file, or the next one, cannot be written.
    pub fn append(&mut self, observed: &Observed) -> Result<(), WriteError> {
        let before = self.waiting.len();
        jsonl::append(observed, &mut self.waiting)?;
        let length = bytes(self.waiting.len() - before);
        let full = self
            .rotation
            .as_ref()
            .is_some_and(|rotating| self.size + bytes(before) + length + CLOSING > rotating.full);
        if full {
            let line = self.waiting.split_off(before);
            self.rotate()?;
            self.waiting.extend_from_slice(&line);
        }
        if let Some(rotating) = &mut self.rotation {
            rotating.context.observe(observed);
        }
        if self.waiting.len() > MAX_WAITING {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes what waits, so that a kill cannot take it back.
    ///
    /// # Errors
    /// The file cannot be written; what is in it up to its last whole line can be replayed.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        let written = self.file.write_all(&self.waiting);
        written.map_err(|source| WriteError::Write {
            path: self.path.clone(),
            source,
        })?;
        self.size += bytes(self.waiting.len());
        self.waiting.clear();
        Ok(())
    }

    /// Ends the present file, moves it and the older ones on by one, and begins the next with a
    /// header and what is alive.
    fn rotate(&mut self) -> Result<(), WriteError> {
        self.header.part += 1;
        jsonl::append(
            &Continued {
                continued: self.header.part,
            },
            &mut self.waiting,
        )?;
        self.flush()?;
        let Some(rotating) = &mut self.rotation else {
            return Ok(());
        };
        make_room(&self.path, rotating.limits.max_files)?;
        self.file = open(&self.path, true)?;
        jsonl::append(&self.header, &mut self.waiting)?;
        let Alive { needed, recent } = rotating.context.alive();
        for observed in &needed {
            jsonl::append(observed, &mut self.waiting)?;
        }
        for observed in &recent {
            if 2 * bytes(self.waiting.len()) > rotating.limits.max_size {
                break;
            }
            jsonl::append(observed, &mut self.waiting)?;
        }
        rotating.full = rotating.limits.max_size.max(2 * bytes(self.waiting.len()));
        self.size = 0;
        self.flush()
    }
}

/// A length as a file's size.
fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// `FILE.n`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// True if the name is taken, be it by a symbolic link to nothing.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Opens a file that must be new, or a pipe or device that must be there.
fn open(path: &Path, regular: bool) -> Result<File, WriteError> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    match fs::metadata(path).map(|metadata| metadata.file_type()) {
        Ok(kind) if kind.is_fifo() || kind.is_char_device() => {
            if regular {
                return Err(WriteError::NotRotatable(path.to_owned()));
            }
        }
        _ => {
            options.create_new(true);
        }
    }
    options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists(path.to_owned()),
        _ => WriteError::Create {
            path: path.to_owned(),
            source,
        },
    })
}

/// `FILE.1` becomes `FILE.2`, `FILE` becomes `FILE.1`; the oldest of `max_files` goes.
fn make_room(path: &Path, max_files: u32) -> Result<(), WriteError> {
    let name = |number| {
        if number == 0 {
            path.to_owned()
        } else {
            numbered(path, number)
        }
    };
    let failed = |path: PathBuf| |source| WriteError::Rename { path, source };
    if max_files <= 1 {
        return fs::remove_file(path).map_err(failed(path.to_owned()));
    }
    for number in (0..max_files - 1).rev() {
        let (from, to) = (name(number), name(number + 1));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(failed(from))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
