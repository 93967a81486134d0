use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

/// A process that lives until the test is over, and has reached its last execve(2).
struct Sleeper(Child);

impl Sleeper {
    fn new(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }

    /// `sh`, with `arguments` behind its script.
    fn shell(arguments: &[&str]) -> Self {
        let mut command = Command::new("/bin/sh");
        // `read` without input would end; the pipe of stdin keeps the shell itself alive.
        command
            .args(["-c", "echo ready; read x", "sh"])
            .args(arguments);
        Self::new(command.stdin(Stdio::piped()))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn described(pid: u32) -> Process {
    describe(pid, &mut Users::new()).unwrap()
}

#[test]
fn a_child_is_described_as_it_is() {
    let child = Sleeper::shell(&["--password", "hunter2", "a b"]);
    let process = described(child.pid());
    assert_eq!(Some(process.key), key(child.pid()));
    assert_eq!(process.comm, "sh");
    assert_eq!(
        process.exe.map(|path| path.replace("/usr/bin", "/bin")),
        std::fs::canonicalize("/bin/sh")
            .ok()
            .map(|path| path.to_string_lossy().replace("/usr/bin", "/bin"))
    );
    let args = process.args.unwrap();
    assert_eq!(args[3..], ["sh", "--password", "***", "a b"]);
    assert!(!process.args_cut);
    assert_eq!(process.uid, rustix::process::geteuid().as_raw());
    assert_eq!(process.gid, rustix::process::getegid().as_raw());
    assert_eq!(process.source, Source::Proc);
    let me = described(std::process::id());
    assert_eq!(process.cgroups, me.cgroups);
    assert_eq!((process.mount_ns, process.pid_ns), (me.mount_ns, me.pid_ns));
    assert_ne!(process.mount_ns, 0);
}

#[test]
fn ancestors_go_up_to_the_first_process() {
    let child = Sleeper::shell(&[]);
    let process = described(child.pid());
    let parent = process.ancestors.first().unwrap();
    assert_eq!(Some(parent.key), key(std::process::id()));
    let pids: Vec<_> = process
        .ancestors
        .iter()
        .map(|above| above.key.pid)
        .collect();
    assert_eq!(pids.last(), Some(&1), "{pids:?}");
    assert!(
        process
            .ancestors
            .is_sorted_by(|a, b| a.key.start >= b.key.start)
    );
}

#[test]
fn who_is_gone_is_not_described() {
    let mut child = Command::new("/bin/true").spawn().unwrap();
    let pid = child.id();
    let key = key(pid).unwrap();
    child.wait().unwrap();
    assert!(!is_alive(key));
    assert!(describe(pid, &mut Users::new()).is_none());
    assert!(describe(u32::MAX, &mut Users::new()).is_none());
    assert!(describe(0, &mut Users::new()).is_none());
}

#[test]
fn a_zombie_has_no_command_line() {
    let mut child = Command::new("/bin/true").spawn().unwrap();
    let pid = child.id();
    while !std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .unwrap()
        .contains(") Z ")
    {
        std::thread::yield_now();
    }
    let process = described(pid);
    assert_eq!((process.args, process.exe), (None, None));
    assert!(is_alive(process.key) && !is_running(process.key));
    child.wait().unwrap();
    assert!(!is_alive(process.key));
}

#[test]
fn another_start_is_another_process() {
    let me = key(std::process::id()).unwrap();
    assert!(is_alive(me) && is_running(me));
    let other = ProcessKey {
        start: me.start + 1,
        ..me
    };
    assert!(!is_alive(other) && !is_running(other));
}

#[test]
fn a_long_command_line_is_cut() {
    let child = Sleeper::shell(&[&"x".repeat(6000)]);
    let process = described(child.pid());
    assert!(process.args_cut);
    assert!(process.args.unwrap().concat().len() <= arguments::TOTAL);
}

#[test]
fn other_namespaces_are_told() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIP other_namespaces_are_told: needs root");
        return;
    }
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "--pid",
        "--fork",
        "sh",
        "-c",
        "echo ready; read x",
    ]);
    let outer = Sleeper::new(command.stdin(Stdio::piped()));
    let children = format!("/proc/{0}/task/{0}/children", outer.pid());
    let inner = std::fs::read_to_string(children).unwrap();
    let inner = described(inner.trim().parse().unwrap());
    let me = described(std::process::id());
    assert_ne!(inner.mount_ns, me.mount_ns);
    assert_ne!(inner.pid_ns, me.pid_ns);
    assert_eq!(inner.ancestors[0].comm, "unshare");
    // The shell would outlive the test with its parent.
    let pid = i32::try_from(inner.key.pid).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_name_that_is_no_text_hides_nobody() {
    let text = String::from_utf8_lossy(b"Name:\t\xff\xfe\nUmask:\t0022\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t10 20 \nCapEff:\t0000000000000003\n").into_owned();
    let status = Status::parse(&text).unwrap();
    assert_eq!(
        status,
        Status {
            uid: 2,
            gid: 6,
            file_user: 4,
            file_group: 8,
            groups: vec![10, 20],
            capabilities: 3
        }
    );
    assert_eq!(Status::parse("Name:\tx\n"), None);
}

#[test]
fn the_most_telling_cgroup_is_taken() {
    let text = "12:pids:/docker/aa\n9:name=systemd:/init.scope\n4:memory:/docker/bb/docker/cc\n0::/system.slice/docker.service\n";
    let cgroups = cgroups::parse(text);
    assert_eq!(cgroups.v1.as_deref(), Some("/docker/bb/docker/cc"));
    assert_eq!(cgroups.v2.as_deref(), Some("/system.slice/docker.service"));

    let cgroups = cgroups::parse("1:name=systemd:/a:b\n3:cpu,cpuacct:/c\n");
    assert_eq!(cgroups.v1.as_deref(), Some("/a:b"));
    assert_eq!(cgroups.v2, None);
    assert_eq!(cgroups::parse("").v1, None);
}

#[test]
fn a_glance_shows_what_a_look_does() {
    let me = described(std::process::id());
    let seen = all().find(|seen| seen.key == me.key).unwrap();
    assert_eq!((seen.comm, seen.cgroups), (me.comm, me.cgroups));
}
