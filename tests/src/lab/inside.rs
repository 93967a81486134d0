//! A client in a container that holds the daemon's socket (Docker out of Docker).

use std::io::Write as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{Docker, Ran, until};

/// Where the socket appears in the container: a path that names no runtime, so that only the socket's own identity
/// says what it is.
pub const SOCKET: &str = "/opt/odd/d.sock";
/// How long a container may take to start.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A client that ran inside a container.
#[derive(Debug)]
pub struct Inside {
    /// The client; its pid is the host's.
    pub ran: Ran,
    /// The id of the container that it ran in.
    pub container: String,
}

impl Docker {
    /// Runs a program (found in the image) in a container with network, mount and pid namespaces of its own, the
    /// daemon's socket mounted at [`SOCKET`] and `DOCKER_HOST` naming it.
    ///
    /// # Errors
    /// The container does not start, or the program fails.
    pub fn inside(&self, image: &str, program: &[&str]) -> Result<Inside> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("agent-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mount = format!("{}:{SOCKET}", self.socket().display());
        let host = format!("DOCKER_HOST=unix://{SOCKET}");
        let mut command = self.command(self.generation().client())?;
        command.args([
            "run",
            "--rm",
            "--interactive",
            "--name",
            &name,
            "--volume",
            &mount,
            "--env",
            &host,
            image,
        ]);
        // It waits for a line, so that its pid can be asked for; then it becomes the program, with the same pid.
        command
            .args(["sh", "-c", "read go && exec \"$@\"", "sh"])
            .args(program);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.context("failed to run docker")?;
        let mut seen = None;
        until(START_PATIENCE, || {
            seen = self.first_process(&name);
            seen.is_some() || !matches!(child.try_wait(), Ok(None))
        });
        if let Some(mut stdin) = child.stdin.take() {
            // If the container is gone, its status says so better than a broken pipe.
            let _ = stdin.write_all(b"go\n");
        }
        let out = child.wait_with_output()?;
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        let Some((container, pid)) = seen else {
            bail!("the container {name} did not start: {stderr}")
        };
        if !out.status.success() {
            bail!(
                "{} failed in the container {name}: {stderr}",
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

    /// Id and first process of a container that runs.
    fn first_process(&self, name: &str) -> Option<(String, i32)> {
        let format = "{{.Id}} {{.State.Pid}}";
        let out = self
            .cli(&["container", "inspect", "--format", format, name])
            .ok()?
            .stdout;
        let (id, pid) = out.trim().split_once(' ')?;
        let pid = pid.parse().ok().filter(|pid| *pid > 0)?;
        Some((id.to_owned(), pid))
    }
}
