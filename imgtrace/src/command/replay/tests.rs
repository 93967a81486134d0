use super::*;

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
