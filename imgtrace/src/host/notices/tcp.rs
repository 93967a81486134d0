//! The TCP addresses that a process listens on, from `/proc/PID/net/tcp` and its descriptors.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The most descriptors of one process that are looked at.
const DESCRIPTORS_MAX: usize = 65_536;

/// The most listeners of one network namespace that are looked at.
const LISTENERS_MAX: usize = 65_536;

/// `TCP_LISTEN` (`include/net/tcp_states.h`).
const LISTEN: &str = "0A";

/// Where `pid` listens in its own network namespace, in order; empty if it may not be looked at.
pub(super) fn listeners(pid: u32) -> Vec<SocketAddr> {
    let own = sockets(pid);
    if own.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<_> = ["tcp", "tcp6"]
        .iter()
        .filter_map(|name| File::open(format!("/proc/{pid}/net/{name}")).ok())
        .flat_map(|file| listening(file, &own))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Inode numbers of the sockets that a process holds.
fn sockets(pid: u32) -> HashSet<u64> {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .take(DESCRIPTORS_MAX)
        .filter_map(|entry| {
            let target = std::fs::read_link(entry.ok()?.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            inode.strip_suffix(']')?.parse().ok()
        })
        .collect()
}

/// Listeners stand before all other sockets (`tcp_get_idx()`), of which there may be very many: the
/// first other one ends the search.
fn listening(file: File, own: &HashSet<u64>) -> Vec<SocketAddr> {
    BufReader::new(file)
        .lines()
        .skip(1)
        .take(LISTENERS_MAX)
        .map_while(|line| parse(&line.ok()?))
        .filter(|(_, inode)| own.contains(inode))
        .map(|(address, _)| address)
        .collect()
}

/// `sl local_address rem_address st queues timer retrnsmt uid timeout inode …`; null if it is no
/// listener (`Documentation/networking/proc_net_tcp.rst`).
fn parse(line: &str) -> Option<(SocketAddr, u64)> {
    let mut fields = line.split_ascii_whitespace();
    let (ip, port) = fields.nth(1)?.split_once(':')?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    let inode = fields.nth(5)?.parse().ok()?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((SocketAddr::new(address(ip)?, port), inode))
}

/// Words of 32 bits as the machine reads them from network order.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = text.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    if text.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut bytes = [0; 16];
    for (at, chunk) in bytes.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *chunk = word(at)?;
    }
    Some(Ipv6Addr::from(bytes).into())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn own_listeners_are_found_and_nothing_else() {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = four.local_addr().unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let me = std::process::id();
        assert!(listeners(me).contains(&address));
        if let Ok(six) = TcpListener::bind("[::1]:0") {
            assert!(listeners(me).contains(&six.local_addr().unwrap()));
        }
        let mut other = std::process::Command::new("/bin/sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let of_other = listeners(other.id());
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(of_other, []);
        drop(four);
        assert!(!listeners(me).contains(&address));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_are_read_as_the_kernel_writes_them() {
        let line = "   0: 0100007F:0947 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0";
        assert_eq!(parse(line), Some(("127.0.0.1:2375".parse().unwrap(), 4711)));
        let line = "   1: 00000000000000000000000001000000:0948 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 12 1";
        assert_eq!(parse(line), Some(("[::1]:2376".parse().unwrap(), 12)));
        assert_eq!(parse(&line.replace(" 0A ", " 01 ")), None);
        assert_eq!(parse(""), None);
    }
}
