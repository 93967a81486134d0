use super::{is_below_sshd, up_to_boundary};
use crate::model::Ancestor;
use crate::trace::scene::{ancestors, key};

fn check(chain: &[&str], expected: &[&str]) {
    let kept = up_to_boundary(&ancestors(chain));
    let comms: Vec<_> = kept.iter().map(|it| it.comm.as_str()).collect();
    assert_eq!(comms, expected, "{chain:?}");
}

#[test]
fn chains_end_with_what_set_them_going() {
    check(
        &["make", "bash", "sshd", "sshd", "systemd"],
        &["make", "bash", "sshd"],
    );
    check(
        &["bash", "sshd-session", "sshd", "systemd"],
        &["bash", "sshd-session"],
    );
    check(&["bash", "login", "systemd"], &["bash", "login"]);
    check(
        &["sh", "java", "containerd-shim", "systemd"],
        &["sh", "java", "containerd-shim"],
    );
    check(&["sh", "conmon", "systemd"], &["sh", "conmon"]);
    check(
        &["zsh", "gnome-terminal-", "systemd", "systemd"],
        &["zsh", "gnome-terminal-", "systemd"],
    );
    check(
        &["sh", "cron", "cron", "systemd"],
        &["sh", "cron", "cron", "systemd"],
    );
}

#[test]
fn a_chain_without_an_end_is_kept_whole() {
    check(&["sh", "make"], &["sh", "make"]);
    check(&[], &[]);
}

#[test]
fn pid_1_ends_a_chain_whatever_it_is_called() {
    let init = Ancestor {
        key: key(1),
        comm: "process_api".to_owned(),
    };
    let kept = up_to_boundary(&[init.clone(), init]);
    assert_eq!(kept.len(), 1);
}

#[test]
fn ssh() {
    assert!(is_below_sshd(&ancestors(&["sh", "sshd-session", "sshd"])));
    assert!(!is_below_sshd(&ancestors(&["sh", "ssh", "bash"])));
}
