//! What a container was started from, as the test knows it from the image that it built and the daemon that it started.

#![expect(clippy::indexing_slicing, reason = "a field that a line lacks is null")]

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::lab::Content;

/// A root file system and the store that its layers lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ground {
    /// Kind and root folder.
    store: Option<(String, String)>,
    driver: Option<String>,
    layers: Option<u64>,
    chain_id: Option<String>,
}

impl Ground {
    /// Of this image, in the store of this kind (`docker`, `containerd`, `containers-storage`) and root folder.
    pub fn of(image: &Content, kind: &str, root: &Path, driver: &str) -> Self {
        Self {
            store: Some((kind.to_owned(), root.display().to_string())),
            driver: Some(driver.to_owned()),
            layers: u64::try_from(image.layers).ok(),
            chain_id: Some(image.chain_id.clone()),
        }
    }

    /// What a line says; all null where it speaks of no root file system.
    pub fn told(line: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (store, rootfs) = (&line["store"], &line["rootfs"]);
        Self {
            store: text(&store["kind"]).zip(text(&store["root"])),
            driver: text(&rootfs["driver"]),
            layers: rootfs["layers"].as_u64(),
            chain_id: text(&rootfs["chain_id"]),
        }
    }

    /// Whether there was one.
    pub(super) fn is_told(&self) -> bool {
        self.driver.is_some()
    }

    /// Whether a line says where in a file system the container lies, and that is below one of these folders.
    pub(super) fn lies_below(line: &Value, folders: &[impl AsRef<Path>]) -> bool {
        let paths = [
            &line["store"]["root"],
            &line["rootfs"]["path"],
            &line["rootfs"]["host_path"],
        ];
        let mut paths = paths.into_iter().filter_map(Value::as_str).map(Path::new);
        paths.any(|path| folders.iter().any(|folder| path.starts_with(folder)))
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, root) = self
            .store
            .as_ref()
            .map_or(("?", "?"), |(kind, root)| (kind, root));
        let driver = self.driver.as_deref().unwrap_or("?");
        let chain_id = self.chain_id.as_deref().unwrap_or("?");
        write!(f, "on {kind} {root} {driver} {chain_id}")?;
        match self.layers {
            Some(layers) => write!(f, " of {layers}"),
            None => Ok(()),
        }
    }
}
