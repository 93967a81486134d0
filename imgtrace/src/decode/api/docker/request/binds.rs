//! What of the machine a container is to see, from the request that creates it.
//!
//! Docker's clients give it in two lists: `HostConfig.Binds` (`docker run -v`) and
//! `HostConfig.Mounts` (`--mount`, compose); moby `api/types/container`. Podman's own API takes the
//! mounts of the OCI runtime specification (`pkg/specgen`, `Mounts`). Named volumes are left out:
//! a name is no place.

use crate::decode::api::named;
use crate::decode::json::{Document, Object};
use crate::model::{Bind, MAX_BINDS};

/// Of a body of Docker's `containers/create`.
pub(super) fn docker(body: &Document) -> Vec<Bind> {
    let short = body.texts("hostconfig.binds").filter_map(short);
    let long = body.objects("hostconfig.mounts");
    let long = long.filter(|mount| mount.text("hostconfig.mounts.type") == Some("bind"));
    let long = long.filter_map(|mount| {
        let source = mount.text("hostconfig.mounts.source")?;
        let target = mount.text("hostconfig.mounts.target")?;
        let is_read_only = mount.is_true("hostconfig.mounts.readonly");
        named::bind(source, target, is_read_only)
    });
    short.chain(long).take(MAX_BINDS).collect()
}

/// `SOURCE:TARGET[:OPTIONS]`, the options with commas between them (moby
/// `daemon/volume/mounts/linux_parser.go`).
fn short(given: &str) -> Option<Bind> {
    let mut parts = given.splitn(3, ':');
    let (source, target) = (parts.next()?, parts.next()?);
    let mut options = parts.next().into_iter().flat_map(|all| all.split(','));
    named::bind(source, target, options.any(|option| option == "ro"))
}

/// Of a body of libpod's `containers/create`.
pub(super) fn libpod(body: &Document) -> Vec<Bind> {
    let is_bind = |mount: &Object<'_>| mount.text("mounts.type") == Some("bind");
    let mounts = body.objects("mounts").filter(is_bind);
    let binds = mounts.filter_map(|mount| {
        let mut options = mount.texts("mounts.options");
        let source = mount.text("mounts.source")?;
        let target = mount.text("mounts.destination")?;
        named::bind(source, target, options.any(|option| option == "ro"))
    });
    binds.take(MAX_BINDS).collect()
}
