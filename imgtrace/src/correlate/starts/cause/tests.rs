use super::*;
use crate::trace::scene::process;

fn called(line: &str) -> Process {
    let args = line.split(' ').map(str::to_owned);
    let comm = line.split(' ').next().unwrap();
    Process {
        args: Some(args.collect()),
        ..process(7, comm)
    }
}

#[test]
fn subcommands_stand_behind_options_and_groups() {
    let word = |line| subcommand(&called(line)).map(str::to_owned);
    assert_eq!(word("podman run -d busybox").as_deref(), Some("run"));
    assert_eq!(
        word("podman --root /x container start c1").as_deref(),
        Some("start")
    );
    assert_eq!(
        word("podman --log-level=debug image build .").as_deref(),
        Some("build")
    );
    assert_eq!(word("podman"), None);
    assert_eq!(subcommand(&process(7, "podman")), None);
}

#[test]
fn what_a_program_was_called_for() {
    let cause = |line| commanded(Some(&called(line)));
    assert_eq!(cause("podman run x"), Cause::CommandLine);
    assert_eq!(cause("podman play kube pod.yaml"), Cause::CommandLine);
    assert_eq!(cause("podman system service -t 0"), Cause::Unseen);
    assert_eq!(
        cause("podman container cleanup --exec x"),
        Cause::RestartPolicy
    );
    assert!(builds(&called("buildah --storage-driver vfs bud -t run .")));
    assert!(builds(&called("podman buildx build .")));
    assert!(!builds(&called("buildah run c1 build")));
    assert!(has_no_daemon(&called("buildah run c1 sh")));
    assert!(!has_no_daemon(&called("podman system service")));
    assert!(!has_no_daemon(&called("dockerd run")));
}
