use super::*;
use crate::command::screen::paper::Paper;

#[test]
fn pacing_sleeps_as_long_as_it_took() {
    let begin = std::time::Instant::now();
    let mut pace = Pace::new(2.0);
    pace.wait_for(5_000_000_000);
    assert!(
        begin.elapsed() < Duration::from_millis(20),
        "nothing is before the first"
    );
    pace.wait_for(5_060_000_000);
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(30), "{took:?}");
    // A clock that goes backwards is no reason to wait.
    pace.wait_for(0);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

/// A recording, cut at every byte, prints the begin of what the whole prints.
#[test]
fn cut_at_every_byte() {
    let whole = include_bytes!("../../../tests/recordings/v1.jsonl");
    let full = replayed(whole);
    let header = whole.iter().position(|&byte| byte == b'\n').unwrap();
    for cut in header..whole.len() {
        let part = replayed(&whole[..cut]);
        assert!(full.starts_with(&part), "cut at {cut}");
        assert!(
            part.len() < full.len() || cut + 1 == whole.len(),
            "cut at {cut}"
        );
    }
}

/// What a replay of these bytes prints.
fn replayed(bytes: &[u8]) -> String {
    let settings = crate::show::Settings::default();
    let paper = Paper::default();
    let reader = Reader::open(bytes).unwrap();
    let mut session = Session::new(paper.clone(), settings);
    assert!(play(reader, &mut session, None, false).is_ok());
    paper.text()
}
