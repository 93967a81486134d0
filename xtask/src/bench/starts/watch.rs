//! When something is mounted, by /proc/self/mountinfo, which says at once that it has changed (proc(5)). Knows nothing of
//! imgtrace: it is the clock that imgtrace is held against.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often the watching thread sees whether it is still wanted.
const BREATH: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Watches until it is dropped.
pub(super) struct Mounts {
    first: Arc<Mutex<Option<Instant>>>,
}

impl Mounts {
    /// Watches for overlays mounted below this folder.
    pub(super) fn below(folder: &Path) -> Result<Self> {
        let first = Arc::default();
        let mut table = File::open("/proc/self/mountinfo").context("failed to open mountinfo")?;
        let shared = Arc::downgrade(&first);
        let prefix = format!(" {}/", folder.display());
        let mut known = count(&mut table, &prefix)?;
        thread::spawn(move || watch(&mut table, &prefix, &mut known, &shared));
        Ok(Self { first })
    }

    /// Forgets what was mounted so far.
    pub(super) fn forget(&self) {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// When the first one since then was mounted.
    pub(super) fn first(&self) -> Option<Instant> {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch(table: &mut File, prefix: &str, known: &mut usize, shared: &Weak<Mutex<Option<Instant>>>) {
    while let Some(first) = shared.upgrade() {
        let mut poll_for = [PollFd::new(table, PollFlags::PRI)];
        if !matches!(poll(&mut poll_for, Some(&BREATH)), Ok(1)) {
            continue;
        }
        let now = Instant::now();
        let Ok(mounted) = count(table, prefix) else {
            return;
        };
        if mounted > *known {
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(now);
        }
        *known = mounted;
    }
}

/// How many overlays are mounted there.
fn count(table: &mut File, prefix: &str) -> Result<usize> {
    let mut text = String::new();
    table.seek(SeekFrom::Start(0))?;
    table.read_to_string(&mut text)?;
    let ours = |line: &&str| line.contains(prefix) && line.contains(" - overlay ");
    Ok(text.lines().filter(ours).count())
}
