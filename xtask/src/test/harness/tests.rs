use super::*;

fn results(output: &str) -> Results {
    let mut results = Results::default();
    output.lines().for_each(|line| results.read(line));
    results
}

#[test]
fn sums_up_every_test_program() {
    let results = results(
        "running 2 tests\n\
         test a ... ok\n\
         test b ... FAILED\n\
         test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; \
         finished in 0.01s\n\
         test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; \
         finished in 0.00s",
    );
    assert_eq!((results.passed(), results.failed), (13, 1));
    assert_eq!(results.skipped().count(), 0);
}

#[test]
fn a_test_that_cannot_run_has_not_passed() {
    let results = results(
        "test pull ... SKIP pull: no BTF: /sys/kernel/btf/vmlinux is missing\n\
         ok\n\
         SKIP push: not root\n\
         test push ... ok\n\
         test slow ... ignored, takes an hour\n\
         test other ... ignored\n\
         test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out",
    );
    assert_eq!(results.passed(), 1);
    let skipped: Vec<_> = results.skipped().collect();
    assert_eq!(
        skipped,
        [
            ("pull", "no BTF: /sys/kernel/btf/vmlinux is missing"),
            ("push", "not root"),
            ("other", "ignored"),
            ("slow", "takes an hour"),
        ]
    );
}

#[test]
fn what_a_test_prints_is_no_result() {
    let results = results("lab: SKIP nothing: here\nimgtrace: test result: 5 passed");
    assert_eq!(results.passed(), 0);
    assert_eq!(results.skipped().count(), 0);
}
