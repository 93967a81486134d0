use super::canonical;

#[test]
fn var_run_is_run() {
    assert_eq!(canonical("/var/run/docker.sock"), "/run/docker.sock");
    assert_eq!(canonical("/run/docker.sock"), "/run/docker.sock");
    assert_eq!(canonical("/var/running.sock"), "/var/running.sock");
    assert_eq!(canonical("/var/run"), "/run");
}
