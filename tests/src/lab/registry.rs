//! A registry on loopback, and how images get into it: by its own HTTP API, with no daemon in between.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::generation::SYSTEM_PATH;
use super::http::{self, Response};
use super::images::{Blob, Built, Image, chain_id};
use super::{Place, daemon, network, say, write};

/// Debian's docker-registry.
const PROGRAM: &str = "/usr/bin/docker-registry";
/// Its name among the lab's daemons.
const NAME: &str = "registry";

/// What a tag of the registry resolves to.
#[derive(Debug, Clone)]
pub struct Content {
    /// How a client asks for it.
    pub reference: String,
    /// The digest of its manifest or index.
    pub digest: String,
    /// Bytes of each layer, manifest and configuration, by digest.
    pub blobs: Vec<(String, u64)>,
    /// How many layers it has.
    pub layers: usize,
    /// The chain id of all of them.
    pub chain_id: String,
}

impl Content {
    /// Bytes that a client fetches which has all of another image already.
    pub fn bytes_beside(&self, other: Option<&Self>) -> u64 {
        let had = |digest: &String| other.is_some_and(|other| other.has(digest));
        let new = self.blobs.iter().filter(|(digest, _)| !had(digest));
        new.map(|(_, bytes)| bytes).sum()
    }

    fn has(&self, digest: &str) -> bool {
        self.blobs.iter().any(|(known, _)| known == digest)
    }
}

/// A registry of the lab.
#[derive(Debug, Clone)]
pub struct Registry {
    place: Place,
    address: SocketAddr,
}

impl Registry {
    pub(super) fn start(place: &Place) -> Result<Self> {
        let address = network::free_address()?;
        let data = place.data_dir(NAME)?;
        let config = data.join("config.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            data.join("storage").display()
        );
        write(&config, text)?;
        let registry = Self {
            place: place.clone(),
            address,
        };
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg(config);
        daemon::start(place, NAME, plain(command), || {
            registry.call("GET", "/v2/", "", b"").is_ok()
        })?;
        write(&place.run().join("registry.address"), address.to_string())?;
        Ok(registry)
    }

    /// Serves the same images at the same address in the network namespace of another process too.
    ///
    /// # Errors
    /// It does not come up there.
    pub fn serve_in_network_of(&self, pid: i32) -> Result<()> {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/proc/{pid}/ns/net"))
            .args([PROGRAM, "serve"]);
        command.arg(self.place.data_dir(NAME)?.join("config.yml"));
        // As /proc/PID/net/tcp shows 127.0.0.1 and a listening socket, proc(5).
        let entry = format!(" 0100007F:{:04X} 00000000:0000 0A ", self.address.port());
        let sockets = format!("/proc/{pid}/net/tcp");
        let listens = || fs::read_to_string(&sockets).is_ok_and(|table| table.contains(&entry));
        daemon::start(
            &self.place,
            &format!("{NAME}-{pid}"),
            plain(command),
            listens,
        )?;
        Ok(())
    }

    /// The registry of a lab that is up, if it has one.
    pub fn of(place: &Place) -> Option<Self> {
        daemon::running(place, NAME)?;
        let address = fs::read_to_string(place.run().join("registry.address")).ok()?;
        Some(Self {
            place: place.clone(),
            address: address.parse().ok()?,
        })
    }

    /// Where it listens, on 127.0.0.1, by plain HTTP (which Docker allows for loopback).
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The reference by which a client pulls this image.
    pub fn reference(&self, image: Image) -> String {
        format!("{}/{}:{}", self.address, image.repository(), image.tag())
    }

    /// Builds an image and puts it into the registry; returns its reference.
    ///
    /// # Errors
    /// The image cannot be built from what is on this machine, or the registry refuses it.
    pub fn add(&self, image: Image) -> Result<String> {
        self.put(image, &self.folder(image)?)?;
        Ok(self.reference(image))
    }

    /// Puts an image of one platform into the registry, as [`Registry::add`], and says what it consists of.
    ///
    /// # Errors
    /// As [`Registry::add`].
    pub fn add_known(&self, image: Image) -> Result<Content> {
        let folder = self.folder(image)?;
        let built = self.put(image, &folder)?;
        let blobs = built.blobs.iter().chain([&built.top]);
        let blobs = blobs.map(|blob| (blob.digest.clone(), blob.size));
        Ok(Content {
            layers: built.diff_ids.len(),
            chain_id: chain_id(&folder, &built.diff_ids)?,
            reference: self.reference(image),
            digest: built.top.digest.clone(),
            blobs: blobs.collect(),
        })
    }

    /// As [`Registry::add`], under these tags: references of their own for content that a client may have already.
    ///
    /// # Errors
    /// As [`Registry::add`].
    pub fn add_as(&self, image: Image, tags: &[&str]) -> Result<Vec<String>> {
        let repository = image.repository();
        let built = image.build(&self.folder(image)?)?;
        let push = |tag: &&str| -> Result<String> {
            self.push(repository, tag, &built)?;
            Ok(format!("{}/{repository}:{tag}", self.address))
        };
        tags.iter().map(push).collect()
    }

    fn put(&self, image: Image, folder: &Path) -> Result<Built> {
        let built = image.build(folder)?;
        self.push(image.repository(), &image.tag(), &built)?;
        say(&format!(
            "image {} is in the registry",
            self.reference(image)
        ));
        Ok(built)
    }

    /// Where the parts of an image are built.
    fn folder(&self, image: Image) -> Result<PathBuf> {
        let (repository, tag) = (image.repository(), image.tag());
        self.place.data_dir(&format!("images/{repository}-{tag}"))
    }

    fn push(&self, repository: &str, tag: &str, built: &Built) -> Result<()> {
        for blob in &built.blobs {
            self.push_blob(repository, blob)?;
        }
        for manifest in &built.children {
            self.push_manifest(repository, &manifest.digest, manifest)?;
        }
        self.push_manifest(repository, tag, &built.top)
    }

    /// Distribution specification 1.1, "Pushing a blob monolithically": POST, then PUT.
    fn push_blob(&self, repository: &str, blob: &Blob) -> Result<()> {
        let digest = &blob.digest;
        if self
            .call("HEAD", &format!("/v2/{repository}/blobs/{digest}"), "", b"")
            .is_ok()
        {
            return Ok(());
        }
        let begun = self.call("POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"")?;
        let location = begun
            .header("Location")
            .context("the registry named no upload location")?;
        // It names an absolute URL when it knows its host.
        let target = location
            .find("/v2/")
            .and_then(|at| location.get(at..))
            .unwrap_or(location);
        let mark = if target.contains('?') { '&' } else { '?' };
        self.call(
            "PUT",
            &format!("{target}{mark}digest={digest}"),
            "application/octet-stream",
            &blob.read()?,
        )?;
        Ok(())
    }

    fn push_manifest(&self, repository: &str, reference: &str, manifest: &Blob) -> Result<()> {
        let target = format!("/v2/{repository}/manifests/{reference}");
        self.call("PUT", &target, manifest.media_type, &manifest.read()?)?;
        Ok(())
    }

    fn call(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> Result<Response> {
        let stream = TcpStream::connect(self.address).context("failed to reach the registry")?;
        let response = http::exchange(stream, method, target, kind, body)?;
        if !(200..300).contains(&response.status) {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            bail!(
                "the registry answered {} to {method} {target}: {text}",
                response.status
            );
        }
        Ok(response)
    }
}

/// Without the user's environment (a trace exporter would hear of the lab) and terminal.
fn plain(mut command: Command) -> Command {
    command
        .env_clear()
        .env("PATH", SYSTEM_PATH)
        .stdin(Stdio::null());
    command
}
