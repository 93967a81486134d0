//! Connections between containerd and its shims.

use crate::decode::Direction::{self, ToServer};
use crate::decode::conversation::Conversation;
use crate::decode::flow::Piece;
use crate::decode::rpc::Event;

use super::{hear, line, split};

fn all() -> Vec<(Conversation, Vec<(Direction, Piece)>)> {
    let is_ttrpc = |said: &Conversation| said.runtime == "shim" || said.path.contains("sock.ttrpc");
    let recorded = Conversation::all().into_iter().filter(is_ttrpc);
    let whole: Vec<_> = recorded.filter(Conversation::is_whole).collect();
    assert!(whole.len() >= 8, "{} conversations", whole.len());
    let pieces = |said: &Conversation| {
        let segments = said.segments.iter();
        let piece = segments.map(|s| (s.direction, Piece::Bytes(s.bytes.clone())));
        piece.collect()
    };
    whole
        .into_iter()
        .map(|said| (pieces(&said), said))
        .map(|(p, s)| (s, p))
        .collect()
}

fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(line).collect()
}

#[test]
fn every_call_is_told_and_nothing_is_amiss() {
    for (said, pieces) in all() {
        let asked = pieces
            .iter()
            .filter(|(direction, _)| *direction == ToServer);
        let told = hear(false, pieces.clone());
        let called = told
            .iter()
            .filter(|event| matches!(event, Event::Called { .. }));
        assert_eq!(called.count(), asked.count(), "{}", said.name);
        let ended = told
            .iter()
            .filter(|event| matches!(event, Event::Ended { .. }));
        let anomalies = told
            .iter()
            .filter(|event| matches!(event, Event::Anomaly(_)));
        assert_eq!(anomalies.count(), 0, "{}", said.name);
        let unseen = lines(&told)
            .iter()
            .filter(|line| line.ends_with("Unseen"))
            .count();
        assert!(ended.count() > 0 && unseen <= 1, "{}: {unseen}", said.name);
    }
}

#[test]
fn splits_change_nothing() {
    for (said, pieces) in all() {
        let whole = lines(&hear(false, pieces.clone()));
        for sizes in [&[1][..], &[7, 11, 2], &[1_000, 3]] {
            assert_eq!(
                lines(&hear(false, split(pieces.clone(), sizes))),
                whole,
                "{}",
                said.name
            );
        }
    }
}

#[test]
fn who_comes_late_hears_the_end_of_it() {
    for (said, pieces) in all() {
        let whole = lines(&hear(false, pieces.clone()));
        let len = pieces.iter().map(|(_, piece)| piece.len()).sum::<u64>();
        for cut in (0..len).step_by(13) {
            let mut left = cut;
            let mut heard = pieces.clone();
            heard.retain_mut(|(_, piece)| {
                left -= piece.take(left).len();
                !piece.is_empty()
            });
            let told = lines(&hear(true, heard));
            for line in &told {
                assert!(whole.contains(line), "{} from {cut}: {line}", said.name);
            }
        }
        // From the beginning nothing that was answered is missed.
        let answered = whole.iter().filter(|line| line.ends_with('}')).count();
        let told = lines(&hear(true, pieces));
        let told = told.iter().filter(|line| line.ends_with('}')).count();
        assert_eq!(told, answered, "{}", said.name);
    }
}
