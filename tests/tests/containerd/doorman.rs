//! A registry that lets nobody in, and remembers who tried: the proof that a client's credentials have come through the
//! daemon.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// An answer that asks for a name and a password (RFC 7617).
const REFUSAL: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"lab\"\r\n\
    Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// It listens until the test ends.
#[derive(Debug)]
pub(super) struct Doorman {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Doorman {
    /// Starts to listen on a free port of 127.0.0.1.
    pub(super) fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is none that got in.
                if let Ok(Some(credentials)) = refuse(stream) {
                    notes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(credentials);
                }
            }
        });
        Ok(Self { address, heard })
    }

    /// An image that one would have to be let in for.
    pub(super) fn image(&self) -> String {
        format!("{}/imgtrace-lab/closed:1", self.address)
    }

    /// Whether somebody has shown these credentials, `NAME:PASSWORD` in base64.
    pub(super) fn has_heard(&self, credentials: &str) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().any(|known| known == credentials)
    }
}

/// Reads a request and refuses it. Gives what stands after `Authorization: Basic`.
fn refuse(stream: TcpStream) -> Result<Option<String>> {
    let mut reader = BufReader::new(stream);
    let mut credentials = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some(value) = line.strip_prefix("Authorization: Basic ") {
            credentials = Some(value.trim().to_owned());
        }
    }
    reader.get_mut().write_all(REFUSAL.as_bytes())?;
    Ok(credentials)
}
