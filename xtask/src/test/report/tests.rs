use super::super::harness::Results;
use super::*;

fn report(leave: Option<&[(&str, &str)]>) -> Report {
    let leave = leave.map(|leave| {
        leave
            .iter()
            .map(|(name, reason)| ((*name).to_owned(), (*reason).to_owned()))
            .collect()
    });
    let mut report = Report::new(leave);
    let mut results = Results::default();
    results.read("SKIP fentry: refused");
    results.read("test result: ok. 4 passed; 0 failed; 0 ignored");
    for outcome in [
        Outcome::Passed,
        Outcome::Ran(results),
        Outcome::Skipped("not installed".to_owned()),
    ] {
        report.add("step", outcome, Duration::ZERO);
    }
    report
}

#[test]
fn skips_are_counted_and_named() {
    let report = report(None);
    assert_eq!(report.closing_line(), "4 passed, 0 failed, 2 skipped");
    assert_eq!(report.skips, ["fentry: refused", "step: not installed"]);
    assert_eq!(report.close(), ExitCode::SUCCESS);
}

#[test]
fn a_skip_without_leave_is_a_failure() {
    let report = report(Some(&[("fentry", "this kernel refuses it")]));
    assert_eq!(report.closing_line(), "4 passed, 1 failed, 1 skipped");
    assert_eq!(report.close(), ExitCode::FAILURE);
}

#[test]
fn a_failed_step_is_one_failure() {
    let mut report = report(None);
    let outcome = Outcome::Failed("it does not compile".to_owned());
    report.add("build", outcome, Duration::ZERO);
    assert_eq!(report.closing_line(), "4 passed, 1 failed, 2 skipped");
    assert_eq!(report.close(), ExitCode::FAILURE);
}
