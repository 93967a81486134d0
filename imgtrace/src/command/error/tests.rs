use std::io;

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("failed to load the programs")]
struct Load(#[source] io::Error);

#[test]
fn a_failure_shows_its_causes_and_then_its_hints() {
    let load = Load(io::Error::from(io::ErrorKind::PermissionDenied));
    let failure = Failure::new(Kind::Missing, "failed to begin")
        .because(load)
        .hint("run it as root: sudo imgtrace");
    assert_eq!(
        failure.render(),
        "imgtrace: failed to begin: failed to load the programs: permission denied\n  \
         hint: run it as root: sudo imgtrace\n"
    );
    let load = Load(io::Error::from(io::ErrorKind::PermissionDenied));
    let alone = Failure::from_error(Kind::Missing, &load).render();
    assert_eq!(
        alone,
        "imgtrace: failed to load the programs: permission denied\n"
    );
}

#[test]
fn names_of_files_cannot_play_with_the_terminal() {
    let failure = Failure::new(Kind::Usage, "failed to open \x1b[2J").hint("a\nb");
    assert_eq!(
        failure.render(),
        "imgtrace: failed to open \\u{1b}[2J\n  hint: a\\nb\n"
    );
}
