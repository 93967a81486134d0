//! For tests: dockerd's data roots, made by hand.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Docker;
use crate::capture::mounts::Mount;
use crate::store::{Folder, Identified, View};

/// A data root in a folder of its own.
pub(super) struct Scene {
    place: TempDir,
}

/// 64 hex digits that end in this number.
pub(super) fn id(number: u32) -> String {
    format!("{number:064x}")
}

/// `sha256:…` of that.
pub(super) fn digest(number: u32) -> String {
    format!("sha256:{number:064x}")
}

impl Scene {
    pub(super) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        Self { place }
    }

    pub(super) fn root(&self) -> String {
        let path = self.place.path().canonicalize().unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A file below the data root.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A layer of the classic store.
    pub(super) fn layer(&self, chain: u32, parent: Option<u32>, size: u64) {
        let folder = format!("image/overlay2/layerdb/sha256/{}", id(chain));
        self.write(&format!("{folder}/size"), size.to_string());
        if let Some(parent) = parent {
            self.write(&format!("{folder}/parent"), digest(parent));
        }
    }

    /// What the classic store keeps of a container's own layer.
    pub(super) fn owner(&self, container: u32, folder: u32, parent: Option<u32>) {
        let mounts = format!("image/overlay2/layerdb/mounts/{}", id(container));
        self.write(&format!("{mounts}/mount-id"), id(folder));
        self.write(&format!("{mounts}/init-id"), format!("{}-init", id(folder)));
        if let Some(parent) = parent {
            self.write(&format!("{mounts}/parent"), digest(parent));
        }
    }

    /// What dockerd writes of a container.
    pub(super) fn book(&self, container: u32, config: &Value, host: &Value) {
        let folder = format!("containers/{}", id(container));
        self.write(&format!("{folder}/config.v2.json"), config.to_string());
        self.write(&format!("{folder}/hostconfig.json"), host.to_string());
    }

    pub(super) fn folder(&self, name: &str) -> Folder {
        view().folder(&self.root()).unwrap().folder(name).unwrap()
    }

    /// What a mount at `target`, below the data root, is said to be.
    pub(super) fn identify(&self, docker: &mut Docker, target: &str) -> Option<Identified> {
        docker.identify(&mount(&format!("{}/{target}", self.root())), &view())
    }

    /// The same for the classic store's folder of this number.
    pub(super) fn merged(&self, docker: &mut Docker, folder: u32) -> Option<Identified> {
        self.identify(docker, &format!("overlay2/{}/merged", id(folder)))
    }
}

pub(super) fn view() -> View {
    View::of(std::process::id()).unwrap()
}

/// An overlay at this mount point.
pub(super) fn mount(target: &str) -> Mount {
    Mount {
        at: 0,
        id: 1,
        device: (0, 50),
        namespace: 1,
        mounter: None,
        kind: "overlay".to_owned(),
        source: "overlay".to_owned(),
        target: target.to_owned(),
        lower: Vec::new(),
        upper: None,
        already: false,
    }
}

/// `config.v2.json` of a container of `busybox`, as the real one looks around what is read.
pub(super) fn config(name: &str, image: u32) -> Value {
    json!({
        "StreamConfig": {},
        "State": {"Running": false, "Restarting": false, "Pid": 0, "Health": null},
        "ID": "ignored",
        "Config": {
            "Hostname": "h",
            "Env": ["PASSWORD=hunter2"],
            "Image": "busybox",
            "Labels": {"token": "hunter2"},
        },
        "Image": digest(image),
        "Name": format!("/{name}"),
        "Driver": "overlay2",
        "RestartCount": 0,
        "HasBeenStartedBefore": false,
    })
}

/// `hostconfig.json` with this policy.
pub(super) fn host(policy: &str) -> Value {
    json!({
        "Binds": null,
        "LogConfig": {"Type": "json-file", "Config": {"secret": "hunter2"}},
        "RestartPolicy": {"Name": policy, "MaximumRetryCount": 0},
    })
}
