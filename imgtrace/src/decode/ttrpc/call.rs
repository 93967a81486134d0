//! The calls that have not ended.

use std::collections::BTreeMap;

use crate::decode::Exchange;
use crate::decode::rpc::{CALLS_MAX, End, Event};
use crate::model::Stamp;
use crate::observation::Anomaly;

/// Events that are held of calls that are not believed yet.
const HELD_MAX: usize = 256;

/// A call.
pub(super) struct Call {
    /// One request, one answer, no data.
    pub(super) unary: bool,
    /// What is not told yet, while it is not certain that this is a call.
    held: Option<Vec<Event>>,
}

/// By stream, oldest first: clients count upwards.
#[derive(Default)]
pub(super) struct Calls {
    open: BTreeMap<u32, Call>,
    /// The highest stream that is certain to have been used.
    newest: u32,
    /// Events held, over all calls.
    held: usize,
}

impl Calls {
    /// The highest stream so far.
    pub(super) fn newest(&self) -> u32 {
        let open = self.open.last_key_value();
        open.map_or(self.newest, |(stream, _)| self.newest.max(*stream))
    }

    /// A call begins.
    pub(super) fn begin(
        &mut self,
        stream: u32,
        unary: bool,
        certain: bool,
        at: Stamp,
        out: &mut Vec<Event>,
    ) {
        if self.open.len() >= CALLS_MAX
            && let Some((oldest, call)) = self.open.pop_first()
        {
            out.push(Event::Anomaly(Anomaly::TooManyStreams));
            self.finish(oldest, call, End::Unseen, at, out);
        }
        if certain {
            self.newest = stream;
        }
        let held = (!certain).then(Vec::new);
        self.open.insert(stream, Call { unary, held });
    }

    /// How many have not ended.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn get(&self, stream: u32) -> Option<&Call> {
        self.open.get(&stream)
    }

    /// Tells something of a call, or keeps it until it is believed.
    pub(super) fn tell(&mut self, stream: u32, event: Event, out: &mut Vec<Event>) {
        match self.open.get_mut(&stream) {
            Some(Call {
                held: Some(held), ..
            }) => {
                held.push(event);
                self.held += 1;
                self.bound();
            }
            _ => out.push(event),
        }
    }

    /// Gives up the oldest of what is not believed while there is too much of it.
    fn bound(&mut self) {
        while self.held > HELD_MAX {
            let oldest = self.open.iter().find(|(_, call)| call.held.is_some());
            let Some(stream) = oldest.map(|(stream, _)| *stream) else {
                return;
            };
            let call = self.open.remove(&stream);
            self.held -= call.and_then(|call| call.held).map_or(0, |held| held.len());
        }
    }

    /// What was held was right.
    pub(super) fn believe(&mut self, out: &mut Vec<Event>) {
        self.newest = self.newest();
        if self.held > 0 {
            for call in self.open.values_mut() {
                out.extend(call.held.take().into_iter().flatten());
            }
            self.held = 0;
        }
    }

    /// What was held was wrong.
    pub(super) fn disbelieve(&mut self) {
        self.open.retain(|_, call| call.held.is_none());
        self.held = 0;
    }

    /// A call has ended.
    pub(super) fn end(&mut self, stream: u32, end: End, at: Stamp, out: &mut Vec<Event>) {
        if let Some(call) = self.open.remove(&stream) {
            self.finish(stream, call, end, at, out);
        }
    }

    /// The ends of all calls up to that stream will not be seen.
    pub(super) fn give_up(&mut self, newest: u32, at: Stamp, out: &mut Vec<Event>) {
        let later = self.open.split_off(&newest.saturating_add(1));
        for (stream, call) in std::mem::replace(&mut self.open, later) {
            self.finish(stream, call, End::Unseen, at, out);
        }
    }

    /// What was taken for calls was none.
    pub(super) fn withdraw(&mut self, out: &mut Vec<Event>) {
        for (stream, call) in std::mem::take(&mut self.open) {
            if call.held.is_none() {
                let exchange = Exchange::of_stream(stream);
                out.push(Event::Withdrawn { exchange });
            }
        }
    }

    fn finish(&mut self, stream: u32, call: Call, end: End, at: Stamp, out: &mut Vec<Event>) {
        match call.held {
            Some(held) => self.held -= held.len(),
            None => out.push(Event::Ended {
                exchange: Exchange::of_stream(stream),
                end,
                at,
            }),
        }
    }
}
