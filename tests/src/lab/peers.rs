//! Daemons and clients that no Debian package brings: built or fetched at pinned versions, and kept in the user's
//! cache folder for every clone on the machine.

mod go;
mod library;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rustix::fs::FlockOperation;

use super::{key, say};

/// What is provided together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peers {
    /// dockerd 29 line, containerd 2.3, its shim and ctr, runc 1.5, docker 29 and compose: Go modules pinned in
    /// `tests/peers/newest/go.mod`.
    Newest,
    /// crictl and kubelet 1.36: Go modules pinned in `tests/peers/k8s/go.mod`.
    Kubernetes,
    /// cri-dockerd 0.4: Go modules pinned in `tests/peers/cri-dockerd/go.mod`.
    CriDockerd,
    /// buildkitd and buildctl 0.33 and buildx 0.37: Go modules pinned in `tests/peers/buildkit/go.mod`.
    BuildKit,
    /// nerdctl 2.2: Go modules pinned in `tests/peers/nerdctl/go.mod`.
    Nerdctl,
    /// CRI-O 1.36: Go modules pinned in `tests/peers/cri-o/go.mod`.
    CriO,
    /// docker-py in a virtual environment, pinned in `tests/peers/docker-py`.
    DockerPy,
    /// dockerode with its modules, pinned in `tests/peers/dockerode`.
    Dockerode,
    /// A program around bollard, pinned in `tests/peers/bollard-client`.
    Bollard,
    /// A program around tonic, pinned in `tests/peers/tonic-client`.
    Tonic,
    /// grpcio in a virtual environment, pinned in `tests/peers/grpcio`.
    Grpcio,
}

/// How peers are provided.
#[derive(Debug)]
enum Recipe {
    /// Built from Go modules.
    Go(&'static go::Set),
    /// Fetched or built by the client of another registry.
    Library {
        /// The files that decide what comes of it, below [`sources`].
        pins: &'static [&'static str],
        /// Fills a folder, given [`sources`].
        fetch: fn(&Path, &Path) -> Result<()>,
    },
}

impl Peers {
    /// All of them, in the order in which they are provided.
    pub const ALL: [Self; 11] = [
        Self::DockerPy,
        Self::Grpcio,
        Self::Dockerode,
        Self::Bollard,
        Self::Tonic,
        Self::Newest,
        Self::Kubernetes,
        Self::CriDockerd,
        Self::BuildKit,
        Self::Nerdctl,
        Self::CriO,
    ];

    /// A word for paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Kubernetes => "k8s",
            Self::CriDockerd => "cri-dockerd",
            Self::BuildKit => "buildkit",
            Self::Nerdctl => "nerdctl",
            Self::CriO => "cri-o",
            Self::DockerPy => "docker-py",
            Self::Dockerode => "dockerode",
            Self::Bollard => "bollard",
            Self::Tonic => "tonic",
            Self::Grpcio => "grpcio",
        }
    }

    /// How they are provided.
    fn recipe(self) -> Recipe {
        match self {
            Self::Newest => Recipe::Go(&go::NEWEST),
            Self::Kubernetes => Recipe::Go(&go::KUBERNETES),
            Self::CriDockerd => Recipe::Go(&go::CRI_DOCKERD),
            Self::BuildKit => Recipe::Go(&go::BUILDKIT),
            Self::Nerdctl => Recipe::Go(&go::NERDCTL),
            Self::CriO => Recipe::Go(&go::CRI_O),
            Self::DockerPy => Recipe::Library {
                pins: &["docker-py/requirements.txt", "docker-py/drive.py"],
                fetch: library::docker_py,
            },
            Self::Dockerode => Recipe::Library {
                pins: &["dockerode/package-lock.json", "dockerode/drive.js"],
                fetch: library::dockerode,
            },
            Self::Bollard => Recipe::Library {
                pins: &["bollard-client/Cargo.lock", "bollard-client/src/main.rs"],
                fetch: library::bollard,
            },
            Self::Tonic => Recipe::Library {
                pins: &["tonic-client/Cargo.lock", "tonic-client/src/main.rs"],
                fetch: library::tonic,
            },
            Self::Grpcio => Recipe::Library {
                pins: &["grpcio/requirements.txt", "grpcio/call.py"],
                fetch: library::grpcio,
            },
        }
    }

    /// Whether building them takes what [`missing_compilers`](super::missing_compilers) lists.
    pub fn need_compilers(self) -> bool {
        matches!(self.recipe(), Recipe::Go(set) if set.needs_c())
    }

    /// Where they are, if they have been provided.
    pub fn find(self) -> Option<PathBuf> {
        self.folder().ok().filter(|folder| folder.exists())
    }

    /// Why what needs them cannot run, or None if they are there.
    pub fn missing(self) -> Option<String> {
        let hint = || {
            format!(
                "{} is not provided yet (`cargo xtask lab up` does)",
                self.name()
            )
        };
        self.find().is_none().then(hint)
    }

    /// Where they are.
    ///
    /// # Errors
    /// They have not been provided.
    pub fn require(self) -> Result<PathBuf> {
        self.find()
            .with_context(|| self.missing().unwrap_or_default())
    }

    /// Provides them, unless they are there, with progress on stderr. Takes minutes the first time. Two processes that
    /// want the same wait for each other.
    ///
    /// # Errors
    /// A tool is missing, a registry is out of reach or a build fails.
    pub fn provide(self) -> Result<PathBuf> {
        let folder = self.folder()?;
        if folder.exists() {
            return Ok(folder);
        }
        let parent = folder.parent().context("the cache folder has a parent")?;
        fs::create_dir_all(parent)
            .with_context(|| format!("failed to create {}", parent.display()))?;
        let lock = File::create(parent.join(format!("{}.lock", self.name())))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .context("failed to wait for another build")?;
        if folder.exists() {
            return Ok(folder);
        }
        let partial = folder.with_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        fs::create_dir_all(&partial)?;
        say(&format!(
            "providing {} in {}",
            self.name(),
            folder.display()
        ));
        let start = Instant::now();
        match self.recipe() {
            Recipe::Go(set) => set.build(&sources(), &partial)?,
            Recipe::Library { fetch, .. } => fetch(&sources(), &partial)?,
        }
        fs::rename(&partial, &folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        say(&format!(
            "{} took {:.0} s",
            self.name(),
            start.elapsed().as_secs_f64()
        ));
        Ok(folder)
    }

    /// The folder is named by everything that decides what is in it.
    fn folder(self) -> Result<PathBuf> {
        let key = match self.recipe() {
            Recipe::Go(set) => set.key(&sources())?,
            Recipe::Library { pins, .. } => key_of(&sources(), pins)?,
        };
        Ok(cache()?
            .join("peers")
            .join(format!("{}-{key:016x}", self.name())))
    }
}

/// Where the pins are.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// `$XDG_CACHE_HOME/imgtrace`, or `~/.cache/imgtrace` (XDG base directory specification).
fn cache() -> Result<PathBuf> {
    let set = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let cache = set.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    Ok(cache
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join("imgtrace"))
}

/// A key of this architecture and these files.
fn key_of(folder: &Path, files: &[&str]) -> Result<u64> {
    let mut parts = vec![std::env::consts::ARCH.as_bytes().to_vec()];
    for file in files {
        let path = folder.join(file);
        parts.push(fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?);
    }
    Ok(key::of(&parts))
}

/// Runs one step of providing something, with its output on the terminal.
fn step(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    // Standard output may be somebody's data.
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status();
    let status = status.with_context(|| format!("failed to run {program}"))?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}
