//! `docker start`, and `docker load` in chunks of 32 KiB.

use super::BUFFER;

pub fn request() -> Vec<u8> {
    b"POST /v1.51/containers/3f9c2a71b0d4/start HTTP/1.1\r\nHost: api.moby.localhost\r\n\
      User-Agent: Docker-Client/28.5.2 (linux)\r\nContent-Length: 0\r\n\r\n"
        .to_vec()
}

pub fn answer() -> Vec<u8> {
    b"HTTP/1.1 204 No Content\r\nApi-Version: 1.51\r\nDocker-Experimental: false\r\n\
      Ostype: linux\r\nServer: Docker/28.5.2 (linux)\r\n\
      Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
        .to_vec()
}

pub fn bulk_head() -> Vec<u8> {
    b"POST /v1.51/images/load?quiet=0 HTTP/1.1\r\nHost: api.moby.localhost\r\n\
      Transfer-Encoding: chunked\r\nContent-Type: application/x-tar\r\n\r\n"
        .to_vec()
}

pub fn bulk() -> Vec<u8> {
    let mut chunk = format!("{BUFFER:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + BUFFER, 0);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
