//! Calls that have ended and whose method may yet be told by what comes later.

use std::collections::VecDeque;

use super::call::Held;
use super::ids::{Id, Ids, State};
use super::rule::Recognised;
use super::state;
use crate::decode::http2::Slot;
use crate::decode::rpc::Event;
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// Calls that wait at once, and bytes of their messages; beyond either the oldest is unknown.
const CALLS: usize = 64;
const BYTES: usize = 1024 * 1024;

/// How long a call waits, in ns: kubelet asks for all states every second, and every third where
/// the node is busy.
const WAIT: u64 = 15_000_000_000;

/// A call that waits.
pub(super) type Waited = (Exchange, Box<Held>);

/// The calls of one connection that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    calls: VecDeque<Waited>,
}

impl Waiting {
    /// A call that has ended.
    pub(super) fn push(&mut self, exchange: Exchange, held: Box<Held>, out: &mut Vec<Event>) {
        let mut bytes = held.bytes() + self.bytes();
        while self.calls.len() >= CALLS || bytes > BYTES {
            let Some((_, oldest)) = self.calls.pop_front() else {
                break;
            };
            bytes -= oldest.bytes();
            out.push(Event::Anomaly(Anomaly::UnknownMethod));
        }
        self.calls.push_back((exchange, held));
    }

    /// Bytes of all messages.
    pub(super) fn bytes(&self) -> usize {
        self.calls.iter().map(|(_, held)| held.bytes()).sum()
    }

    /// What has waited too long by now is unknown.
    pub(super) fn expire(&mut self, now: Stamp, out: &mut Vec<Event>) {
        let is_due = |call: &Waited| {
            let ended = call.1.ended.as_ref().map_or(call.1.at, |ended| ended.1);
            now.mono.saturating_sub(ended.mono) > WAIT
        };
        while self.calls.front().is_some_and(is_due) {
            self.calls.pop_front();
            out.push(Event::Anomaly(Anomaly::UnknownMethod));
        }
    }

    /// All that waits is unknown.
    pub(super) fn clear(&mut self, out: &mut Vec<Event>) {
        let unknown = Event::Anomaly(Anomaly::UnknownMethod);
        out.extend(self.calls.drain(..).map(|_| unknown.clone()));
    }

    /// Requests or answers were missed: states tell nothing of what was done before, and if they
    /// were requests, entries of the header table do not either.
    pub(super) fn interrupted(&mut self, direction: Direction) {
        for (_, held) in &mut self.calls {
            held.by_state = false;
            if direction == Direction::ToServer {
                held.slot = None;
            }
        }
    }

    /// Takes out the call, if there is one, of which a state tells the method that was seen in an
    /// answer to a request made at `asked`. The first state that is seen decides.
    pub(super) fn by_state(
        &mut self,
        ids: &Ids,
        (id, after): (Id, State),
        asked: u64,
    ) -> Option<(Waited, Recognised)> {
        let touches = ids.get(id)?.touches;
        for index in 0..self.calls.len() {
            let alike = self.alike(index, id);
            let (_, held) = self.calls.get_mut(index)?;
            let (Some((named, Some(before))), Some((.., ended))) = (&held.named, &held.ended)
            else {
                continue;
            };
            if *named != id || asked <= *ended || !held.by_state {
                continue;
            }
            let told = before
                .state
                .filter(|_| touches == before.touches.wrapping_add(alike))
                .and_then(|before| state::between(before, after, held.failed()));
            held.by_state = false;
            if let Some(recognised) = told {
                return self.calls.remove(index).map(|waited| (waited, recognised));
            }
        }
        None
    }

    /// How many of the calls that wait name this id by the same method as the one at `index`, itself
    /// included.
    fn alike(&self, index: usize, id: Id) -> u32 {
        let slot = self.calls.get(index).and_then(|call| call.1.slot);
        let calls = self.calls.iter().enumerate().filter(|(other, (_, held))| {
            let names_it = held.named.as_ref().is_some_and(|named| named.0 == id);
            *other == index || (names_it && slot.is_some() && held.slot == slot)
        });
        calls.fold(0, |count, _| count + 1)
    }

    /// Takes out the calls with this entry of the header table that are as `fits` says.
    pub(super) fn by_slot(&mut self, slot: Slot, fits: impl Fn(&Held) -> bool) -> Vec<Waited> {
        let mut taken = Vec::new();
        let mut index = 0;
        while let Some((_, held)) = self.calls.get(index) {
            if held.slot == Some(slot) && fits(held) {
                taken.extend(self.calls.remove(index));
            } else {
                index += 1;
            }
        }
        taken
    }
}
