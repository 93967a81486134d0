//! Calls whose method is known: what their messages teach, and whether they bear out a conclusion.

use bytes::Bytes;

use super::call::{Call, Timed, Told, shape};
use super::learn::{self, Seen};
use super::method::Method;
use super::slots::Withdrawn;
use super::{Inference, passed, rule, state};
use crate::decode::rpc::{End, Event, Message};
use crate::decode::{Direction, Exchange};
use crate::model::Stamp;

/// The longest request that is remembered until its answer, in bytes: those that name an id, a
/// filter or an image.
const REQUEST: usize = 1024;

impl Inference {
    /// A message of a call that was passed on.
    pub(super) fn tell(&mut self, exchange: Exchange, timed: Timed, out: &mut Vec<Event>) {
        let Some(Call::Told(mut told)) = self.calls.remove(&exchange) else {
            return;
        };
        let (direction, message, _) = &timed;
        if *direction == Direction::ToServer {
            self.requested(&mut told, message);
        } else if told.is_borne_out(message) {
            told.answers += 1;
        } else {
            self.calls.insert(exchange, Call::Told(told));
            self.contradicted(exchange, out);
            return;
        }
        // What an answer tells of earlier calls is told before it.
        if *direction == Direction::ToClient {
            self.answered(exchange, &told, message, out);
        }
        out.push(passed(exchange, timed));
        self.calls.insert(exchange, Call::Told(told));
    }

    /// A call that was passed on has ended.
    pub(super) fn told_ended(
        &mut self,
        exchange: Exchange,
        told: &Told,
        (end, at): (End, Stamp),
        out: &mut Vec<Event>,
    ) {
        if let Some(id) = told.named {
            self.ids.touch(id, self.now);
        }
        let end = told.end(end);
        let went_well = matches!(end, End::Status { code: Some(0), .. });
        out.push(Event::Ended { exchange, end, at });
        let list = self.lists.take(exchange).filter(|_| went_well);
        if let Some(list) = list.as_ref().and_then(shape) {
            let gone = learn::gone(&self.ids, told.method, list, told.began);
            self.settle(&gone, told.began, out);
            for (id, _) in gone {
                self.ids.remove(id);
            }
        }
    }

    fn requested(&mut self, told: &mut Told, message: &Message) {
        if told.request.is_some() || message.bytes.len() > REQUEST {
            return;
        }
        if state::changes(told.method) && !told.counted {
            told.named = shape(message).and_then(state::named);
        }
        if let Some(id) = told.named {
            self.ids.touch(id, self.now);
        }
        told.request = Some(Message {
            bytes: Bytes::copy_from_slice(&message.bytes),
            ..*message
        });
    }

    fn answered(
        &mut self,
        exchange: Exchange,
        told: &Told,
        message: &Message,
        out: &mut Vec<Event>,
    ) {
        let Some(answer) = shape(message) else {
            return;
        };
        if told.method == Method::TasksCreate {
            self.starts.created(answer);
        }
        let all = told.request.as_ref().and_then(shape);
        self.lists.take(exchange);
        if told.answers == 1 && all.is_some_and(learn::asks_for_all) && learn::is_list(told.method)
        {
            self.lists.keep(exchange, message.clone());
        }
        let seen = learn::states(&mut self.ids, told.method, answer, (told.began, self.now));
        self.settle(&seen, told.began, out);
    }

    /// States were seen in an answer to a request made at `asked`: calls that waited for them are
    /// concluded.
    fn settle(&mut self, seen: &[Seen], asked: u64, out: &mut Vec<Event>) {
        for seen in seen {
            while let Some(((exchange, held), recognised)) =
                self.waiting.by_state(&self.ids, *seen, asked)
            {
                let allowed = held
                    .slot
                    .is_none_or(|slot| self.slots.allows(slot, recognised.method));
                if allowed {
                    self.conclude(exchange, held, recognised, out);
                } else {
                    self.waiting.push(exchange, held, out);
                }
            }
        }
    }

    /// An answer shows that the conclusion was wrong.
    fn contradicted(&mut self, exchange: Exchange, out: &mut Vec<Event>) {
        let mut withdrawn = Withdrawn::new();
        if let Some(Call::Told(told)) = self.calls.get(&exchange)
            && let Some(slot) = told.slot
        {
            self.slots.doubt(slot, &mut withdrawn);
        }
        if !withdrawn.contains(&exchange) {
            withdrawn.push(exchange);
        }
        self.withdraw(withdrawn, out);
    }
}

impl Told {
    /// False if the answer cannot be of the method that was concluded.
    fn is_borne_out(&self, answer: &Message) -> bool {
        let pair = self.request.as_ref().and_then(shape).zip(shape(answer));
        !self.concluded
            || pair.is_none_or(|(request, answer)| !rule::contradicts(self.method, request, answer))
    }
}
