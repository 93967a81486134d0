//! Frames as they are sent, and events as lines.

use bytes::Bytes;

use crate::decode::Direction;
use crate::decode::flow::Piece;
use crate::decode::http2::{Event, Parser, Text};
use crate::model::Stamp;

pub(super) use crate::decode::Direction::{ToClient, ToServer};
pub(super) use crate::decode::flow::hearing::Words;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
/// Flags.
pub(super) const END: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
pub(super) const WITH_PRIORITY: u8 = 0x20;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&len[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

pub(super) fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

pub(super) fn stamp(mono: u64) -> Stamp {
    Stamp { mono, wall: 0 }
}

pub(super) fn piece(bytes: impl AsRef<[u8]>) -> Piece {
    Piece::Bytes(Bytes::copy_from_slice(bytes.as_ref()))
}

/// What a parser makes of pieces, each with its time.
pub(super) fn hear(joined: bool, said: impl IntoIterator<Item = (Direction, Piece)>) -> Vec<Event> {
    let mut parser = Parser::new(ToServer, joined);
    let mut events = Vec::new();
    for ((direction, piece), mono) in said.into_iter().zip(1..) {
        parser.push(direction, piece, stamp(mono), &mut events);
    }
    events
}

/// What a parser makes of a client's words behind its preface and SETTINGS.
pub(super) fn hear_client(said: impl IntoIterator<Item = Piece>) -> Vec<String> {
    let begins = piece([PREFACE, &settings()].concat());
    let said = std::iter::once(begins).chain(said);
    lines(&hear(false, said.map(|piece| (ToServer, piece))))
}

pub(super) fn text(text: &Text) -> String {
    match text {
        Text::Known(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Text::Unknown(slot) => format!("?{}", slot.0),
        Text::Omitted => "omitted".to_owned(),
    }
}

/// Events as lines, without their times: `> ` is said by the client, `< ` by the server, a stream
/// that ends has a full stop.
pub(super) fn lines(events: &[Event]) -> Vec<String> {
    let arrow = |direction: &Direction| if *direction == ToServer { '>' } else { '<' };
    let stop = |end: &bool| if *end { "." } else { "" };
    let line = |event: &Event| match event {
        Event::Headers {
            stream,
            direction,
            fields,
            end,
            ..
        } => {
            let fields = fields.iter();
            let fields: Vec<String> = fields
                .map(|f| format!("{}={}", text(&f.name), text(&f.value)))
                .collect();
            let (arrow, fields, stop) = (arrow(direction), fields.join(" "), stop(end));
            format!("{arrow} {stream} {fields}{stop}")
        }
        Event::Data {
            stream,
            direction,
            piece,
            end,
            ..
        } => {
            let data = match piece {
                Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Piece::Gap(len) => format!("({len})"),
            };
            format!("{} {stream} \"{data}\"{}", arrow(direction), stop(end))
        }
        Event::Reset {
            stream,
            direction,
            code,
            ..
        } => format!("{} {stream} reset {code}", arrow(direction)),
        Event::Interrupted { direction, .. } => format!("{} interrupted", arrow(direction)),
        Event::Anomaly(anomaly) => anomaly.as_str().to_owned(),
    };
    events.iter().map(line).collect()
}
