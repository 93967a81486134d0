use std::process::{Command, Stdio};

use super::*;

#[test]
fn rights_in_another_user_namespace_are_read_from_its_maps() {
    assert_eq!(namespace(0xEFFF_FFFD, 0), Namespace::Initial);
    assert_eq!(namespace(1, std::process::id()), Namespace::Unknown);
    let child = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            "echo ready; read x",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    if line == "ready\n" {
        let inode = process::namespace(child.id(), "user");
        let one = |first| vec![Range { first, count: 1 }];
        let expected = Namespace::Mapped {
            users: one(rustix::process::geteuid().as_raw()),
            groups: one(rustix::process::getegid().as_raw()),
        };
        assert_eq!(namespace(inode, child.id()), expected);
    } else {
        println!(
            "SKIP rights_in_another_user_namespace_are_read_from_its_maps: no user namespaces"
        );
    }
    let _ = child.kill();
    child.wait().unwrap();
}
