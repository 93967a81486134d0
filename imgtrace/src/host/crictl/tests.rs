use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

fn said(text: &str) -> (Option<String>, Option<String>) {
    parse(text)
}

#[test]
fn what_crictl_writes_is_read() {
    let text = "runtime-endpoint: \"unix:///run/k3s/containerd/containerd.sock\"\n\
                image-endpoint: \"\"\ntimeout: 0\ndebug: false\npull-image-on-create: false\n";
    assert_eq!(
        said(text),
        (
            Some("unix:///run/k3s/containerd/containerd.sock".to_owned()),
            None
        )
    );
}

#[test]
fn what_people_write_is_read() {
    let text = "# the node's\nruntime-endpoint :   unix:///a.sock   # was b\r\n\
                'image-endpoint': x\nimage-endpoint: '/b.sock'\n  runtime-endpoint: nested\n";
    assert_eq!(
        said(text),
        (
            Some("unix:///a.sock".to_owned()),
            Some("/b.sock".to_owned())
        )
    );
    for empty in [
        "",
        "runtime-endpoint:",
        "runtime-endpoint: # none",
        "runtime-endpoint: ~",
    ] {
        assert_eq!(said(empty), (None, None), "{empty}");
    }
    let twice = "runtime-endpoint: /a\nruntime-endpoint: /b\n";
    assert_eq!(said(twice).0, Some("/b".to_owned()));
    assert_eq!(
        said(&format!("runtime-endpoint: {}", "x".repeat(5_000))).0,
        None
    );
}

#[test]
fn a_file_leads_to_the_socket_behind_links() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let _listener = UnixListener::bind(at("real.sock")).unwrap();
    symlink(at("real.sock"), at("dockershim.sock")).unwrap();
    let text = format!("runtime-endpoint: unix://{}\n", at("dockershim.sock"));
    std::fs::write(at("crictl.yaml"), text).unwrap();
    let root = Root::of(std::process::id()).unwrap();

    let config = read(&root, &at("crictl.yaml"));
    assert!(config.found && config.problem.is_none());
    let Walk::Found { inode, .. } = root.walk(at("real.sock").as_bytes()) else {
        panic!("the socket is there");
    };
    let socket = config.runtime.unwrap().socket.map(|it| it.inode);
    assert_eq!(socket, inode.number);

    assert!(!read(&root, &at("none.yaml")).found);
    std::fs::write(at("bytes.yaml"), [0xff, 0xfe]).unwrap();
    let broken = read(&root, &at("bytes.yaml"));
    assert_eq!(broken.problem.as_deref(), Some("it is no text"));
    std::fs::create_dir(at("folder.yaml")).unwrap();
    assert!(read(&root, &at("folder.yaml")).problem.is_some());
}
