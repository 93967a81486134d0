//! The least HTTP/1.1 client that keeps a connection: this process itself, to be found as a caller.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context as _, Result};

/// A connection that stays open.
#[derive(Debug)]
pub(super) struct Wire {
    stream: BufReader<UnixStream>,
}

impl Wire {
    pub(super) fn open(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends bytes as they are, as part of a request.
    pub(super) fn send(&mut self, bytes: &str) -> Result<()> {
        Ok(self.stream.get_mut().write_all(bytes.as_bytes())?)
    }

    /// Sends a request without a body and reads the whole answer; its status.
    pub(super) fn ask(&mut self, method: &str, target: &str) -> Result<u16> {
        self.send(&format!(
            "{method} {target} HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n"
        ))?;
        self.answer()
    }

    /// Reads one answer; its status.
    pub(super) fn answer(&mut self) -> Result<u16> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).context("no status")?.parse()?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        if !chunked {
            self.skip(length)?;
            return Ok(status);
        }
        loop {
            let size = usize::from_str_radix(self.line()?.trim(), 16)?;
            self.skip(size + 2)?;
            if size == 0 {
                return Ok(status);
            }
        }
    }

    fn skip(&mut self, len: usize) -> Result<()> {
        Ok(self.stream.read_exact(&mut vec![0; len])?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}
