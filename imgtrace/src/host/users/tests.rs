use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};

use super::*;

/// A shell in namespaces of its own that has run `script`; it ends with the test.
struct Elsewhere(Child);

impl Elsewhere {
    /// Null if `unshare` may not do this here.
    fn new(options: &[&str], script: &str) -> Option<Self> {
        let mut child = Command::new("unshare")
            .args(options)
            .args(["sh", "-c", &format!("{script}\necho ready; read x")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take()?);
        out.read_line(&mut line).ok()?;
        let ready = line == "ready\n";
        let child = Self(child);
        ready.then_some(child)
    }

    fn place(&self) -> Place {
        place(self.0.id())
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn place(pid: u32) -> Place {
    Place {
        key: process::key(pid).unwrap(),
        mount_ns: process::namespace(pid, "mnt"),
        user_ns: process::namespace(pid, "user"),
    }
}

fn me() -> Place {
    place(std::process::id())
}

#[test]
fn the_host_names_its_own() {
    let mut users = Users::new();
    assert_eq!(users.user(me(), 0).as_deref(), Some("root"));
    assert_eq!(users.user(me(), 4_000_000_000), None);
    assert_eq!(users.group(None, 0).as_deref(), Some("root"));
    assert_eq!(
        users.owner(Some(std::process::id()), 0).as_deref(),
        Some("root")
    );
}

#[test]
fn a_process_of_another_user_namespace_has_no_name() {
    let Some(child) = Elsewhere::new(&["--user", "--map-root-user"], "") else {
        println!("SKIP a_process_of_another_user_namespace_has_no_name: no user namespaces");
        return;
    };
    assert_eq!(Users::new().user(child.place(), 0), None);
}

#[test]
fn a_process_of_another_root_has_its_own_names() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIP a_process_of_another_root_has_its_own_names: needs root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir_all(root.join("etc")).unwrap();
    std::fs::write(
        root.join("etc/passwd"),
        "root:x:0:0::/:/bin/sh\nbuilder:x:1234:5::/:\n",
    )
    .unwrap();
    std::fs::write(root.join("etc/group"), "docker:x:999:builder\nbroken\n:x\n").unwrap();
    // The bind mounts let the shell live on in there.
    let script = format!(
        "set -e; cd {0}; mkdir bin lib lib64 usr; for d in bin lib lib64 usr; do mount --rbind /$d {0}/$d; done
         exec chroot {0} /bin/sh -c 'echo ready; read x'",
        root.display()
    );
    let child = Elsewhere::new(&["--mount"], &script).unwrap();
    let pid = child.place().key.pid;
    let mut users = Users::new();
    assert_eq!(users.user(child.place(), 0), None);
    assert_eq!(users.owner(Some(pid), 1234).as_deref(), Some("builder"));
    assert_eq!(users.group(Some(pid), 999).as_deref(), Some("docker"));
    // What its files do not know is looked for in the host's.
    let daemon = users.owner(None, 1);
    assert_eq!(users.owner(Some(pid), 1), daemon);
}

#[test]
fn a_process_that_is_gone_is_judged_by_its_namespaces() {
    let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
    let gone = place(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    let mut users = Users::new();
    assert_eq!(users.user(gone, 0).as_deref(), Some("root"));
    let elsewhere = |mount_ns, user_ns| Place {
        mount_ns,
        user_ns,
        ..gone
    };
    assert_eq!(
        users.user(elsewhere(gone.mount_ns + 1, gone.user_ns), 0),
        None
    );
    assert_eq!(
        users.user(elsewhere(gone.mount_ns, gone.user_ns + 1), 0),
        None
    );
    assert_eq!(users.user(elsewhere(0, gone.user_ns), 0), None);
    assert_eq!(users.user(elsewhere(gone.mount_ns, 0), 0), None);
}

#[test]
fn a_file_that_changed_is_read_again() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut users = Users::new();
    let mut ask = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        users.look_up(List::Users, File::open(file.path()).unwrap(), 7)
    };
    assert_eq!(
        ask("go:x:7:7::/:\nsecond:x:7:7::/:\n").as_deref(),
        Some("go")
    );
    assert_eq!(ask("gone:x:8:8::/:\n"), None);
    assert_eq!(ask("gopher:x:7:7::/:\n").as_deref(), Some("gopher"));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut users = Users::new();
    for size in 0..=FILES_MAX + 1 {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("go:x:7:{size}::/:\n")).unwrap();
        users.look_up(List::Users, file.reopen().unwrap(), 7);
        assert!(users.files.len() <= FILES_MAX);
    }
}
