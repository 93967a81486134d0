use super::*;

#[test]
fn sentences_are_kept_in_order() {
    let mut problems = Problems::default();
    problems.say("one");
    problems.say(format_args!("{}", 2));
    assert_eq!(problems.into_sentences(), ["one", "2"]);
    assert!(Problems::default().into_sentences().is_empty());
}

#[test]
fn what_is_beyond_the_bounds_is_counted_or_cut() {
    let mut problems = Problems::default();
    for _ in 0..PROBLEMS_MOST + 3 {
        problems.say("ä".repeat(SENTENCE_MOST));
    }
    let said = problems.into_sentences();
    assert_eq!(said.len(), PROBLEMS_MOST + 1);
    assert!(said.iter().all(|said| said.len() <= SENTENCE_MOST));
    assert_eq!(
        said.last().map(String::as_str),
        Some("3 more like these are not told")
    );
}
