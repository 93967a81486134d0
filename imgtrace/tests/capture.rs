//! The kernel programs on the running kernel, with sockets of the test's own.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    time::Duration,
};

use imgtrace::capture::{Capture, Options, Record};

#[test]
fn smoke() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut capture = Capture::load(Options::default(), &["docker.sock"]).unwrap();
        eprintln!("rows before {:?}", capture.sockets().unwrap().len());
        capture.attach().unwrap();
        eprintln!("connect {:?}", capture.connect_hook());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let mut client = UnixStream::connect(&path).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(b"hello").unwrap();
        let mut buf = [0; 5];
        server.read_exact(&mut buf).unwrap();
        server.write_all(b"world").unwrap();
        client.read_exact(&mut buf).unwrap();
        std::process::Command::new("true").arg("x").status().unwrap();
        let mut events = Vec::new();
        for _ in 0..10 {
            capture.readable().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            capture.drain(&mut events);
            if events.len() > 5 { break }
        }
        for e in &events {
            match &e.record {
                Record::Accepted(a) => eprintln!("{} accepted {} client {} {} server {} ino {} dev {} name {}", e.at, a.connection, a.client, a.client_start, a.server, a.inode, a.device, String::from_utf8_lossy(&a.name)),
                Record::Data(d, b) => eprintln!("{} data {d:?} {b:?}", e.at),
                Record::Process(p) => {
                    eprintln!("{} process {} origin {} {} uid {} groups {:?} args {:?} exe {} anc {:?} ns {} {} {}", e.at, p.pid, p.origin, String::from_utf8_lossy(&p.comm), p.uid, &p.groups[..p.groups_len.min(3) as usize], String::from_utf8_lossy(&p.args[..p.args_len as usize]), String::from_utf8_lossy(&p.exe), p.ancestors.iter().take_while(|a| a.pid != 0).map(|a| format!("{} {}", a.pid, String::from_utf8_lossy(&a.comm).trim_end_matches('\0'))).collect::<Vec<_>>(), p.mount_ns, p.pid_ns, p.user_ns);
                    eprintln!("   v1 {:?} v2 {:?}", p.cgroup_v1.iter().map(|n| String::from_utf8_lossy(n).split('\0').next().unwrap().to_string()).take_while(|n| !n.is_empty()).collect::<Vec<_>>(), p.cgroup_v2.iter().map(|n| String::from_utf8_lossy(n).split('\0').next().unwrap().to_string()).take_while(|n| !n.is_empty()).collect::<Vec<_>>());
                }
                Record::ConnectAttempt(a) => eprintln!("{} attempt {} {}", e.at, a.pid, String::from_utf8_lossy(&a.path)),
            }
        }
        eprintln!("rows {:#?}", capture.sockets().unwrap().len());
        eprintln!("{:?}", capture.take_losses());
        let _ = client;
    });
}
