//! What a dockerd was told, on its command line and in its `daemon.json`, as far as it decides
//! what can be seen (moby `daemon/config/config.go`, `daemon/command/options.go`).

use std::io::Read as _;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::host::root::Root;

/// The most of a `daemon.json` that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Where dockerd looks without `--config-file`.
const DEFAULT_FILE: &str = "/etc/docker/daemon.json";

/// Swarm's control and gossip ports: no API.
const SWARM_PORTS: [u16; 2] = [2377, 7946];

const EMBEDDED: &str = "embedded-containerd";

/// What a dockerd was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Its TCP listeners speak TLS.
    pub(super) tls: bool,
    /// It runs containerd in its own process.
    pub(super) embedded_containerd: bool,
    /// The port that only metrics are served on.
    metrics: Option<u16>,
}

/// The fields of a `daemon.json` that matter; a file may hold secrets in others.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct File {
    tls: bool,
    tlsverify: bool,
    metrics_addr: String,
    features: Features,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Features {
    embedded_containerd: bool,
}

impl Config {
    /// Whether what listens there is known to be something else than the API.
    pub(super) fn is_no_api(&self, address: SocketAddr) -> bool {
        SWARM_PORTS.contains(&address.port()) || self.metrics == Some(address.port())
    }
}

/// Reads what a daemon with the root `root` and the command line `args` was told.
pub(super) fn read(root: &Root, args: &[String]) -> Config {
    let path = values(args, "--config-file").last();
    let mut text = String::new();
    let file = root
        .open(path.unwrap_or(DEFAULT_FILE))
        .and_then(|file| file.take(FILE_MAX).read_to_string(&mut text).ok())
        .and_then(|_| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    combine(args, &file)
}

/// A flag on the command line and a setting in the file exclude each other in dockerd, so either
/// counts.
fn combine(args: &[String], file: &File) -> Config {
    let has = |flag: &str| {
        args.iter().any(|arg| {
            arg.strip_prefix(flag)
                .is_some_and(|rest| rest.is_empty() || rest == "=true")
        })
    };
    let metrics = values(args, "--metrics-addr")
        .last()
        .unwrap_or(&file.metrics_addr);
    let embedded = values(args, "--feature")
        .filter_map(|feature| feature.strip_prefix(EMBEDDED))
        .next_back();
    Config {
        tls: file.tls || file.tlsverify || has("--tls") || has("--tlsverify"),
        embedded_containerd: embedded.map_or(file.features.embedded_containerd, |value| {
            matches!(value, "" | "=true" | "=1")
        }),
        metrics: metrics
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok()),
    }
}

/// The values of `--name VALUE` and `--name=VALUE`, in order.
fn values<'a>(args: &'a [String], name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
    args.iter().enumerate().filter_map(move |(at, arg)| {
        let rest = arg.strip_prefix(name)?;
        if rest.is_empty() {
            return args.get(at + 1).map(String::as_str);
        }
        rest.strip_prefix('=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combined(args: &str, file: &str) -> Config {
        let args: Vec<_> = args.split(' ').map(str::to_owned).collect();
        combine(&args, &serde_json::from_str(file).unwrap())
    }

    #[test]
    fn flags_and_file_both_count() {
        assert_eq!(combined("dockerd -H fd://", "{}"), Config::default());
        assert!(combined("dockerd --tlsverify", "{}").tls);
        assert!(!combined("dockerd --tls=false --tlscacert=/x", "{}").tls);
        assert!(combined("dockerd", r#"{"tls":true,"hosts":["fd://"]}"#).tls);
        assert!(combined("dockerd --feature embedded-containerd", "{}").embedded_containerd);
        assert!(combined("dockerd --feature=embedded-containerd=true", "{}").embedded_containerd);
        let file = r#"{"features":{"buildkit":true,"embedded-containerd":true}}"#;
        assert!(combined("dockerd", file).embedded_containerd);
        assert!(!combined("dockerd --feature embedded-containerd=false", file).embedded_containerd);
        assert!(
            !combined("dockerd --feature containerd-snapshotter=true", "{}").embedded_containerd
        );
    }

    #[test]
    fn swarm_and_metrics_are_no_api() {
        let config = combined("dockerd --metrics-addr 127.0.0.1:9323", "{}");
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert!(config.is_no_api(at(9323)));
        assert!(config.is_no_api(at(2377)));
        assert!(!config.is_no_api(at(2375)));
        let config = combined("dockerd", r#"{"metrics-addr":"[::1]:9000"}"#);
        assert!(config.is_no_api(at(9000)));
    }

    #[test]
    fn the_file_is_read_in_the_daemons_root() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"tlsverify":true}"#).unwrap();
        let root = Root::of(std::process::id()).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        assert!(
            read(
                &root,
                &[
                    "dockerd".to_owned(),
                    "--config-file".to_owned(),
                    path.clone()
                ]
            )
            .tls
        );
        std::fs::write(file.path(), "{broken").unwrap();
        assert!(
            !read(
                &root,
                &["dockerd".to_owned(), format!("--config-file={path}")]
            )
            .tls
        );
    }
}
