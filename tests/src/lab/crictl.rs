//! crictl, set up for one CRI server, and the pods and containers that it is asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Peers, Place, Pod, Ran, key, write};

/// crictl against one socket.
#[derive(Debug, Clone)]
pub struct Crictl {
    program: PathBuf,
    /// Its settings and the descriptions that it reads.
    folder: PathBuf,
    config: PathBuf,
}

impl Crictl {
    /// For the CRI server on this socket.
    pub(super) fn new(place: &Place, socket: &Path) -> Result<Self> {
        let program = Peers::Kubernetes.require()?.join("crictl");
        let folder = place.data_dir(&format!(
            "crictl-{:016x}",
            key::of(&[socket.as_os_str().as_encoded_bytes()])
        ))?;
        let config = folder.join("crictl.yaml");
        let endpoint = format!("unix://{}", socket.display());
        // JSON is YAML. Without a file of ours, the host's /etc/crictl.yaml would be read.
        let settings = json!({
            "runtime-endpoint": endpoint,
            "image-endpoint": endpoint,
            // Seconds; two by default, which a loaded machine may exceed.
            "timeout": 60,
        });
        write(&config, settings.to_string())?;
        Ok(Self {
            program,
            folder,
            config,
        })
    }

    /// A command that runs it with these words, in an otherwise empty environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        command.arg("--config").arg(&self.config).args(args);
        command
    }

    /// Runs it, and has it succeed.
    ///
    /// # Errors
    /// It fails; the error holds its stderr.
    pub fn run(&self, args: &[&str]) -> Result<Ran> {
        Ran::ok(&mut self.command(args))
    }

    /// Runs it, whatever comes of it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn try_run(&self, args: &[&str]) -> Result<Ran> {
        Ran::of(&mut self.command(args))
    }

    /// What a command of it prints as JSON.
    ///
    /// # Errors
    /// It fails, or prints something else.
    pub fn json(&self, name: &str, args: &[&str]) -> Result<Value> {
        // It takes no option after the first argument.
        let ran = self.run(&[&[name, "--output", "json"], args].concat())?;
        serde_json::from_str(&ran.stdout).with_context(|| format!("crictl {name} printed no JSON"))
    }

    /// Writes the description of a pod for `runp` and `create`; gives its path.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn pod_file(&self, pod: &Pod) -> Result<String> {
        let logs = self.folder.join(format!("logs-{}", pod.name));
        fs::create_dir_all(&logs).context("failed to make a folder for logs")?;
        self.describe(&format!("pod-{}", pod.name), &pod.sandbox(&logs))
    }

    /// Writes the description of one container of a pod for `create`; gives its path.
    ///
    /// # Errors
    /// The pod has no container of this name, or the file cannot be written.
    pub fn container_file(&self, pod: &Pod, name: &str) -> Result<String> {
        self.describe(
            &format!("container-{}-{name}", pod.name),
            &pod.container(name)?,
        )
    }

    fn describe(&self, name: &str, value: &Value) -> Result<String> {
        let path = self.folder.join(format!("{name}.json"));
        write(&path, value.to_string())?;
        Ok(path.display().to_string())
    }
}
