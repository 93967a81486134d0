//! In namespaces of their own, as containers are, where this machine allows to make them.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};

use super::*;

/// A process in a mount namespace of its own, in which a script has run.
struct Container(Child);

impl Container {
    /// None where no namespace can be made.
    fn after(script: &str) -> Option<Self> {
        let script =
            format!("set -e\nmount --make-rprivate /\n{script}\necho ready; exec sleep 60");
        let mut child = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?)
            .read_line(&mut line)
            .ok()?;
        let container = Self(child);
        (line == "ready\n").then_some(container)
    }

    fn within(&self) -> Within {
        Within::of(process::key(self.0.id()).unwrap()).unwrap()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What stat(2) says is what the kernel has on this file system, or the test cannot tell.
fn listener(path: &str) -> Option<Listener> {
    let Walk::Found { inode, .. } = Root::of(std::process::id())?.walk(path.as_bytes()) else {
        return None;
    };
    Some(Listener {
        device: inode.device,
        inode: inode.number?,
    })
}

#[test]
fn a_socket_is_found_by_every_mount_that_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["run", "a", "b", "hidden"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    std::fs::write(at("file"), "").unwrap();
    let socket = at("run/docker.sock");
    let _listening = UnixListener::bind(&socket).unwrap();
    std::os::unix::fs::symlink(at("run"), at("link")).unwrap();
    let Some(listener) = listener(&socket) else {
        return;
    };
    // By the path that the daemon bound, with a link in it.
    let own = std::process::id();
    let located = locate(own, &at("link/docker.sock"), listener).unwrap();
    let other = Listener {
        inode: listener.inode + 1,
        ..listener
    };
    assert!(
        locate(own, &socket, other).is_none(),
        "another socket lies there now"
    );
    assert!(locate(own, &at("file"), listener).is_none());

    let folder = folder.path().to_str().unwrap();
    let Some(container) = Container::after(&format!(
        "cd {folder}; mount --bind run/docker.sock file; mount -o remount,bind,ro file
         mount --bind run a; mount --bind run hidden; mount -t tmpfs t hidden
         mount -t tmpfs t b; mkdir b/x"
    )) else {
        return;
    };
    let mut views = container.within().views(&located);
    views.sort_by(|one, other| one.path.cmp(&other.path));
    let seen: Vec<_> = views
        .iter()
        .map(|view| (view.path.as_str(), view.read_only))
        .collect();
    let (a, file, own_path) = (
        at_in(folder, "a/docker.sock"),
        at_in(folder, "file"),
        socket,
    );
    assert_eq!(seen, [(&*a, false), (&*file, true), (&*own_path, false)]);

    let here = Within::of(process::key(own).unwrap()).unwrap();
    assert_eq!(here.views(&located), [], "where the daemon itself lives");
}

fn at_in(folder: &str, name: &str) -> String {
    format!("{folder}/{name}")
}

#[test]
fn a_mount_of_a_socket_that_was_made_anew_is_no_view() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("run")).unwrap();
    std::fs::write(at("file"), "").unwrap();
    let socket = at("run/docker.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let hide = format!("mount -t tmpfs -o size=64k t {}", at("none"));
    std::fs::create_dir(at("none")).unwrap();
    let (file, run) = (at("file"), at("run"));
    let script = format!("mount --bind {socket} {file}; {hide}; mount -t tmpfs t {run}");
    let Some(container) = Container::after(&script) else {
        return;
    };
    std::fs::remove_file(&socket).unwrap();
    let _listening = UnixListener::bind(&socket).unwrap();
    let Some(listener) = listener(&socket) else {
        return;
    };
    let located = locate(std::process::id(), &socket, listener).unwrap();
    assert_eq!(container.within().views(&located), []);
}
