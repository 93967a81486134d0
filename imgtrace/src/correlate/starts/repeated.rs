//! A container that is started over and over: what is said at once, and what is gathered.

use crate::model::{Operation, Stamp};

/// Starts of one container that are told one by one before later ones are gathered.
const AT_ONCE: u32 = 3;

/// ns between two lines of one container that is started over and over: at first, and at the most.
/// From one line to the next it doubles.
const EVERY: (u64, u64) = (2_000_000_000, 60_000_000_000);

/// ns without a start after which the next ones are told one by one again.
const QUIET: u64 = 600_000_000_000;

/// What was told of a container's starts without a client.
#[derive(Debug, Default)]
pub(in crate::correlate) struct Repeated {
    lines: u32,
    /// When the latest line was told, ns.
    last: u64,
    gathered: Option<Gathered>,
}

/// Starts that are not told yet.
#[derive(Debug)]
struct Gathered {
    /// When the first of them began.
    first: Stamp,
    count: u64,
    /// The latest of them.
    latest: Operation,
}

impl Repeated {
    /// Takes in a start; returns what is to be told now, with all that has gathered.
    pub(super) fn offer(&mut self, operation: Operation, mono: u64) -> Option<Operation> {
        if mono.saturating_sub(self.last) > QUIET {
            self.lines = 0;
        }
        let before = self.gathered.take();
        self.gathered = Some(Gathered {
            first: before.as_ref().map_or(operation.at, |before| before.first),
            count: before.map_or(0, |before| before.count) + operation.count,
            latest: operation,
        });
        self.pop_due(mono)
    }

    /// When what has gathered is to be told, ns; none if there is nothing.
    pub(super) fn due(&self) -> Option<u64> {
        self.gathered.as_ref()?;
        let more = self.lines.checked_sub(AT_ONCE);
        Some(more.map_or(0, |more| self.last.saturating_add(pause(more))))
    }

    /// What has gathered, if it is time to tell it.
    pub(super) fn pop_due(&mut self, mono: u64) -> Option<Operation> {
        self.due().filter(|due| *due <= mono)?;
        self.lines = self.lines.saturating_add(1);
        self.last = mono;
        self.take()
    }

    /// What has gathered.
    pub(super) fn take(&mut self) -> Option<Operation> {
        let gathered = self.gathered.take()?;
        Some(Operation {
            at: gathered.first,
            count: gathered.count,
            ..gathered.latest
        })
    }

    /// Takes one start out of what has gathered: somebody asked for it after all.
    pub(super) fn give_back(&mut self) {
        if let Some(gathered) = &mut self.gathered {
            gathered.count = gathered.count.saturating_sub(1);
            if gathered.count == 0 {
                self.gathered = None;
            }
        }
    }
}

/// ns from a line to the next one, `more` lines after those that were told at once.
fn pause(more: u32) -> u64 {
    let (least, most) = EVERY;
    least
        .checked_shl(more)
        .map_or(most, |pause| pause.clamp(least, most))
}

#[cfg(test)]
mod tests;
