use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;
use crate::host::Clock;
use crate::host::process::describe;
use crate::model::Source;

/// A folder of its own, and the sockets that are known.
struct Bed {
    folder: tempfile::TempDir,
    listening: HashSet<Listener>,
    known: Vec<Known>,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            listening: HashSet::new(),
            known: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Binds a socket with a mode, and knows its listener.
    fn listen(&mut self, name: &str, mode: u32) -> UnixListener {
        let path = self.path(name);
        let listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self.listening.insert(identity(&path));
        listener
    }

    fn judge(&self, path: &Path, who: Option<Credentials>) -> Option<Refusal> {
        attempt(path, who).judge(self.sockets(), &mut Users::new())
    }

    fn sockets(&self) -> Sockets<'_> {
        Sockets {
            listening: &self.listening,
            known: &self.known,
        }
    }
}

fn attempt(path: &Path, who: Option<Credentials>) -> Attempt {
    let path = path.as_os_str().as_encoded_bytes();
    Attempt::new(&me(), path, later(), who).unwrap()
}

/// The kernel's identity of a file; tests run on file systems where stat(2) tells it.
fn identity(path: &Path) -> Listener {
    let data = fs::metadata(path).unwrap();
    let dev = data.dev();
    let (major, minor) = (rustix::fs::major(dev), rustix::fs::minor(dev));
    Listener {
        device: (major << 20) | minor,
        inode: data.ino(),
    }
}

/// A runtime's default path on which nobody listens any more: dockershim ended with Kubernetes 1.23.
const NOWHERE: &str = "/run/dockershim.sock";

fn me() -> Process {
    describe(std::process::id(), &mut Users::new()).unwrap()
}

/// A time at which everything that the test has made stands.
fn later() -> Stamp {
    Clock::new().now()
}

fn stranger() -> Credentials {
    Credentials {
        uid: 65_533,
        gid: 65_533,
        groups: Vec::new(),
        capabilities: 0,
        namespace: Namespace::Initial,
    }
}

fn errno(refusal: Option<Refusal>) -> Option<String> {
    refusal.map(|refusal| refusal.denial.errno)
}

#[test]
fn a_living_listener_refuses_nobody_who_may() {
    let mut bed = Bed::new();
    let _listener = bed.listen("docker.sock", 0o666);
    let path = bed.path("docker.sock");
    UnixStream::connect(&path).unwrap();
    assert_eq!(bed.judge(&path, None), None);
    assert_eq!(bed.judge(&path, Some(stranger())), None);
}

#[test]
fn no_file_is_enoent_where_a_runtime_would_be() {
    let bed = Bed::new();
    let refusal = bed.judge(Path::new(NOWHERE), None).unwrap();
    assert_eq!(refusal.runtime, Runtime::Dockershim);
    assert_eq!(refusal.endpoint, None);
    assert_eq!(refusal.denial, denial("ENOENT"));
    // Somebody's own idea of a place, and no endpoint was ever there.
    assert_eq!(bed.judge(&bed.path("none/docker.sock"), None), None);
    assert_eq!(bed.judge(&bed.path("mysql.sock"), None), None);
}

#[test]
fn nobody_listening_is_econnrefused() {
    let mut bed = Bed::new();
    let path = bed.path("podman.sock");
    drop(bed.listen("podman.sock", 0o666));
    // As long as it may have been listening since, nothing is said.
    assert_eq!(bed.judge(&path, None), None);
    bed.listening.clear();
    let error = UnixStream::connect(&path).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    let refusal = bed.judge(&path, None).unwrap();
    assert_eq!(refusal.runtime, Runtime::Podman);
    assert_eq!(refusal.denial, denial("ECONNREFUSED"));
}

#[test]
fn a_folder_in_place_of_a_socket_is_econnrefused() {
    // What `docker run -v /var/run/docker.sock:…` leaves where there was no socket.
    let bed = Bed::new();
    let path = bed.path("docker.sock");
    fs::create_dir(&path).unwrap();
    let error = UnixStream::connect(&path).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        errno(bed.judge(&path, None)).as_deref(),
        Some("ECONNREFUSED")
    );
}

#[test]
fn a_mode_that_forbids_is_eacces_with_the_remedy() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIP a_mode_that_forbids_is_eacces_with_the_remedy: needs root");
        return;
    }
    let mut bed = Bed::new();
    let _listener = bed.listen("docker.sock", 0o660);
    let path = bed.path("docker.sock");
    // A group that every system has, and one that none has.
    for (gid, name) in [
        (1, Users::new().group(None, 1).unwrap()),
        (64_321, "64321".to_owned()),
    ] {
        std::os::unix::fs::chown(&path, Some(0), Some(gid)).unwrap();
        let refusal = bed.judge(&path, Some(stranger())).unwrap();
        let expected = Denial {
            errno: "EACCES".to_owned(),
            socket_mode: Some("0660".to_owned()),
            socket_owner: Some("root".to_owned()),
            socket_group: Some(name.clone()),
            needed_group: Some(name),
            needed_gid: Some(gid),
        };
        assert_eq!(refusal.denial, expected);
    }
    let closed = bed.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let hidden = bed.judge(&closed.join("docker.sock"), Some(stranger()));
    assert_eq!(
        errno(hidden).as_deref(),
        Some("EACCES"),
        "whatever is or is not in there"
    );
}

#[test]
fn what_changed_after_the_attempt_proves_nothing() {
    let mut bed = Bed::new();
    let path = bed.path("docker.sock");
    let before = attempt(&path, None);
    // Longer than a tick of the clock that files are stamped with.
    std::thread::sleep(std::time::Duration::from_millis(30));
    let listener = bed.listen("docker.sock", 0o600);
    fs::remove_file(&path).unwrap();
    let mut users = Users::new();
    assert_eq!(
        before.judge(bed.sockets(), &mut users),
        None,
        "it was there for a moment"
    );
    drop(listener);

    let mut bed = Bed::new();
    let _listener = bed.listen("docker.sock", 0o666);
    let path = bed.path("docker.sock");
    let before = attempt(&path, Some(stranger()));
    std::thread::sleep(std::time::Duration::from_millis(30));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(
        before.judge(bed.sockets(), &mut users),
        None,
        "it was open before"
    );
    let after = bed.judge(&path, Some(stranger()));
    assert_eq!(errno(after).as_deref(), Some("EACCES"));
}

#[test]
fn an_endpoint_is_known_by_its_socket_under_any_name() {
    let mut bed = Bed::new();
    let _listener = bed.listen("d.sock", 0o600);
    let path = bed.path("odd");
    symlink("d.sock", &path).unwrap();
    assert_eq!(
        bed.judge(&path, Some(stranger())),
        None,
        "no runtime's name"
    );
    bed.known.push(Known {
        id: EndpointId(3),
        runtime: Runtime::Podman,
        path: "/elsewhere/p.sock".to_owned(),
        listener: identity(&path),
        mount_ns: 0,
        server: None,
    });
    let refusal = bed.judge(&path, Some(stranger())).unwrap();
    assert_eq!(refusal.endpoint, Some(EndpointId(3)));
    assert_eq!(refusal.runtime, Runtime::Podman);
}

#[test]
fn an_endpoint_that_is_gone_is_known_by_its_path_in_its_own_namespace() {
    let mut bed = Bed::new();
    let path = bed.path("mine.sock");
    bed.known.push(Known {
        id: EndpointId(1),
        runtime: Runtime::Docker,
        path: path.to_str().unwrap().to_owned(),
        listener: Listener {
            device: 0,
            inode: 0,
        },
        mount_ns: me().mount_ns,
        server: None,
    });
    let refusal = bed.judge(&path, None).unwrap();
    assert_eq!(refusal.endpoint, Some(EndpointId(1)));
    assert_eq!(refusal.denial.errno, "ENOENT");
    bed.known[0].mount_ns += 1;
    assert_eq!(bed.judge(&path, None), None);
}

#[test]
fn who_is_gone_is_stood_in_for_by_an_ancestor() {
    let bed = Bed::new();
    let path = NOWHERE.as_bytes();
    let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
    let mut gone = describe(child.id(), &mut Users::new()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let judge = |caller: &Process, path: &[u8]| {
        Attempt::new(caller, path, later(), Some(stranger()))?
            .judge(bed.sockets(), &mut Users::new())
    };
    assert_eq!(errno(judge(&gone, path)).as_deref(), Some("ENOENT"));
    // Without its ancestors any process of its namespace will do, but for a relative path none.
    gone.ancestors.clear();
    assert_eq!(errno(judge(&gone, path)).as_deref(), Some("ENOENT"));
    assert_eq!(judge(&gone, b"docker.sock"), None);
    // Its program is not there: it had another root.
    gone.exe = Some("/none/docker".to_owned());
    assert_eq!(judge(&gone, path), None);
    gone.exe = None;
    gone.mount_ns = 1;
    assert_eq!(judge(&gone, path), None);
    // Without the kernel's word on its rights nothing is known.
    gone.mount_ns = me().mount_ns;
    gone.source = Source::Kernel;
    let attempt = Attempt::new(&gone, path, later(), None).unwrap();
    assert_eq!(attempt.judge(bed.sockets(), &mut Users::new()), None);
}

#[test]
fn a_caller_in_another_mount_namespace_is_judged_by_what_it_sees() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIP a_caller_in_another_mount_namespace_is_judged_by_what_it_sees: needs root");
        return;
    }
    let mut bed = Bed::new();
    let _listener = bed.listen("docker.sock", 0o666);
    let inside = bed.path("in");
    fs::create_dir(&inside).unwrap();
    let script = format!(
        "set -e; mount -t tmpfs t {0}; touch {0}/docker.sock {0}/alias.sock
         mount --bind {1} {0}/alias.sock; echo ready; read x",
        inside.display(),
        bed.path("docker.sock").display(),
    );
    let mut child = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    assert_eq!(line, "ready\n");
    let caller = describe(child.id(), &mut Users::new()).unwrap();
    let judge = |path: PathBuf| {
        let path = path.as_os_str().as_encoded_bytes();
        Attempt::new(&caller, path, later(), None)
            .unwrap()
            .judge(bed.sockets(), &mut Users::new())
    };
    assert_eq!(
        errno(judge(inside.join("docker.sock"))).as_deref(),
        Some("ECONNREFUSED")
    );
    assert_eq!(bed.judge(&inside.join("docker.sock"), None), None);
    // A bind mount of the socket is the same socket, and somebody listens on it.
    assert_eq!(judge(inside.join("alias.sock")), None);
    assert_eq!(judge(bed.path("docker.sock")), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn on_overlay_only_an_empty_file_system_is_evidence() {
    let mut socket = Inode {
        kind: Kind::Socket,
        mode: 0o666,
        uid: 0,
        gid: 0,
        acl: crate::host::root::Acl::None,
        device: 45,
        number: None,
        changed: 0,
    };
    let listening = HashSet::from([Listener {
        device: 45,
        inode: 1,
    }]);
    assert!(may_listen(&socket, &listening));
    assert!(!may_listen(&socket, &HashSet::new()));
    socket.device = 46;
    assert!(!may_listen(&socket, &listening));
    socket.device = 45;
    socket.number = Some(2);
    assert!(!may_listen(&socket, &listening));
}

#[test]
fn what_the_kernel_has_seen_is_explained() {
    let mut bed = Bed::new();
    let _listener = bed.listen("docker.sock", 0o640);
    let path = bed.path("docker.sock");
    let attempt = attempt(&path, Some(stranger()));
    let mut users = Users::new();
    let denial = attempt.explain("EACCES", None, &mut users);
    assert_eq!(denial.socket_mode.as_deref(), Some("0640"));
    assert_eq!(denial.needed_group, None, "the group may only read");
    assert_eq!(
        attempt.explain("EAGAIN", None, &mut users),
        super::denial("EAGAIN")
    );
}
