use super::*;

fn args(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_last_option_counts_by_whatever_name() {
    let roots = ["--data-root", "-g"];
    for (line, told) in [
        ("dockerd --data-root /a", Some(("--data-root", "/a"))),
        ("dockerd --data-root=/a -g /b", Some(("-g", "/b"))),
        ("dockerd -g /b --data-root=/a", Some(("--data-root", "/a"))),
        ("dockerd --data-rooted /a", None),
        ("dockerd --data-root", None),
        ("-g /a", None),
    ] {
        let args = args(line);
        assert_eq!(option(&args, &roots), told, "{line}");
    }
    let given = args("dockerd --feature a --feature=b");
    assert_eq!(options(&given, "--feature").collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn only_the_first_table_is_a_files_own() {
    let text = "version = 3\n# root = \"/no\"\nroot='/srv/c' # here\n[plugins.x]\nstate = \"/x\"\n";
    assert_eq!(top_key(text, "root").as_deref(), Some("/srv/c"));
    assert_eq!(top_key(text, "state"), None);
    assert_eq!(top_key(text, "version"), None, "no string");
    assert_eq!(top_key("root = \"/a", "root"), None);
    assert_eq!(top_key("root = é", "root"), None);
}

#[test]
fn homes_are_those_of_a_passwd() {
    let text =
        "root:x:0:0:root:/root:/bin/sh\nbroken\na:x:1000:1000::/home/a/:/bin/sh\nb:x:7:7::none:/x";
    let all: Vec<_> = homes(text).collect();
    assert_eq!(all, [(0, "/root"), (1000, "/home/a")]);
}
