//! Which requests make an operation, and which answers are worth reading.
//!
//! The paths are those of moby's `daemon/server/router` and Podman's `pkg/api/server`. What is not
//! named here makes nothing.

#[cfg(test)]
mod tests;

use super::params::percent_decode;
use crate::decode::http1::Method;
use crate::model::{Api, Op};

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// It makes an operation.
    Call(Call),
    /// Its answer tells something.
    Look(Look),
}

/// A request that makes an operation; names are as the path has them, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `images/create`: a pull or an import, by its parameters.
    CreateImage,
    /// libpod's `images/pull`.
    Pull,
    /// libpod's `images/import`.
    Import,
    Load,
    /// Of this image, or of those in the parameters.
    Save(Option<String>),
    Build,
    Commit,
    Tag(String),
    Push(String),
    /// Of this image, or of those in the parameters.
    RemoveImage(Option<String>),
    /// Of images, containers or the build cache.
    Prune(&'static str),
    CreateContainer,
    /// Start, stop, restart, kill or removal of a container.
    Container(Op, String),
    /// An exec is prepared in a container; an operation only if it is refused.
    CreateExec(String),
    /// An exec is started.
    StartExec(String),
}

/// What an answer tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Containers,
    Images,
    Version,
}

/// Reads a method and a path, percent-encoded as sent.
pub(super) fn route(method: Method, path: &str) -> Option<(Api, Route)> {
    let path = percent_decode(path);
    let path = without_version(&path).strip_prefix('/')?;
    let (api, path) = match path.strip_prefix("libpod/") {
        Some(path) => (Api::Libpod, path),
        None => (Api::Docker, path),
    };
    let (area, rest) = path.split_once('/').unwrap_or((path, ""));
    let own = match api {
        Api::Libpod => libpod(method, area, rest),
        _ => docker(method, area, rest),
    };
    let call = own.or_else(|| common(method, area, rest)).map(Route::Call);
    let route = call.or_else(|| look(method, area, rest).map(Route::Look))?;
    Some((api, route))
}

/// `/v1.41/images/json` is `/images/json`; Podman's versions may have letters (`/v5.0.0-dev/…`).
fn without_version(path: &str) -> &str {
    let rest = path
        .strip_prefix("/v")
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .map(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || ".-".contains(c))
        });
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

fn docker(method: Method, area: &str, rest: &str) -> Option<Call> {
    Some(match (method, area, rest) {
        (Method::Post, "images", "create") => Call::CreateImage,
        (Method::Get, "images", "get") => Call::Save(None),
        (Method::Post, "build", "prune") => Call::Prune("build-cache"),
        _ => return None,
    })
}

fn libpod(method: Method, area: &str, rest: &str) -> Option<Call> {
    Some(match (method, area, rest) {
        (Method::Post, "images", "pull") => Call::Pull,
        (Method::Post, "images", "import") => Call::Import,
        (Method::Post, "local", "images/load") => Call::Load,
        (Method::Post, "local", "build") => Call::Build,
        (Method::Get, "images", "export") => Call::Save(None),
        (Method::Delete, "images", "remove") => Call::RemoveImage(None),
        _ => return None,
    })
}

fn common(method: Method, area: &str, rest: &str) -> Option<Call> {
    Some(match (method, area, rest) {
        (Method::Post, "build", "") => Call::Build,
        (Method::Post, "commit", "") => Call::Commit,
        (Method::Post, "images", "load") => Call::Load,
        (Method::Post, "images", "prune") => Call::Prune("images"),
        (Method::Post, "containers", "prune") => Call::Prune("containers"),
        (Method::Post, "containers", "create") => Call::CreateContainer,
        (Method::Delete, "images", _) => Call::RemoveImage(Some(name(rest)?)),
        // A checkpoint of a container has a path of its own.
        (Method::Delete, "containers", _) if !rest.contains("/checkpoints/") => {
            Call::Container(Op::RemoveContainer, name(rest)?)
        }
        _ => {
            let (of, verb) = rest.rsplit_once('/')?;
            return named(method, area, name(of)?, verb);
        }
    })
}

/// `/images/a/b/push`: names of images have slashes.
fn named(method: Method, area: &str, name: String, verb: &str) -> Option<Call> {
    Some(match (method, area, verb) {
        (Method::Post, "images", "tag") => Call::Tag(name),
        (Method::Post, "images", "push") => Call::Push(name),
        (Method::Get, "images", "get") => Call::Save(Some(name)),
        (Method::Post, "containers", "start") => Call::Container(Op::Start, name),
        (Method::Post, "containers", "restart") => Call::Container(Op::Restart, name),
        (Method::Post, "containers", "stop") => Call::Container(Op::Stop, name),
        (Method::Post, "containers", "kill") => Call::Container(Op::Kill, name),
        (Method::Post, "containers", "exec") => Call::CreateExec(name),
        (Method::Post, "exec", "start") => Call::StartExec(name),
        _ => return None,
    })
}

fn look(method: Method, area: &str, rest: &str) -> Option<Look> {
    let json = rest == "json" || rest.ends_with("/json");
    Some(match (method, area) {
        (Method::Get, "containers") if json => Look::Containers,
        (Method::Get, "images") if json => Look::Images,
        (Method::Get, "version") if rest.is_empty() => Look::Version,
        _ => return None,
    })
}

fn name(text: &str) -> Option<String> {
    let name = text.trim_start_matches('/');
    (!name.is_empty()).then(|| name.to_owned())
}
