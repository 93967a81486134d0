//! Attempts to connect that the daemon may never see.
//!
//! The connect hook sees attempts and not results, and the absence of a connection proves nothing:
//! a busy daemon accepts late. So an attempt counts as refused on positive evidence from the caller's
//! own root, taken at once, and only if no accept(2) contradicts it for a while.

use std::time::Duration;

use imgtrace_common::ConnectAttempt;

use super::{Observer, processes};
use crate::{
    capture::{Capture, Error},
    host::refused::{Attempt, Known, Refusal, Sockets},
    model::{EndpointId, ProcessKey, Stamp},
    observation::{Observation, Observed},
};

/// How long an accept(2) may contradict the evidence, in ns.
const DOUBT_NS: u64 = 200_000_000;
/// Attempts in doubt at the most: each holds its caller's mount namespace. More are not judged.
const DOUBTFUL_MAX: usize = 512;
/// The least time between two looks at all open files for the sake of an attempt.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Attempts that wait at the most. More are not reported, and the log says so.
const WAITING_MAX: usize = 4_096;

/// One connect(2) that was refused, by all that is known.
pub(super) struct Waiting {
    pub(super) at: Stamp,
    pub(super) process: ProcessKey,
    /// The path as the caller gave it.
    pub(super) path: String,
    pub(super) refusal: Refusal,
}

/// One connect(2) that can only be judged after another look at the open files.
struct Doubtful {
    at: Stamp,
    process: ProcessKey,
    path: String,
    attempt: Attempt,
}

/// The attempts that are not settled.
#[derive(Default)]
pub(super) struct Attempts {
    waiting: Vec<Waiting>,
    doubtful: Vec<Doubtful>,
}

impl Attempts {
    /// Lets an attempt wait for contradiction.
    pub(super) fn tried(&mut self, waiting: Waiting) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push(waiting);
        } else {
            tracing::warn!("too many refused connections at once: one is not reported");
        }
    }

    /// A connection of this process to `endpoint` was accepted at `at` (ns): its first attempt
    /// there before it succeeded, since a listener takes connections in their order.
    pub(super) fn accepted(&mut self, client: u32, endpoint: EndpointId, at: u64) {
        let attempt = self.waiting.iter().position(|waiting| {
            let there = waiting
                .refusal
                .endpoint
                .is_none_or(|tried| tried == endpoint);
            waiting.process.pid == client && there && waiting.at.mono < at
        });
        if let Some(attempt) = attempt {
            self.waiting.remove(attempt);
            return;
        }
        let attempt = self
            .doubtful
            .iter()
            .position(|doubtful| doubtful.process.pid == client && doubtful.at.mono < at);
        if let Some(attempt) = attempt {
            self.doubtful.remove(attempt);
        }
    }

    /// The attempts that nothing has contradicted at `now` (ns of `CLOCK_MONOTONIC`).
    pub(super) fn ripe(&mut self, now: u64) -> Vec<Waiting> {
        let (mut ripe, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.at.mono.saturating_add(DOUBT_NS) <= now);
        self.waiting = waiting;
        ripe.sort_by_key(|waiting| waiting.at);
        ripe
    }
}

impl Observer {
    /// Looks for evidence that a connect(2) is refused, while its process is still there.
    pub(super) fn attempted(&mut self, attempt: &ConnectAttempt, at: Stamp) {
        let process = processes::key(attempt.pid, attempt.start);
        let path = processes::text(&attempt.path);
        let Some(caller) = self.processes.get(process) else {
            return;
        };
        let rights = self.processes.credentials(process);
        let Some(attempt) = Attempt::new(caller, path.as_bytes(), at, rights) else {
            return;
        };
        let refusal = self.judge(&attempt);
        let nobody_listens = refusal
            .as_ref()
            .is_some_and(|of| of.denial.errno == "ECONNREFUSED");
        // What the last look saw may have changed: a listener may have come, or died.
        if nobody_listens || self.endpoints.has_lost_its_server() {
            if self.attempts.doubtful.len() < DOUBTFUL_MAX {
                let doubtful = Doubtful {
                    at,
                    process,
                    path,
                    attempt,
                };
                self.attempts.doubtful.push(doubtful);
            }
        } else if let Some(refusal) = refusal {
            self.attempts.tried(Waiting {
                at,
                process,
                path,
                refusal,
            });
        }
    }

    /// Judges what was in doubt after one more look at the open files: one for all, and not more
    /// often than [`LOOK_INTERVAL`], whoever tries in a loop.
    ///
    /// # Errors
    ///
    /// If the open files cannot be listed any more.
    pub(super) fn settle(&mut self, capture: &mut Capture) -> Result<(), Error> {
        let soonest = LOOK_INTERVAL.max(self.scan_cost * 10);
        if self.attempts.doubtful.is_empty() || self.scanned.elapsed() < soonest {
            return Ok(());
        }
        self.scan(capture)?;
        self.judge_doubtful();
        Ok(())
    }

    /// Judges what was in doubt on the last look.
    pub(super) fn judge_doubtful(&mut self) {
        for doubtful in std::mem::take(&mut self.attempts.doubtful) {
            let Doubtful {
                at,
                process,
                path,
                attempt,
            } = doubtful;
            if let Some(refusal) = self.judge(&attempt) {
                self.attempts.tried(Waiting {
                    at,
                    process,
                    path,
                    refusal,
                });
            }
        }
    }

    fn judge(&mut self, attempt: &Attempt) -> Option<Refusal> {
        let known = self.known();
        let sockets = Sockets {
            listening: &self.listening,
            known: &known,
        };
        attempt.judge(sockets, self.processes.users())
    }

    /// Observes the refused connections that no accept(2) has contradicted by `now` (ns).
    pub(super) fn refuse(&mut self, now: u64) {
        for Waiting {
            at,
            process,
            path,
            refusal,
        } in self.attempts.ripe(now)
        {
            self.processes.say(process, at, &mut self.out);
            let Refusal {
                endpoint,
                runtime,
                denial,
            } = refusal;
            let what = Observation::Refused {
                process,
                path,
                endpoint,
                runtime,
                denial,
                seen: false,
            };
            self.out.push(Observed { at, what });
        }
    }

    /// The endpoints, as far as a refusal may be about one: who connects to a shim is not looked
    /// at.
    fn known(&self) -> Vec<Known> {
        let mount_ns = |server: ProcessKey| {
            self.processes
                .get(server)
                .map_or(0, |process| process.mount_ns)
        };
        self.endpoints
            .daemons()
            .map(|endpoint| {
                let server = endpoint.server.as_ref().map(|server| server.process);
                Known {
                    id: endpoint.id,
                    runtime: endpoint.runtime,
                    path: endpoint.path.clone(),
                    listener: endpoint.listener,
                    mount_ns: server.map_or(0, mount_ns),
                    server: server.map(|server| server.pid),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
