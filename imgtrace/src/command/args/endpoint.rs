//! `--endpoint KIND=PATH`.

use std::path::PathBuf;
use std::str::FromStr;

use crate::model::Runtime;

/// The words that are taken for a kind, in the order in which help names them.
const KINDS: [Runtime; 9] = [
    Runtime::Docker,
    Runtime::Podman,
    Runtime::Containerd,
    Runtime::CriO,
    Runtime::CriDockerd,
    Runtime::Dockershim,
    Runtime::BuildKit,
    Runtime::Shim,
    Runtime::Cri,
];

/// A socket that is watched because the user says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) struct EndpointArg {
    /// The label of its daemon.
    pub(in crate::command) runtime: Runtime,
    /// Where it is, from `/`.
    pub(in crate::command) path: PathBuf,
}

/// Why an endpoint cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum EndpointError {
    #[error("an endpoint is KIND=PATH, such as docker=/run/docker.sock")]
    NoPath,
    #[error(
        "'{0}' is no kind: there are docker, podman, containerd, cri-o, cri-dockerd, dockershim, \
         buildkit, shim and cri"
    )]
    UnknownKind(String),
    #[error("'{0}' does not begin with /: give the socket's path from the root")]
    Relative(String),
}

impl FromStr for EndpointArg {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (kind, path) = text.split_once('=').ok_or(EndpointError::NoPath)?;
        let runtime = KINDS.into_iter().find(|runtime| runtime.as_str() == kind);
        let runtime = runtime.ok_or_else(|| EndpointError::UnknownKind(kind.to_owned()))?;
        // Docker's own spelling is a natural thing to paste.
        let path = path.strip_prefix("unix://").unwrap_or(path);
        if !path.starts_with('/') {
            return Err(EndpointError::Relative(path.to_owned()));
        }
        Ok(Self {
            runtime,
            path: path.into(),
        })
    }
}
