use super::*;

const LISTENING: &str = "0000000000000000: 00000002 00000000 00010000 0001 01 23456 ";
const CONNECTED: &str = "0000000000000000: 00000003 00000000 00000000 0001 03 23457 ";

#[test]
fn only_a_runtimes_listening_socket_counts() {
    for (line, path, counts) in [
        (LISTENING, "/run/docker.sock", true),
        (LISTENING, "/run/k3s/containerd/containerd.sock", true),
        (CONNECTED, "/run/docker.sock", false),
        (LISTENING, "/run/dbus/system_bus_socket", false),
        (LISTENING, "/run/imgtrace-lab/up/docker/docker.sock", false),
        (LISTENING, "@docker", false),
        (LISTENING, "", false),
    ] {
        let line = format!("{line}{path}");
        assert_eq!(runtime_socket(&line), counts.then_some(path), "{line}");
    }
}

#[test]
fn the_head_of_the_table_is_no_socket() {
    let head = "Num       RefCount Protocol Flags    Type St Inode Path";
    assert_eq!(runtime_socket(head), None);
}
