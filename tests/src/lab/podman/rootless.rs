//! Podman as an ordinary user, in a user namespace and a mount namespace of its own making.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::PODMAN;
use super::settings::Settings;
use crate::lab::generation::SYSTEM_PATH;
use crate::lab::{Place, ProcessId, Ran, Registry, write};

/// Its folder, and its pause process's name among the lab's daemons.
const NAME: &str = "rootless";
/// The user, whom only the lab's own /etc knows.
const USER: &str = "imgtrace-lab";
/// The user's number.
const UID: u32 = 61_234;
/// The first of the numbers that the user's namespace has besides.
const SUBORDINATE: u32 = 1_600_000_000;
/// What writes its map, with set-uid or capabilities.
const NEWUIDMAP: &str = "/usr/bin/newuidmap";
/// Becomes the user, in a mount namespace where the lab's files lie over /etc. `$0` is the folder of these, `$1` the
/// user's number.
const BECOME: &str = r#"
set -e
mount -t overlay -o lowerdir="$0:/etc" overlay /etc
uid=$1; shift
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups -- "$@""#;

/// Podman of a user without privileges.
#[derive(Debug, Clone)]
pub struct Rootless {
    settings: Settings,
    /// The user's `XDG_RUNTIME_DIR`.
    runtime: PathBuf,
    /// What lies over /etc.
    etc: PathBuf,
}

impl Rootless {
    /// Why it cannot run here, or None if it can.
    pub fn missing() -> Option<String> {
        let user_namespaces = Path::new("/proc/self/ns/user");
        if !user_namespaces.exists() {
            return Some("the kernel has no user namespaces".to_owned());
        }
        (!Path::new(NEWUIDMAP).exists()).then(|| "uidmap is not installed".to_owned())
    }

    /// Makes the user's folders, and the process that holds the namespaces from then on.
    pub(in crate::lab) fn new(place: &Place, registry: &Registry) -> Result<Self> {
        let (run, data) = (place.run_dir(NAME)?, place.data_dir(NAME)?);
        let rootless = Self {
            settings: Settings::write(&data, &run, registry.address())?,
            runtime: place.run_dir(&format!("{NAME}/user"))?,
            etc: place.data_dir("rootless-etc")?,
        };
        rootless.write_etc()?;
        for folder in [&run, &data] {
            let mut command = Command::new("chown");
            command.args(["--recursive", &format!("{UID}:{UID}")]);
            Ran::ok(command.arg(folder))?;
        }
        Ran::ok(rootless.command().arg("info"))?;
        let file = rootless.settings.temporary().join("pause.pid");
        let pid = fs::read_to_string(&file)
            .with_context(|| format!("failed to read {}", file.display()))?;
        let pause =
            ProcessId::of(pid.trim().parse()?).context("no process holds the namespaces")?;
        write(&place.pid_file(NAME), pause.text())?;
        Ok(rootless)
    }

    /// Where its images and containers are.
    pub fn root(&self) -> PathBuf {
        self.settings.root()
    }

    /// The user's number.
    pub fn uid(&self) -> u32 {
        UID
    }

    /// podman as the user; the caller adds arguments and runs it. Its pid is that of the podman that the user starts,
    /// which starts itself once more inside the namespaces.
    pub fn command(&self) -> Command {
        let mut command = Command::new("unshare");
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .envs(self.settings.environment())
            .env("XDG_RUNTIME_DIR", &self.runtime)
            // Where the user may be.
            .current_dir(self.settings.data())
            .stdin(Stdio::null());
        command
            .args(["--mount", "sh", "-c", BECOME])
            .arg(&self.etc)
            .arg(UID.to_string())
            .arg(PODMAN)
            .args(self.settings.podman());
        command
    }

    /// Runs podman as the user, and has it succeed.
    ///
    /// # Errors
    /// It fails; the error holds its stderr.
    pub fn cli(&self, args: &[&str]) -> Result<Ran> {
        Ran::ok(self.command().args(args))
    }

    /// passwd(5), group(5), subuid(5) and subgid(5).
    fn write_etc(&self) -> Result<()> {
        let home = self.settings.data().display();
        let numbers = format!("{USER}:{SUBORDINATE}:65536\n");
        let files = [
            (
                "passwd",
                format!("root:x:0:0:root:/root:/bin/sh\n{USER}:x:{UID}:{UID}::{home}:/bin/sh\n"),
            ),
            ("group", format!("root:x:0:\n{USER}:x:{UID}:\n")),
            ("subuid", numbers.clone()),
            ("subgid", numbers),
        ];
        files
            .into_iter()
            .try_for_each(|(name, text)| write(&self.etc.join(name), text))
    }
}
