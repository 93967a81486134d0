//! The tracer with scripts in the place of imgtrace.

use super::*;

const SOCKET: &str = "/run/some.sock";

fn start(script: &str, args: &[&str]) -> Result<Tracer> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "imgtrace"]);
    Tracer::start_command(command, &[("docker", Path::new(SOCKET))], args)
}

const WATCHES: &str = r#"
trap 'echo "{\"kind\":\"operation\",\"args\":\"$*\"}"; echo bye >&2; exit 130' INT
echo '{"kind":"endpoint","path":"/run/other.sock"}'
echo '{"kind":"endpoint","path":"/run/some.sock"}'
while :; do sleep 0.01; done
"#;

#[test]
fn it_waits_for_the_endpoint_and_ends_with_all_lines() {
    let tracer = start(WATCHES, &["--duration", "1s"]).unwrap();
    assert_eq!(tracer.lines().len(), 2);
    let trace = tracer.stop().unwrap();
    let operation = trace.of_kind("operation")[0];
    assert_eq!(
        operation["args"],
        "--output=json --endpoint=docker=/run/some.sock --duration 1s"
    );
    assert_eq!(trace.stderr, "bye\n");
    assert_eq!(trace.status.code(), Some(130));
}

#[test]
fn an_imgtrace_that_ends_early_shows_its_errors() {
    let error = start("echo 'needs root' >&2; exit 3", &[]).unwrap_err();
    assert!(error.to_string().contains("needs root"), "{error:#}");
}

#[test]
fn a_line_that_is_no_object_is_a_failure() {
    let tracer = start(&format!("echo '[1]'\n{WATCHES}"), &[]).unwrap();
    assert!(tracer.stop().unwrap_err().to_string().contains("[1]"));
}

#[test]
fn a_line_is_awaited() {
    let script = format!("(sleep 0.2; echo '{{\"kind\":\"late\"}}') &\n{WATCHES}");
    let tracer = start(&script, &[]).unwrap();
    let line = tracer
        .line(Duration::from_secs(10), |line| is_kind(line, "late"))
        .unwrap();
    assert_eq!(line["kind"], "late");
    assert!(
        tracer
            .line(Duration::ZERO, |line| is_kind(line, "never"))
            .is_err()
    );
}
