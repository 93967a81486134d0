//! How long what is waited for, and what becomes of it then.

use super::{MAX_OPEN, Moment, Operations};
use crate::correlate::chain::Said;
use crate::correlate::daemon;
use crate::correlate::owner;
use crate::correlate::request::End;
use crate::model::Stamp;
use crate::observation::RequestId;

/// Chains that may turn out to be part of another; the oldest is decided when there are more.
const MAX_UNCLAIMED: usize = 1_024;

/// ns that a daemon's request waits for the one that it is part of: from its begin until it is said
/// to have begun, and from its end until it is said to have ended. A request that is part of
/// another is all but always understood after it; what comes late are outer requests whose method
/// is concluded from their answer, and their answer is the next thing that happens.
///
/// Time passes by the observations; while nothing else happens there is a tick every second.
const WAIT: u64 = 500_000_000;

/// ns that it waits at most where a request is under way that will tell the id that decides: a
/// sandbox' id stands in the answer alone.
const WAIT_FOR_ID: u64 = 10_000_000_000;

/// ns that it waits at most, from its end, where its client may have been asked on a connection that
/// was joined: which of two methods was called there is told by the next list of states alone, for
/// which the decoder waits 15 s (`decode/inference/waiting.rs`), and the call ends a little later
/// than what it caused.
pub(super) const WAIT_FOR_STATES: u64 = 16_000_000_000;

/// ns that an operation is kept after its end, for what is part of it and is understood later.
const KEEP: u64 = 1_000_000_000;

impl Operations {
    /// Lets a chain wait for the request that it is part of.
    pub(super) fn wait(&mut self, root: RequestId, at: Stamp) {
        self.chains.wake(root, at.mono.saturating_add(WAIT));
    }

    /// Keeps a chain that has been told to the end.
    pub(super) fn keep(&mut self, root: RequestId, at: Stamp) {
        self.chains.keep(root);
        self.chains.wake(root, at.mono.saturating_add(KEEP));
    }

    /// Decides what has waited for long enough, and forgets what was kept for long enough.
    pub(super) fn pass_time(&mut self, now: &mut Moment<'_>) {
        while let Some(root) = self.chains.pop_due(now.at.mono) {
            match self.chains.get(root).map(|chain| chain.said) {
                Some(Said::Ended(_)) => {
                    self.chains.remove(root);
                }
                Some(Said::Nothing | Said::Began(_)) if self.unsettled.contains(&root) => {
                    self.settled(root, true, now);
                }
                Some(Said::Nothing | Said::Began(_)) => self.decide(root, now),
                None => {}
            }
        }
        while let Some(name) = self.starts.pop_due(now.at.mono) {
            self.starts_due(&name, now);
        }
        self.appearances_due(false, now);
    }

    /// Tells the images for which no request has come.
    fn appearances_due(&mut self, is_end: bool, now: &mut Moment<'_>) {
        loop {
            let chains = &self.chains;
            let due = self.appearances.pop_due(now.at, is_end, now.world, chains);
            if due.is_none() {
                return;
            }
            self.say_appeared(due, now);
        }
    }

    /// Decides about a daemon's request that has waited for its owner.
    fn decide(&mut self, root: RequestId, now: &mut Moment<'_>) {
        let Some(chain) = self.chains.get(root) else {
            return;
        };
        let end = chain.root.end.as_ref().and_then(|end| end.at);
        let waited = now
            .at
            .mono
            .saturating_sub(end.unwrap_or(chain.root.at).mono);
        if waited < WAIT_FOR_ID && owner::may_be_told(&self.chains, root, now.world) {
            self.wait(root, now.at);
        } else if waited < WAIT_FOR_STATES && self.may_be_concluded(root, now) {
            let rest = WAIT_FOR_STATES.saturating_sub(waited);
            self.chains
                .wake(root, now.at.mono.saturating_add(rest.max(WAIT)));
        } else if let Some(owner) = owner::probable(&self.chains, root, now.world) {
            self.join(root, owner, now);
        } else if chain.is_over() {
            self.conclude(root, now);
        } else if chain.said == Said::Nothing && !daemon::is_brief(&chain.root, now.world) {
            self.say(root, now);
        }
    }

    /// True if nothing that is known may have caused a request, and it may be a call of the CRI that
    /// is not understood yet.
    fn may_be_concluded(&self, root: RequestId, now: &Moment<'_>) -> bool {
        let chain = self.chains.get(root);
        chain.is_some_and(|chain| {
            chain.said == Said::Nothing && daemon::may_be_of_joined_cri(&chain.root, now.world)
        }) && owner::probable(&self.chains, root, now.world).is_none()
    }

    /// Ends an operation whose end will not be seen.
    pub(super) fn give_up(&mut self, id: RequestId, now: &mut Moment<'_>) {
        if let Some(chain) = self.chains.get_mut(id) {
            chain.root.end.get_or_insert(End::UNSEEN);
            self.conclude(id, now);
        }
        self.chains.remove(id);
        self.chains.take_hop(id);
    }

    pub(super) fn keep_bounds(&mut self, now: &mut Moment<'_>) {
        if self.chains.unclaimed_len() > MAX_UNCLAIMED
            && let Some(oldest) = self.chains.unclaimed().first()
        {
            self.give_up(*oldest, now);
        }
        if self.chains.open_len() > MAX_OPEN
            && let Some(oldest) = self.chains.oldest_open()
        {
            self.give_up(oldest, now);
        }
    }

    /// Ends whatever is not settled: no more will be seen of it. Clients' operations come first,
    /// because what daemons asked may be part of them.
    pub(super) fn finish(&mut self, now: &mut Moment<'_>) {
        self.appearances_due(true, now);
        let of_clients = self.chains.iter().filter(|(_, chain)| !chain.for_others);
        let of_clients: Vec<_> = of_clients.map(|(root, _)| root).collect();
        for root in of_clients {
            self.give_up(root, now);
        }
        for root in self.chains.unclaimed() {
            if let Some(owner) = owner::probable(&self.chains, root, now.world) {
                self.join(root, owner, now);
            }
        }
        for root in self.chains.unclaimed() {
            self.give_up(root, now);
        }
        self.finish_starts(now);
    }
}
