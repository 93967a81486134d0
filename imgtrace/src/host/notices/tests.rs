use std::net::TcpListener;

use super::*;
use crate::host::Users;
use crate::host::process::describe;
use crate::model::{EndpointId, EndpointState, Listener};

fn endpoint(runtime: Runtime) -> Endpoint {
    Endpoint {
        id: EndpointId(1),
        runtime,
        path: "/run/docker.sock".to_owned(),
        listener: Listener {
            device: 1,
            inode: 2,
        },
        server: None,
        file: None,
        joined: 0,
        state: EndpointState::Watched,
    }
}

/// This process, under the name of another program.
fn process(exe: &str, args: &[&str]) -> Process {
    let mut process = describe(std::process::id(), &mut Users::new()).unwrap();
    process.exe = Some(exe.to_owned());
    process.args = Some(args.iter().map(|arg| (*arg).to_owned()).collect());
    process
}

#[test]
fn a_daemon_on_tcp_is_told_with_the_remedy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = process("/usr/bin/dockerd", &["dockerd", "-H", "fd://"]);
    let notes = of_server(&server, &endpoint(Runtime::Docker));
    let note = notes
        .iter()
        .find(|note| note.about == "tcp-listener")
        .unwrap();
    assert!(note.text.contains(&address.to_string()), "{}", note.text);
    assert!(
        note.text.contains("unix:///run/docker.sock"),
        "{}",
        note.text
    );
    assert!(note.text.starts_with("dockerd (pid "), "{}", note.text);

    let metrics = format!("--metrics-addr={address}");
    let server = process("/usr/bin/dockerd", &["dockerd", &metrics]);
    let notes = of_server(&server, &endpoint(Runtime::Docker));
    let address = address.to_string();
    assert!(
        notes.iter().all(|note| !note.text.contains(&address)),
        "{notes:?}"
    );
}

#[test]
fn embedded_containerd_is_told() {
    let args = ["dockerd", "--feature=embedded-containerd"];
    let notes = of_server(
        &process("/opt/dockerd-29", &args),
        &endpoint(Runtime::Docker),
    );
    assert!(notes.iter().any(|note| note.about == "embedded-containerd"));
    let notes = of_server(
        &process("/opt/dockerd-29", &args[..1]),
        &endpoint(Runtime::Docker),
    );
    assert!(notes.iter().all(|note| note.about != "embedded-containerd"));
}

#[test]
fn a_listener_that_is_no_daemon_is_a_proxy() {
    for exe in [
        "/opt/docker-desktop/bin/com.docker.backend",
        "/usr/bin/socat",
        "/usr/bin/ssh",
    ] {
        let notes = of_server(&process(exe, &[]), &endpoint(Runtime::Docker));
        let [note] = notes.as_slice() else {
            panic!("{exe}: {notes:?}");
        };
        assert_eq!(note.about, "socket-proxy");
    }
    for exe in [
        "/usr/bin/dockerd",
        "/usr/lib/systemd/systemd",
        "/usr/bin/podman",
        "/x/dockerd-28.5",
    ] {
        let notes = of_server(&process(exe, &[]), &endpoint(Runtime::Docker));
        assert!(
            notes.iter().all(|note| note.about != "socket-proxy"),
            "{exe}"
        );
    }
    assert_eq!(
        of_server(
            &process("/usr/bin/k3s", &[]),
            &endpoint(Runtime::Containerd)
        ),
        []
    );
}

#[test]
fn clients_that_speak_for_others_are_told() {
    let about = |exe, args: &[&str]| {
        of_client(&process(exe, args), &endpoint(Runtime::Docker)).map(|note| note.about)
    };
    assert_eq!(
        about("/usr/bin/docker", &["docker", "system", "dial-stdio"]),
        Some("ssh-dial-stdio")
    );
    assert_eq!(
        about("/usr/sbin/haproxy", &["haproxy", "-f", "x"]),
        Some("socket-proxy")
    );
    assert_eq!(about("/usr/bin/docker", &["docker", "pull", "socat"]), None);
}
