//! How long it takes from the last byte of a request to the line that says so.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::tracer::{Daemon, Tracer};

/// Pause between requests, so that each finds imgtrace at rest.
const PAUSE: Duration = Duration::from_millis(7);

/// Times the `began` line of each of `requests` starts of a container.
pub(super) fn measure(program: &Path, daemon: &Daemon, requests: u32) -> Result<Vec<Duration>> {
    let mut tracer = Tracer::start(program, daemon)?;
    let mut client = UnixStream::connect(daemon.socket())?;
    let mut times = Vec::new();
    for request in 0..requests {
        let name = format!("bench-{request:06}");
        let head = format!(
            "POST /v1.41/containers/{name}/start HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n"
        );
        let began = Instant::now();
        client.write_all(head.as_bytes())?;
        tracer.line_with(&name)?;
        times.push(began.elapsed());
        client.read_exact(&mut [0; super::tracer::ANSWER.len()])?;
        tracer.line_with("\"kind\":\"operation\"")?;
        thread::sleep(PAUSE);
    }
    tracer.stop()?;
    Ok(times)
}
