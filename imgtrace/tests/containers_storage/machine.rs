//! A store of its own for a test, and the program that uses it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use imgtrace::capture::mounts::Mount;
use imgtrace::host::process;
use imgtrace::host::users::Users;
use imgtrace::model::Process;
use tempfile::TempDir;

/// What a container needs.
const BUSYBOX: &str = "/bin/busybox";

/// A program with a store of its own, which is not there before its first command.
pub(crate) struct Machine {
    place: TempDir,
    program: &'static str,
}

impl Machine {
    /// None, with a word why, if it cannot be had here.
    pub(crate) fn new(program: &'static str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: it takes root");
            return None;
        }
        let path = Path::new("/usr/bin").join(program);
        if let Some(missing) = [path.as_path(), Path::new(BUSYBOX)]
            .iter()
            .find(|it| !it.exists())
        {
            eprintln!("skipped: there is no {}", missing.display());
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        Some(Self { place, program })
    }

    /// A path in the test's folder.
    pub(crate) fn file(&self, name: &str) -> String {
        self.place.path().join(name).to_str().unwrap().to_owned()
    }

    /// The root of its store.
    pub(crate) fn root(&self) -> String {
        self.file("root")
    }

    /// An archive of a root file system.
    pub(crate) fn archive(&self) -> String {
        let path = self.file("rootfs.tar");
        let tar = Command::new("tar")
            .args(["cf", &path, "-C", "/bin", "busybox"])
            .status();
        assert!(tar.unwrap().success());
        path
    }

    /// The folder of a build.
    pub(crate) fn containerfile(&self, text: &str) -> String {
        let folder = self.file("build");
        fs::create_dir_all(&folder).unwrap();
        fs::write(Path::new(&folder).join("Containerfile"), text).unwrap();
        folder
    }

    /// Runs a command to its end; `begun` is told the process as soon as it is there. Returns its
    /// pid.
    pub(crate) fn run(&self, args: &[&str], begun: impl FnOnce(&Process)) -> u32 {
        let mut all = vec!["--root".to_owned(), self.root()];
        all.extend(["--runroot".to_owned(), self.file("run")]);
        if self.program == "podman" {
            all.extend(["--tmpdir".to_owned(), self.file("tmp")]);
            all.extend(["--runtime", "runc", "--events-backend", "none"].map(str::to_owned));
        }
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        let path = Path::new("/usr/bin").join(self.program);
        let child = Command::new(path)
            .args(&all)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        // What the kernel says at execve(2), which a test without the tracer does not see.
        let mut process = process::describe(pid, &mut Users::new()).unwrap();
        process.exe = Some(format!("/usr/bin/{}", self.program));
        process.args = Some([vec![self.program.to_owned()], all].concat());
        begun(&process);
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{args:?}: {said}");
        pid
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Podman leaves the driver's folder mounted on itself.
        let folder = self.file("root/overlay");
        let _ = Command::new("umount")
            .args(["-l", &folder])
            .stderr(Stdio::null())
            .status();
    }
}

/// The overlays that are mounted in the machine's store, as the kernel lists them.
pub(crate) fn overlays(machine: &Machine) -> Vec<Mount> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let targets = text.lines().filter_map(|line| {
        let (place, _) = line.split_once(" - overlay ")?;
        let target = place.split(' ').nth(4)?;
        target.starts_with(&machine.root()).then_some(target)
    });
    targets
        .map(|target| Mount {
            at: 0,
            id: 1,
            device: (0, 1),
            namespace: 1,
            mounter: None,
            kind: "overlay".to_owned(),
            source: "overlay".to_owned(),
            target: target.to_owned(),
            lower: Vec::new(),
            upper: None,
            already: true,
        })
        .collect()
}
