//! The version of Docker's API that a client speaks: the first part of its paths.

use crate::model::Api;
use crate::observation::Fact;

/// Bytes of a version that are believed: `1.41`.
const MAX_VERSION: usize = 16;
/// How often a connection that changes its version is told of.
const MAX_TOLD: u32 = 8;

/// What one connection's client speaks.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// In the last request that named a version.
    version: Option<String>,
    /// It waits for an answer, which says what the daemon speaks.
    is_news: bool,
    told: u32,
}

impl Spoken {
    /// Takes the path of a request. Without a version it means the daemon's own; Podman's own API
    /// has versions of its own.
    pub(super) fn asked(&mut self, path: &str) {
        let Some(version) = version(path) else {
            return;
        };
        if self.version.as_deref() != Some(version) {
            self.version = Some(version.to_owned());
            self.is_news = true;
        }
    }

    /// Takes the newest version that the daemon speaks, from an answer, and tells what is new.
    pub(super) fn answered(&mut self, newest: &str) -> Option<Fact> {
        if !std::mem::take(&mut self.is_news) || self.told >= MAX_TOLD {
            return None;
        }
        self.told += 1;
        Some(Fact::ApiVersion {
            api: Api::Docker,
            version: self.version.clone()?,
            newest: is_version(newest).then(|| newest.to_owned()),
        })
    }
}

fn version(path: &str) -> Option<&str> {
    let (version, rest) = path.strip_prefix("/v")?.split_once('/')?;
    (is_version(version) && !rest.starts_with("libpod/")).then_some(version)
}

/// `1.41`: the versions of Docker's API have two numbers.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts = text.split_once('.');
    text.len() <= MAX_VERSION
        && parts.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests;
