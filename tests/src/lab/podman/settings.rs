//! The files that Podman and Buildah read, all of the lab's own.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::lab::write;

/// Where one Podman keeps what it has and reads what it shall do.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    data: PathBuf,
    run: PathBuf,
}

impl Settings {
    /// Writes them below `data`, for a store below `data` and `run`.
    pub(super) fn write(data: &Path, run: &Path, registry: SocketAddr) -> Result<Self> {
        let settings = Self {
            data: data.to_owned(),
            run: run.to_owned(),
        };
        // A user's own policy is read before the host's (containers-policy.json(5)).
        let policy = data.join(".config/containers");
        for folder in [
            &policy,
            &data.join("tmp"),
            &data.join("net.d"),
            &data.join("cni"),
        ] {
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to create {}", folder.display()))?;
        }
        write(
            &policy.join("policy.json"),
            r#"{ "default": [{ "type": "insecureAcceptAnything" }] }"#,
        )?;
        write(&settings.registries(), registries(registry))?;
        write(&settings.containers(), settings.configuration())?;
        let (root, state) = (settings.root(), settings.state());
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            root.display(),
            state.display()
        );
        write(&settings.storage(), storage)?;
        Ok(settings)
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    pub(super) fn root(&self) -> PathBuf {
        self.data.join("root")
    }

    /// Where Podman keeps what ends with the machine's run.
    pub(super) fn temporary(&self) -> PathBuf {
        self.run.join("libpod")
    }

    /// At most 50 characters long, for Podman.
    fn state(&self) -> PathBuf {
        self.run.join("store")
    }

    /// The variables by which the programs find the files.
    pub(super) fn environment(&self) -> [(&'static str, PathBuf); 5] {
        [
            ("HOME", self.data.clone()),
            ("TMPDIR", self.data.join("tmp")),
            ("CONTAINERS_CONF", self.containers()),
            ("CONTAINERS_REGISTRIES_CONF", self.registries()),
            ("CONTAINERS_STORAGE_CONF", self.storage()),
        ]
    }

    /// The options that Podman and Buildah share.
    pub(super) fn store(&self) -> Vec<String> {
        let option = |name: &str, path: PathBuf| [name.to_owned(), path.display().to_string()];
        let store = option("--root", self.root());
        let state = option("--runroot", self.state());
        let driver = ["--storage-driver", "overlay"].map(str::to_owned);
        store.into_iter().chain(state).chain(driver).collect()
    }

    /// The options of Podman.
    pub(super) fn podman(&self) -> Vec<String> {
        let own = [
            "--tmpdir".to_owned(),
            self.temporary().display().to_string(),
        ];
        self.store().into_iter().chain(own).collect()
    }

    /// containers.conf(5). The host's network needs no plug-in; without `CAP_SYS_RESOURCE` limits cannot be raised
    /// (both are the same, for Podman 4.3's remote client takes one for the other); locks in files, since those in shared memory have one name for the whole machine.
    fn configuration(&self) -> String {
        format!(
            r#"[containers]
netns = "host"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
[network]
network_backend = "cni"
network_config_dir = "{data}/net.d"
cni_plugin_dirs = ["{data}/cni"]
"#,
            data = self.data.display()
        )
    }

    fn containers(&self) -> PathBuf {
        self.data.join("containers.conf")
    }

    fn registries(&self) -> PathBuf {
        self.data.join("registries.conf")
    }

    fn storage(&self) -> PathBuf {
        self.data.join("storage.conf")
    }
}

/// The lab's registry speaks plain HTTP (containers-registries.conf(5)).
fn registries(registry: SocketAddr) -> String {
    format!(
        "unqualified-search-registries = []\n[[registry]]\nlocation = \"{registry}\"\ninsecure = true\n"
    )
}
