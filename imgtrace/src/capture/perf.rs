//! One perf buffer per CPU, drained and merged into one order.
//!
//! Within one direction of a connection the order across CPUs is safe already: a reader holds its
//! socket's lock while it consumes. Across connections the records' clock decides: take the clock,
//! drain every CPU, sort, and release what is older than the clock by more than a record takes to
//! be written.

use std::os::fd::{AsFd as _, OwnedFd};

use aya::{
    maps::{
        MapData, PerfEventArray,
        perf::{PerfBufferError, PerfEvent, PerfEventArrayBuffer},
    },
    util::online_cpus,
};
use rustix::{
    event::epoll,
    time::{ClockId, clock_gettime},
};
use thiserror::Error;
use tokio::io::unix::AsyncFd;

use super::event::Event;

/// A record is stamped when its program begins and is in the buffer when it ends. No program takes
/// so long, preemption being off.
const SETTLE_NS: u64 = 2_000_000;
/// The least that a CPU's buffer has, in pages of 4 KiB.
const PAGES_MIN: usize = 64;
/// The most that a CPU's buffer has: one CPU of a small machine needs no more.
const PAGES_MAX: usize = 8_192;
const PAGE_BYTES: usize = 4_096;

/// Why the buffers could not be set up.
#[derive(Debug, Error)]
pub enum Error {
    /// The list of CPUs.
    #[error("failed to read {path}")]
    Cpus {
        /// The file.
        path: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// One CPU's buffer.
    #[error("failed to open the perf buffer of CPU {cpu}")]
    Open {
        /// Which CPU.
        cpu: u32,
        /// Why.
        source: PerfBufferError,
    },
    /// The means of waiting for all of them.
    #[error("failed to wait for the perf buffers")]
    Wait(#[source] std::io::Error),
}

/// The buffers of all CPUs.
pub(super) struct Buffers {
    per_cpu: Vec<PerfEventArrayBuffer<MapData>>,
    /// One descriptor that becomes readable with any of them.
    ready: AsyncFd<OwnedFd>,
    /// Drained, not released yet.
    pending: Vec<Event>,
    unreadable: u64,
}

/// What `CLOCK_MONOTONIC` says, in ns.
pub fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

impl Buffers {
    /// Opens a buffer for every CPU that is online, `budget` bytes in all.
    ///
    /// # Errors
    ///
    /// If the kernel refuses one.
    pub(super) fn open(mut map: PerfEventArray<MapData>, budget: usize) -> Result<Self, Error> {
        let cpus = online_cpus().map_err(|(path, source)| Error::Cpus { path, source })?;
        let share = budget / PAGE_BYTES / cpus.len().max(1);
        // The kernel wants a power of two.
        let pages = (share.clamp(PAGES_MIN, PAGES_MAX) + 1).next_power_of_two() / 2;
        let wait = |error: rustix::io::Errno| Error::Wait(error.into());
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(wait)?;
        let mut per_cpu = Vec::with_capacity(cpus.len());
        for cpu in cpus {
            let buffer = map
                .open(cpu, Some(pages))
                .map_err(|source| Error::Open { cpu, source })?;
            let data = epoll::EventData::new_u64(u64::from(cpu));
            epoll::add(&epoll, buffer.as_fd(), data, epoll::EventFlags::IN).map_err(wait)?;
            per_cpu.push(buffer);
        }
        #[expect(
            unsafe_code,
            reason = "tokio asks for a promise that the descriptor stays open"
        )]
        // SAFETY: an `OwnedFd` that only the `AsyncFd` holds.
        let ready =
            unsafe { AsyncFd::register(epoll) }.map_err(|error| Error::Wait(error.into()))?;
        Ok(Self {
            per_cpu,
            ready,
            pending: Vec::new(),
            unreadable: 0,
        })
    }

    /// Waits until there is something to drain.
    pub(super) async fn readable(&self) {
        // The descriptor stays valid as long as `self`; an error would come back at the next call.
        if let Ok(mut guard) = self.ready.readable().await {
            guard.clear_ready();
        }
    }

    /// True if a drained record waits for its release.
    pub(super) fn settling(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Moves everything that can be put in order into `events`; returns the time before which
    /// nothing more will come, ns of `CLOCK_MONOTONIC`.
    pub(super) fn drain(&mut self, events: &mut Vec<Event>) -> u64 {
        let until = monotonic().saturating_sub(SETTLE_NS);
        self.drain_until(until, events);
        until
    }

    /// Moves everything into `events`, for the end of a run.
    pub(super) fn drain_all(&mut self, events: &mut Vec<Event>) {
        self.drain_until(u64::MAX, events);
    }

    fn drain_until(&mut self, until: u64, events: &mut Vec<Event>) {
        let Self {
            per_cpu,
            pending,
            unreadable,
            ..
        } = self;
        for buffer in per_cpu {
            buffer.for_each(|event| match event {
                PerfEvent::Sample { head, tail } => {
                    // A sample that wraps around the buffer's end comes in two parts.
                    let parsed = if tail.is_empty() {
                        Event::parse(head)
                    } else {
                        Event::parse(&[head, tail].concat())
                    };
                    match parsed {
                        Some(event) => pending.push(event),
                        None => *unreadable += 1,
                    }
                }
                // The programs count what the kernel refused, also where a CPU has no buffer.
                PerfEvent::Lost { .. } => {}
            });
        }
        pending.sort_by_key(|event| event.at);
        let released = pending.partition_point(|event| event.at <= until);
        events.extend(pending.drain(..released));
    }

    /// Records that could not be read, since the last call; a bug if there are any.
    pub(super) fn take_unreadable(&mut self) -> u64 {
        std::mem::take(&mut self.unreadable)
    }
}
