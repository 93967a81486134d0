//! Programs run in containers, caught at their first breath so that their pid on the host is known.

use std::fs;
use std::io::Write as _;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{Docker, Ran, until};

/// Where [`Docker::inside`] mounts the socket: a path that names no runtime, so that only the socket's own identity
/// says what it is.
pub const SOCKET: &str = "/opt/odd/d.sock";
/// How long a container may take to start.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// It waits for a line, so that its pid can be looked up, and becomes the program, with the same pid.
const WAIT: &str = "read go && exec \"$@\"";

/// A program that ran inside a container.
#[derive(Debug)]
pub struct Inside {
    /// The program; its pid is the host's.
    pub ran: Ran,
    /// The id of the container that it ran in: of the innermost, where they are nested.
    pub container: String,
}

impl Docker {
    /// Runs a program (found in the image) in a container with network, mount and pid namespaces of its own, the
    /// daemon's socket mounted at [`SOCKET`] and `DOCKER_HOST` naming it: Docker out of Docker.
    ///
    /// # Errors
    /// The container does not start, or the program fails.
    pub fn inside(&self, image: &str, program: &[&str]) -> Result<Inside> {
        let mut command = self.command(self.generation().client())?;
        command.args(["run", "--rm", "--interactive", "--volume"]);
        command.arg(format!("{}:{SOCKET}", self.socket().display()));
        command
            .arg("--env")
            .arg(format!("DOCKER_HOST=unix://{SOCKET}"))
            .arg(image);
        run(command, program)
    }
}

/// Runs a program by a command that starts its arguments in a container and passes its stdin on, such as
/// `docker exec --interactive CONTAINER`.
pub(super) fn run(mut enter: Command, program: &[&str]) -> Result<Inside> {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let token = format!(
        "imgtrace-lab-{}-{}",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    enter.args(["sh", "-c", WAIT, &token]).args(program);
    let child = enter
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.context("failed to run docker")?;
    let mut seen = None;
    until(START_PATIENCE, || {
        seen = waiting(&token);
        seen.is_some() || !matches!(child.try_wait(), Ok(None))
    });
    if let Some(mut stdin) = child.stdin.take() {
        // If the container is gone, its status says so better than a broken pipe.
        let _ = stdin.write_all(b"go\n");
    }
    let out = child
        .wait_with_output()
        .context("failed to wait for docker")?;
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    let Some((pid, container)) = seen else {
        bail!("nothing started in the container: {stderr}")
    };
    if !out.status.success() {
        bail!(
            "{} failed in the container {container}: {stderr}",
            program.join(" ")
        );
    }
    let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
    Ok(Inside {
        ran: Ran {
            pid,
            status: out.status,
            stdout,
            stderr,
        },
        container,
    })
}

/// The shell that waits with this token, and its container.
fn waiting(token: &str) -> Option<(i32, String)> {
    let wanted = format!("sh\0-c\0{WAIT}\0{token}\0");
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let line = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let pid = pids.find(|pid| line(pid).starts_with(wanted.as_bytes()))?;
    Some((pid, container(pid)?))
}

/// The innermost container of a process, by its cgroups: the last name of the longest path, since on a hybrid host the
/// v2 path names only the outermost.
fn container(pid: i32) -> Option<String> {
    let cgroups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let paths = cgroups
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2));
    let path = paths.max_by_key(|path| path.len())?;
    path.rsplit('/')
        .next()
        .filter(|name| name.len() == 64)
        .map(str::to_owned)
}
