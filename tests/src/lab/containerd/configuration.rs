//! What a lab's containerd is configured to be. Version 2 of the format, which 1.6 reads and 2.x converts.

use std::path::Path;

/// Where it lives.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    pub(super) run: &'a Path,
    pub(super) data: &'a Path,
    pub(super) socket: &'a Path,
}

impl Paths<'_> {
    /// The whole file. Everything that would lie outside the lab by default is moved into it (`/opt/containerd`) or off
    /// (NRI, whose socket is `/var/run/nri/nri.sock`).
    pub(super) fn configuration(&self, pause: Option<&str>) -> String {
        let (off, cri) = match pause {
            Some(pause) => (String::new(), self.cri(pause)),
            None => (
                CRI.map(|name| format!("  \"{name}\",\n")).concat(),
                String::new(),
            ),
        };
        format!(
            r#"version = 2
root = "{data}/root"
state = "{run}/state"
disabled_plugins = [
{off}  "io.containerd.nri.v1.nri",
]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{data}/opt"
{cri}"#,
            data = self.data.display(),
            run = self.run.display(),
            socket = self.socket.display()
        )
    }

    /// The part about CRI. Without `CAP_SYS_RESOURCE` a sandbox cannot have the score of −998 that it asks for. The
    /// folders for CNI stay empty: pods on the host's network need none, and no other network is the lab's to change.
    fn cri(&self, pause: &str) -> String {
        format!(
            r#"[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{data}/cni/bin"
  conf_dir = "{data}/cni/net.d"
"#,
            data = self.data.display()
        )
    }
}

/// CRI, which 2.x splits in three: off where containerd serves only Docker.
const CRI: [&str; 3] = [
    "io.containerd.grpc.v1.cri",
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
];
