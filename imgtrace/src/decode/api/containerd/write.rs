//! Calls that write content, or tell where it came from.

use super::fetch::{Fetches, Key};
use super::message::{InfoMessage, STAT, WriteContentRequest, WriteContentResponse};
use super::{Said, State};
use crate::decode::api::rpc::Payload;
use crate::decode::{Direction, Event};
use crate::observation::Anomaly;

/// `content.v1.Content/Write`. Its bulk is not read: how much there is, the answers tell.
#[derive(Debug, Default)]
pub(super) struct Write {
    /// Null until the first message.
    key: Option<Key>,
    /// Where the answers have come to; null until the first.
    offset: Option<u64>,
    written: u64,
}

impl Write {
    pub(super) fn message(
        &mut self,
        state: &mut State,
        said: Said<'_>,
        payload: &mut Payload,
        out: &mut Vec<Event>,
    ) {
        match (&self.key, said.direction) {
            (None, Direction::ToServer) => {
                let key = Key::of(said.head);
                let asked: WriteContentRequest = payload.read();
                if state.fetches.write(key.clone(), said.head, &asked, said.at) {
                    out.push(Event::Anomaly(Anomaly::TooManyPending));
                }
                self.key = Some(key);
            }
            (Some(key), Direction::ToServer) => {
                let asked: WriteContentRequest = payload.read();
                state.fetches.labelled(key, None, &asked.labels);
            }
            (Some(_), Direction::ToClient) => {
                let answer: WriteContentResponse = payload.read();
                self.moved(state, said, &answer);
            }
            (None, Direction::ToClient) => {}
        }
    }

    /// An answer to STAT says what was there before, any other where the writing has come to.
    fn moved(&mut self, state: &mut State, said: Said<'_>, answer: &WriteContentResponse) {
        let Ok(offset) = u64::try_from(answer.offset) else {
            return;
        };
        let is_first = self.offset.is_none() && answer.action == STAT;
        let before = self.offset.unwrap_or(if is_first { offset } else { 0 });
        let more = offset.saturating_sub(before);
        self.offset = Some(offset.max(before));
        self.written = self.written.saturating_add(more);
        if let Some(key) = &self.key {
            state.fetches.wrote(key, more, said.at);
        }
    }

    /// The call was another.
    pub(super) fn withdraw(self, fetches: &mut Fetches) {
        if let Some(key) = &self.key {
            fetches.unwrite(key, self.written);
        }
    }
}

/// The answer to `content.v1.Content/Info`, or a message of `Update`: a label tells where content
/// came from.
pub(super) fn content_info(state: &mut State, said: Said<'_>, payload: &mut Payload) {
    let told: InfoMessage = payload.read();
    if let Some(info) = told.info {
        let key = Key::of(said.head);
        let digest = Some(info.digest.as_str());
        state.fetches.labelled(&key, digest, &info.labels);
    }
}
