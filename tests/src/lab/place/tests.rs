use super::*;

#[test]
fn a_name_is_fit_for_paths() {
    assert!(Place::new("t-one2").is_ok());
    for name in ["", "..", "a/b", "A", "a b", "a-name-that-is-much-too-long"] {
        assert!(Place::new(name).is_err(), "{name:?}");
    }
}

#[test]
fn the_longest_socket_fits_an_address() {
    // sockaddr_un.sun_path, unix(7): 108 bytes with the zero.
    const SUN_PATH: usize = 108;
    let place = Place::new(&"x".repeat(NAME_MAX)).unwrap();
    let socket = place
        .run()
        .join("containerd-of-docker-newest/containerd.sock.ttrpc");
    assert!(socket.as_os_str().len() < SUN_PATH, "{}", socket.display());
}
