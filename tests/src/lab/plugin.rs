//! Plug-ins of the docker command, which are processes of their own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Client, Docker, write};

impl Docker {
    /// Puts a script before a plug-in of the newest docker command, such as `docker-compose`, which writes its pid to a
    /// file and becomes the plug-in: so that a test knows who asked. The script stands beside the file.
    ///
    /// # Errors
    /// The command is not there, or the script cannot be written.
    pub fn announce_plugin(&self, name: &str, plugin: &Path, pid_file: &Path) -> Result<()> {
        let command = self.command(Client::DockerNewest)?;
        let config = command.get_envs().find(|(key, _)| *key == "DOCKER_CONFIG");
        let config = config.and_then(|(_, value)| value);
        let link = Path::new(config.context("no configuration")?)
            .join("cli-plugins")
            .join(name);
        let script: PathBuf = pid_file.with_file_name(name);
        let text = format!(
            "#!/bin/sh\necho $$ > {}\nexec {} \"$@\"\n",
            pid_file.display(),
            plugin.display()
        );
        write(&script, text)?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        fs::remove_file(&link).with_context(|| format!("failed to remove {}", link.display()))?;
        symlink(&script, &link).with_context(|| format!("failed to create {}", link.display()))
    }
}
