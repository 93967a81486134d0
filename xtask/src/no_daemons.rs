//! Keeps Debian's packages from starting the daemons they bring.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::{Context as _, Result};

/// The script that packages ask before they start a daemon, invoke-rc.d(8); its 101 means no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// While this lives, installing a package starts no daemon. A policy that the machine has already is left as it is.
pub(crate) struct NoDaemons {
    ours: bool,
}

impl NoDaemons {
    /// Sets the policy.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn begin() -> Result<Self> {
        let ours = !Path::new(POLICY).exists();
        if ours {
            fs::write(POLICY, "#!/bin/sh\nexit 101\n")
                .and_then(|()| fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)))
                .with_context(|| format!("failed to write {POLICY}"))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("failed to remove {POLICY}, which keeps daemons from starting: {error}");
        }
    }
}
