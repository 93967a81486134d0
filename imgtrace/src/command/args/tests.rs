use super::*;
use crate::capture::mounts::Way;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace()).and_then(Cli::checked)
}

/// The first line of what is wrong with a command line.
fn wrong(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn help_is_what_a_stranger_needs() {
    let help = |name: &str| {
        let mut root = Cli::command().term_width(100);
        root.build();
        let command = root.find_subcommand_mut(name).unwrap();
        command.render_help().to_string()
    };
    insta::assert_snapshot!(
        "help",
        Cli::command().term_width(100).render_help().to_string()
    );
    insta::assert_snapshot!("help_record", help("record"));
    insta::assert_snapshot!("help_replay", help("replay"));
}

#[test]
fn a_way_can_be_chosen() {
    let cli = parse("imgtrace --probe mounts=mountinfo").unwrap();
    assert_eq!(cli.live.watch.probe, Some(ProbeArg::Mounts(Way::Mountinfo)));
    let line = "imgtrace record f --probe mounts=fanotify";
    assert!(
        matches!(parse(line).unwrap().command, Some(Command::Record(args))
        if args.watch.probe == Some(ProbeArg::Mounts(Way::Fanotify)))
    );
    for (given, said) in [
        ("mounts", "NAME=KIND"),
        ("mount=fanotify", "'mount' cannot be chosen"),
        (
            "mounts=kprobe",
            "'kprobe' is no way to see mounts; the ways are fanotify, fexit, mountinfo",
        ),
    ] {
        let wrong = wrong(&format!("imgtrace --probe {given}"));
        assert!(wrong.contains(said), "{wrong}");
    }
}

#[test]
fn live_options() {
    let cli = parse(
        "imgtrace -v --endpoint docker=/a.sock --endpoint cri-o=unix:///b.sock --duration 1h30m \
         --record f --max-size 100M --filter op=pull -o wide",
    )
    .unwrap();
    assert!(cli.command.is_none());
    let live = cli.live;
    let kinds: Vec<_> = live
        .watch
        .endpoints
        .iter()
        .map(|one| one.runtime.as_str())
        .collect();
    assert_eq!(kinds, ["docker", "cri-o"]);
    assert_eq!(live.watch.endpoints[1].path, PathBuf::from("/b.sock"));
    assert_eq!(live.watch.duration, Some(Duration::from_mins(90)));
    let rotation = Rotation {
        max_size: 100 << 20,
        max_files: DEFAULT_FILES,
    };
    assert_eq!(live.rotation.rotation(), Some(rotation));
    assert_eq!(
        (live.show.output, live.show.filter.len()),
        (Some(Output::Wide), 1)
    );
    assert_eq!(cli.common.verbose, 1);
}

#[test]
fn a_run_may_fail_on_any_rule() {
    let words = Rule::ALL.map(Rule::as_str).join(",");
    let cli = parse(&format!("imgtrace --fail-on {words}")).unwrap();
    assert_eq!(cli.live.judge.fail_on, Rule::ALL);
    let both = [Rule::Dood, Rule::SocketGrant];
    for line in [
        "imgtrace record -q f --fail-on dood --fail-on socket-grant",
        "imgtrace replay f --fail-on dood,socket-grant --filter op=pull",
    ] {
        let judge = match parse(line).unwrap().command {
            Some(Command::Record(args)) => args.judge,
            Some(Command::Replay(args)) => args.judge,
            other => panic!("{other:?}"),
        };
        assert_eq!(judge.fail_on, both, "{line}");
    }
    let wrong = wrong("imgtrace --fail-on doodle");
    assert!(wrong.contains("invalid value 'doodle'"), "{wrong}");
}

#[test]
fn common_options_go_anywhere() {
    for line in [
        "imgtrace -vv --no-color replay f",
        "imgtrace replay f --no-color -vv",
    ] {
        let common = parse(line).unwrap().common;
        assert_eq!((common.verbose, common.no_color), (2, true), "{line}");
    }
}

#[test]
fn what_would_do_nothing_is_refused() {
    let before = "error: options of the live run stand before 'replay', where they do nothing; \
                  those of 'replay' go after it";
    assert_eq!(wrong("imgtrace -o json replay f"), before);
    assert_eq!(wrong("imgtrace --duration 3s replay f"), before);
    assert_eq!(
        wrong("imgtrace --max-size 100M"),
        "error: --max-size needs --record FILE: there is nothing else to bound"
    );
    wrong("imgtrace record f --max-files 3");
    wrong("imgtrace record f -q -o json");
    wrong("imgtrace record f --max-size 1M --max-files 0");
}

#[test]
fn endpoints_name_a_kind_and_a_path() {
    for (given, why) in [
        (
            "docker",
            "an endpoint is KIND=PATH, such as docker=/run/docker.sock",
        ),
        (
            "dockerd=/run/docker.sock",
            "'dockerd' is no kind: there are docker, podman, ",
        ),
        (
            "docker=docker.sock",
            "'docker.sock' does not begin with /: give the socket's path",
        ),
    ] {
        let line = wrong(&format!("imgtrace --endpoint {given}"));
        assert!(line.contains(why), "{line}");
    }
}

#[test]
fn durations() {
    let parsed = |text| quantity::duration(text).ok().map(|time| time.as_millis());
    for (text, millis) in [
        ("30s", Some(30_000)),
        ("5m", Some(300_000)),
        ("1h30m", Some(5_400_000)),
        ("1500ms", Some(1_500)),
        ("30", None),
        ("0s", None),
        ("-5s", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(parsed(text), millis, "{text}");
    }
}

#[test]
fn sizes_and_speeds() {
    for (text, bytes) in [
        ("4096", Some(4096)),
        ("100M", Some(100 << 20)),
        ("1.5g", Some(3 << 29)),
        ("64KiB", Some(64 << 10)),
        ("2MB", Some(2 << 20)),
        ("0", None),
        ("-1M", None),
        ("M", None),
        ("nan", None),
        ("infM", None),
        ("ten", None),
    ] {
        assert_eq!(quantity::size(text).ok(), bytes, "{text}");
    }
    assert_eq!(quantity::speed("2.5"), Ok(2.5));
    assert_eq!(quantity::speed("10x"), Ok(10.0));
    assert_eq!(quantity::speed("0"), Ok(0.0));
    for text in ["-1", "nan", "inf", "fast"] {
        assert!(quantity::speed(text).is_err(), "{text}");
    }
}
