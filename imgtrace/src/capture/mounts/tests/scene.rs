//! Folders to mount, other namespaces to mount them in, and what was seen of it.

use std::ffi::CString;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, UnmountFlags,
    fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount, mount_bind, move_mount, unmount,
};
use tempfile::TempDir;

use super::super::{Event, Mount, Mounts, WatchError, Watched, Way};

/// How long something may take that comes for certain.
const PATIENCE: Duration = Duration::from_secs(20);
/// After which silence nothing more is expected.
pub(in crate::capture::mounts) const QUIET: Duration = Duration::from_millis(300);

/// Lower layers, an upper one and a mount point, in a folder of their own.
pub(in crate::capture::mounts) struct Ground {
    folder: TempDir,
    lower: Vec<String>,
    name: String,
}

impl Ground {
    /// `layers` lower layers.
    pub(in crate::capture::mounts) fn new(layers: usize) -> Self {
        Self::with_names(layers, "")
    }

    /// The same, every layer named so after its number.
    pub(in crate::capture::mounts) fn with_names(layers: usize, name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let lower = |number| format!("{}/l/{number}{name}", folder.path().display());
        let lower: Vec<_> = (0..layers).map(lower).collect();
        let ground = Self {
            lower,
            name: name.to_owned(),
            folder,
        };
        let folders = ground.lower.iter().cloned();
        for path in folders.chain([ground.upper(), ground.path("work"), ground.target()]) {
            fs::create_dir_all(path).unwrap();
        }
        ground
    }

    /// The folder that it is all in.
    pub(in crate::capture::mounts) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The lower layers, topmost first.
    pub(in crate::capture::mounts) fn lower(&self) -> Vec<String> {
        self.lower.clone()
    }

    pub(in crate::capture::mounts) fn upper(&self) -> String {
        self.path(&format!("upper{}", self.name))
    }

    pub(in crate::capture::mounts) fn target(&self) -> String {
        self.path("merged")
    }

    /// The device of what is mounted.
    pub(in crate::capture::mounts) fn device(&self) -> (u32, u32) {
        let device = fs::metadata(self.target()).unwrap().dev();
        (rustix::fs::major(device), rustix::fs::minor(device))
    }

    /// The options of mount(2), with the escapes that it wants.
    pub(in crate::capture::mounts) fn options(&self) -> String {
        let escape = |path: &String| {
            let path = path.replace('\\', r"\\").replace(':', r"\:");
            path.replace(',', r"\,")
        };
        let lower: Vec<_> = self.lower.iter().map(escape).collect();
        let (lower, upper) = (lower.join(":"), escape(&self.upper()));
        let work = self.path("work");
        format!("lowerdir={lower},upperdir={upper},workdir={work}")
    }

    /// mount(2).
    pub(in crate::capture::mounts) fn mount(&self) {
        let options = CString::new(self.options()).unwrap();
        let flags = MountFlags::empty();
        let source = "overlay-of-test";
        mount(source, self.target(), "overlay", flags, &*options).unwrap();
    }

    /// mount(2) with layers relative to the working directory, as Docker's overlay2 does it.
    pub(in crate::capture::mounts) fn mount_relative(&self) {
        let lower: Vec<_> = (0..self.lower.len()).map(|at| format!("l/{at}")).collect();
        let options = CString::new(format!("lowerdir={}", lower.join(":"))).unwrap();
        let (folder, target) = (self.folder.path().to_owned(), self.target());
        let thread = std::thread::spawn(move || {
            #[expect(unsafe_code, reason = "a working directory of this thread's own")]
            // SAFETY: this thread ends here and shares nothing of it.
            unsafe {
                assert_eq!(libc::unshare(libc::CLONE_FS), 0);
            }
            rustix::process::chdir(&folder).unwrap();
            mount("o", target, "overlay", MountFlags::empty(), &*options).unwrap();
        });
        thread.join().unwrap();
    }

    /// fsopen, fsconfig with one layer at a time, fsmount, `move_mount`.
    pub(in crate::capture::mounts) fn mount_by_fsopen(&self) {
        let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
        for path in &self.lower {
            fsconfig_set_string(&context, "lowerdir+", path).unwrap();
        }
        // fsconfig(2) takes the mounter's escapes in this one.
        let upper = self.upper().replace('\\', r"\\");
        fsconfig_set_string(&context, "upperdir", upper).unwrap();
        fsconfig_set_string(&context, "workdir", self.path("work")).unwrap();
        fsconfig_create(&context).unwrap();
        let flags = FsMountFlags::FSMOUNT_CLOEXEC;
        let made = fsmount(&context, flags, MountAttrFlags::empty()).unwrap();
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(&made, "", CWD, self.target(), flags).unwrap();
    }

    /// By fuse-overlayfs; false if that does not work here.
    pub(in crate::capture::mounts) fn mount_by_fuse(&self) -> bool {
        let mut command = Command::new("fuse-overlayfs");
        command.args(["-o", &self.options(), &self.target()]);
        command.status().is_ok_and(|status| status.success())
    }

    /// Something else on the mount point.
    pub(in crate::capture::mounts) fn mount_tmpfs(&self) {
        mount("t", self.target(), "tmpfs", MountFlags::empty(), None).unwrap();
    }

    /// A copy elsewhere.
    pub(in crate::capture::mounts) fn bind(&self) -> Copy {
        let path = PathBuf::from(self.path("copy"));
        fs::create_dir(&path).unwrap();
        mount_bind(self.target(), &path).unwrap();
        Copy(path)
    }

    pub(in crate::capture::mounts) fn unmount(&self) {
        unmount(self.target(), UnmountFlags::empty()).unwrap();
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // After a failure; otherwise nothing is mounted.
        let _ = unmount(self.target(), UnmountFlags::DETACH);
    }
}

/// A bind mount, until it is dropped.
pub(in crate::capture::mounts) struct Copy(PathBuf);

impl Copy {
    pub(super) fn path(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

/// A shell in a mount namespace of its own, which propagates nothing.
pub(super) struct Nested {
    shell: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Nested {
    pub(super) fn new() -> Self {
        let mut shell = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-e"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = shell.stdin.take();
        let output = BufReader::new(shell.stdout.take().unwrap());
        let mut nested = Self {
            shell,
            input,
            output,
        };
        nested.run("true");
        nested
    }

    pub(super) fn pid(&self) -> u32 {
        self.shell.id()
    }

    /// Runs a command there and waits for its end.
    pub(super) fn run(&mut self, command: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{command}; echo done").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n", "{command}");
    }

    pub(super) fn mount(&mut self, ground: &Ground) {
        let (options, target) = (ground.options(), ground.target());
        self.run(&format!("mount -t overlay o -o {options} {target}"));
    }

    /// Mounts and unmounts in quick succession.
    pub(super) fn storm(&self, ground: &Ground, mounts: usize) -> JoinHandle<()> {
        self.by_calls(ground, mounts, true)
    }

    /// Mounts one upon the other.
    pub(super) fn stack(&self, ground: &Ground, mounts: usize) -> JoinHandle<()> {
        self.by_calls(ground, mounts, false)
    }

    /// Mounts read-only overlays from a thread that joins the namespace.
    fn by_calls(&self, ground: &Ground, mounts: usize, unmounted: bool) -> JoinHandle<()> {
        let namespace = fs::File::open(format!("/proc/{}/ns/mnt", self.pid())).unwrap();
        let options = format!("lowerdir={}:{}", ground.lower[0], ground.upper());
        let options = CString::new(options).unwrap();
        let target = ground.target();
        std::thread::spawn(move || {
            #[expect(unsafe_code, reason = "setns(2) wants a root of this thread's own")]
            // SAFETY: this thread ends here and shares nothing of it.
            unsafe {
                assert_eq!(libc::unshare(libc::CLONE_FS), 0);
            }
            let kind = Some(rustix::thread::LinkNameSpaceType::Mount);
            rustix::thread::move_into_link_name_space(namespace.as_fd(), kind).unwrap();
            for _ in 0..mounts {
                mount("o", &target, "overlay", MountFlags::empty(), &*options).unwrap();
                if unmounted {
                    unmount(&target, UnmountFlags::empty()).unwrap();
                }
            }
        })
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.shell.wait();
    }
}

/// The source, and what it has told.
pub(super) struct Seen {
    pub(super) mounts: Mounts,
    pub(super) events: Vec<Event>,
}

impl Seen {
    pub(super) fn new(mounts: Mounts) -> Self {
        Self {
            mounts,
            events: Vec::new(),
        }
    }

    pub(super) fn way(&self) -> Way {
        self.mounts.way()
    }

    pub(super) fn watch(&mut self, pid: u32) -> Result<Watched, WatchError> {
        self.mounts.watch(pid)
    }

    pub(super) fn watch_own(&mut self) {
        self.watch(std::process::id()).unwrap();
    }

    /// Waits until something has been told.
    pub(super) fn until(&mut self, is_told: impl Fn(&[Event]) -> bool) {
        let begun = Instant::now();
        while !is_told(&self.events) {
            assert!(begun.elapsed() < PATIENCE, "{:#?}", self.events.last());
            self.mounts.next(QUIET, &mut self.events).unwrap();
        }
    }

    /// Takes in what comes within a time.
    pub(super) fn settle(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let left = time.saturating_sub(begun.elapsed());
            self.mounts.next(left, &mut self.events).unwrap();
        }
    }

    /// The latest mount at a target, when it was told.
    pub(super) fn attached(&mut self, target: &str) -> Mount {
        let at = |event: &&Event| matches!(event, Event::Attached(mount) if mount.target == target);
        self.until(|events| events.iter().any(|event| at(&event)));
        match self.events.iter().rfind(at) {
            Some(Event::Attached(mount)) => mount.clone(),
            _ => unreachable!(),
        }
    }

    /// Waits until a mount is told to be gone.
    pub(super) fn detached(&mut self, mount: &Mount) {
        let key = (mount.id, mount.namespace);
        self.until(|events| {
            events.iter().any(|event| {
                matches!(event, Event::Detached { id, namespace, .. } if (*id, *namespace) == key)
            })
        });
    }

    /// How often a mount at a target was told.
    pub(super) fn count(&self, target: &str) -> usize {
        let at = |event: &&Event| matches!(event, Event::Attached(mount) if mount.target == target);
        self.events.iter().filter(at).count()
    }
}
