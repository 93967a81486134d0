//! What the lab's daemons take of the host's network: free ports, and a bridge where a host that runs a Docker already
//! would otherwise lose its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Place, Ran, key};

/// An address of 127.0.0.1 with a port that was free a moment ago.
pub(super) fn free_address() -> Result<SocketAddr> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
    Ok(listener.local_addr()?)
}

/// What `dockerd --bridge` gets. `none` does for a daemon whose containers need no network, but at its start such a
/// daemon deletes the interface docker0 (moby, `removeDefaultBridgeInterface`), which may be another Docker's: where
/// there is one, the lab's daemons get a bridge of their own.
pub(super) fn bridge(place: &Place) -> Result<String> {
    if !interface("docker0") {
        return Ok("none".to_owned());
    }
    let bridge = own_bridge(place);
    if !interface(&bridge) {
        Ran::ok(Command::new("ip").args(["link", "add", &bridge, "type", "bridge"]))?;
        Ran::ok(Command::new("ip").args(["address", "add", &address(place), "dev", &bridge]))?;
    }
    Ok(bridge)
}

/// Removes the bridge that [`bridge`] may have made.
pub(super) fn remove_bridge(place: &Place) -> Result<()> {
    let bridge = own_bridge(place);
    if interface(&bridge) {
        Ran::ok(Command::new("ip").args(["link", "delete", &bridge]))?;
    }
    Ok(())
}

/// The address of the lab's own bridge: one of sixteen small subnets of the block for documentation (RFC 5737), which
/// no real network uses.
fn address(place: &Place) -> String {
    format!("203.0.113.{}/28", key::of(&[place.name()]) % 16 * 16 + 1)
}

/// The bridge's name: at most 15 bytes (IFNAMSIZ), the same for the same lab.
fn own_bridge(place: &Place) -> String {
    format!("imgt{:08x}", key::of(&[place.name()]) >> 32)
}

fn interface(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}
