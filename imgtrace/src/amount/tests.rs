use super::*;

#[test]
fn bytes_have_two_or_three_figures() {
    let cases = [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_999, "9.9 kB"),
        (34_567, "34 kB"),
        (187_000_000, "187 MB"),
        (1_290_000_000, "1.2 GB"),
        (u64::MAX, "18446 PB"),
    ];
    for (count, expected) in cases {
        assert_eq!(bytes(count), expected);
    }
}

#[test]
fn progress_is_told_in_the_unit_of_the_whole() {
    assert_eq!(
        progress(Some(34_000_000), Some(187_000_000)).unwrap(),
        "34 of 187 MB"
    );
    assert_eq!(
        progress(Some(900), Some(2_000_000)).unwrap(),
        "0.0 of 2.0 MB"
    );
    assert_eq!(progress(Some(900), None).unwrap(), "900 B");
    assert_eq!(progress(None, Some(2_000)).unwrap(), "0.0 of 2.0 kB");
    assert_eq!(progress(None, None), None);
    assert_eq!(progress(None, Some(0)), None);
}

#[test]
fn durations_fit_six_columns() {
    let cases = [
        (0.0, "0.0 ms"),
        (0.412, "0.4 ms"),
        (9.94, "9.9 ms"),
        (9.96, "10 ms"),
        (812.4, "812 ms"),
        (999.6, "1.00 s"),
        (1_240.0, "1.24 s"),
        (9_999.0, "10.0 s"),
        (59_949.0, "59.9 s"),
        (59_960.0, "1m00s"),
        (124_000.0, "2m04s"),
        (3_720_000.0, "1h02m"),
        (273_600_000.0, "3d04h"),
    ];
    for (millis, expected) in cases {
        assert_eq!(duration(millis), expected);
        assert!(expected.len() <= 6);
    }
}
