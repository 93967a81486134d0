//! When a call that is held back is concluded, and what follows from it.

use super::call::{Call, Held, Told};
use super::ids::Kind;
use super::method::Method;
use super::rule::{self, Recognised};
use super::slots::Withdrawn;
use super::{Inference, state};
use crate::decode::http2::Slot;
use crate::decode::rpc::{End, Event};
use crate::decode::{Direction, Exchange};
use crate::model::Basis;
use crate::observation::Anomaly;

impl Inference {
    /// A message has come: the request of a call whose entry is known, or an answer that tells.
    pub(super) fn try_messages(&mut self, exchange: Exchange, out: &mut Vec<Event>) {
        let Some(Call::Held(held)) = self.calls.get_mut(&exchange) else {
            return;
        };
        let recognised = match held.messages.as_slice() {
            [(Direction::ToServer, ..)] => {
                held.named = held
                    .request()
                    .and_then(state::named)
                    .map(|id| (id, self.ids.get(id)));
                self.by_entry(exchange, out)
            }
            [.., (Direction::ToClient, ..)] => held.request().zip(held.answer()).and_then(|pair| {
                let told = rule::by_answer(pair.0, pair.1);
                told.or_else(|| self.starts.recognise(pair.0, pair.1))
            }),
            _ => None,
        };
        if let Some(recognised) = recognised
            && let Some(Call::Held(held)) = self.calls.remove(&exchange)
        {
            self.held -= held.bytes();
            self.conclude(exchange, held, recognised, out);
        }
    }

    /// What the call's entry in the header table is known to stand for, if its request can be that.
    /// An entry that would stand for something else than the id that the request names is doubted.
    fn by_entry(&mut self, exchange: Exchange, out: &mut Vec<Event>) -> Option<Recognised> {
        let Some(Call::Held(held)) = self.calls.get(&exchange) else {
            return None;
        };
        let slot = held.slot?;
        let method = self
            .slots
            .method(slot)
            .filter(|method| held.fits(*method))?;
        if self
            .kind(held)
            .is_some_and(|kind| !state::kind_fits(method, kind))
        {
            let mut withdrawn = Withdrawn::new();
            self.slots.doubt(slot, &mut withdrawn);
            self.withdraw(withdrawn, out);
            return None;
        }
        Some(by_slot(method))
    }

    /// A call that is not concluded has ended.
    pub(super) fn try_end(&mut self, exchange: Exchange, held: Box<Held>, out: &mut Vec<Event>) {
        let recognised = self.at_end(&held);
        if let Some(recognised) = recognised {
            self.conclude(exchange, held, recognised, out);
        } else if held.may_yet_be_told() {
            self.waiting.push(exchange, held, out);
        } else {
            out.push(Event::Anomaly(Anomaly::UnknownMethod));
        }
    }

    /// What the end tells.
    fn at_end(&mut self, held: &Held) -> Option<Recognised> {
        let request = held.request()?;
        if let Some((id, _)) = &held.named
            && held.changed_something()
        {
            self.ids.touch(*id, self.now);
        }
        if held.failed() {
            return rule::by_error(request);
        }
        let answer = held.answer().filter(|_| held.went_well())?;
        if !answer.is_empty() {
            return None;
        }
        let known = held.named.as_ref().and_then(|named| named.1);
        let told = known.and_then(|known| state::by_timeout(request, known));
        let allowed = |told: &Recognised| {
            held.slot
                .is_none_or(|slot| self.slots.allows(slot, told.method))
        };
        told.filter(allowed).or_else(|| self.by_elimination(held))
    }

    /// `RemoveImage`, where the path is known not to be that of `ImageStatus`, the one other method
    /// with such a request that may be answered by nothing.
    fn by_elimination(&self, held: &Held) -> Option<Recognised> {
        let slot = held.slot?;
        let open = self.slots.allows(slot, Method::RemoveImage)
            && !self.slots.allows(slot, Method::ImageStatus);
        (open && held.fits(Method::RemoveImage)).then_some(Recognised {
            method: Method::RemoveImage,
            evidence: "the request is an image's name, the answer empty, and the path not that of \
                       ImageStatus",
        })
    }

    /// The call is of this method: it is passed on, and so are others with the same entry.
    pub(super) fn conclude(
        &mut self,
        exchange: Exchange,
        held: Box<Held>,
        recognised: Recognised,
        out: &mut Vec<Event>,
    ) {
        let slot = held.slot;
        self.pass_on(exchange, held, recognised, out);
        let Some(slot) = slot else {
            return;
        };
        for (exchange, held) in self.with_entry(slot) {
            let Some(method) = self.slots.method(slot) else {
                break;
            };
            self.pass_on(exchange, held, by_slot(method), out);
        }
    }

    /// Takes out the calls that are held back and have this entry, which stands for a method that
    /// they can be of.
    fn with_entry(&mut self, slot: Slot) -> Vec<(Exchange, Box<Held>)> {
        let Some(method) = self.slots.method(slot) else {
            return Vec::new();
        };
        let ids = &self.ids;
        let fits = |held: &Held| {
            let known = held.named.as_ref().and_then(|named| ids.get(named.0));
            held.fits(method)
                && !held.contradicts(method)
                && known.is_none_or(|known| state::kind_fits(method, known.kind))
        };
        let mut taken = self.waiting.by_slot(slot, fits);
        let open: Vec<Exchange> = self
            .calls
            .iter()
            .filter(|(_, call)| {
                matches!(call, Call::Held(held) if held.slot == Some(slot) && fits(held))
            })
            .map(|(exchange, _)| *exchange)
            .collect();
        for exchange in open {
            if let Some(Call::Held(held)) = self.calls.remove(&exchange) {
                self.held -= held.bytes();
                taken.push((exchange, held));
            }
        }
        taken.sort_by_key(|(_, held)| held.began);
        taken
    }

    fn pass_on(
        &mut self,
        exchange: Exchange,
        held: Box<Held>,
        recognised: Recognised,
        out: &mut Vec<Event>,
    ) {
        if !self.agree(exchange, &held, recognised.method, out) {
            self.refuse(exchange, &held, out);
            return;
        }
        let mut told = Told::new(recognised.method, held.began);
        told.slot = held.slot;
        told.concluded = true;
        told.counted = held.ended.is_some();
        out.push(Event::Called {
            exchange,
            path: recognised.method.path(self.version.unwrap_or_default()),
            basis: self.basis(recognised),
            namespace: held.head.namespace,
            correlation: held.head.correlation,
            at: held.at,
        });
        self.calls.insert(exchange, Call::Told(Box::new(told)));
        for message in held.messages {
            self.message(exchange, message, out);
        }
        if let Some((end, at, _)) = held.ended {
            self.ended(exchange, end, at, out);
        }
    }

    /// Notes the method of the call's entry; false if that contradicts what is known of it.
    fn agree(
        &mut self,
        exchange: Exchange,
        held: &Held,
        method: Method,
        out: &mut Vec<Event>,
    ) -> bool {
        let Some(slot) = held.slot else {
            return true;
        };
        let mut withdrawn = Withdrawn::new();
        let call = (exchange, held.began);
        self.slots.conclude(slot, method, call, &mut withdrawn);
        let agreed = !withdrawn.contains(&exchange);
        withdrawn.retain(|other| *other != exchange);
        self.withdraw(withdrawn, out);
        agreed
    }

    fn refuse(&mut self, exchange: Exchange, held: &Held, out: &mut Vec<Event>) {
        if held.ended.is_some() {
            out.push(Event::Anomaly(Anomaly::UnknownMethod));
        } else {
            self.calls.insert(exchange, Call::Unknown);
        }
    }

    fn basis(&self, recognised: Recognised) -> Basis {
        let mut evidence = vec![recognised.evidence.to_owned()];
        if recognised.method.is_cri() && self.version.is_none() {
            evidence.push("v1 of the API is assumed".to_owned());
        }
        Basis::inferred(evidence)
    }

    /// What the id that a call names is known to be of.
    fn kind(&self, held: &Held) -> Option<Kind> {
        let id = held.request()?.text(1).and_then(super::ids::Id::parse)?;
        self.ids.get(id).map(|known| known.kind)
    }
}

/// The entry was told by an earlier call.
fn by_slot(method: Method) -> Recognised {
    let evidence = "its path is the entry of the header table that another call's messages told";
    Recognised { method, evidence }
}

impl Held {
    /// True if it ended with the answer of a method that has one.
    fn went_well(&self) -> bool {
        matches!(
            self.ended,
            Some((
                End::Status {
                    code: Some(0) | None,
                    ..
                },
                ..
            ))
        ) && self.messages.len() == 2
    }

    /// True if a later state may tell what it was, or the conclusion of another call with the same
    /// entry.
    fn may_yet_be_told(&self) -> bool {
        let may_be = |answer| self.request().is_some_and(|r| rule::may_be_any(r, answer));
        if self.failed() {
            return self.named.is_some();
        }
        self.went_well() && self.answer().is_some_and(may_be)
    }

    /// True if it may have changed what it names: only looks are answered by something.
    fn changed_something(&self) -> bool {
        self.answer().is_none_or(super::shape::Shape::is_empty)
    }

    /// True if its answer cannot be the method's.
    fn contradicts(&self, method: Method) -> bool {
        self.request()
            .zip(self.answer())
            .is_some_and(|(request, answer)| rule::contradicts(method, request, answer))
    }
}
