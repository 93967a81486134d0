//! Clients that make whatever gRPC call they are told to, by way of a library: each is one process with one connection.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::Peers;

/// A gRPC library, with a program around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcLibrary {
    /// tonic, for Rust: [`Peers::Tonic`].
    Tonic,
    /// grpcio, for Python, which is gRPC's C core: [`Peers::Grpcio`].
    Grpcio,
}

/// A client that waits for calls to make. Dropping it kills it.
#[derive(Debug)]
pub struct RpcClient {
    child: Child,
    calls: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// An answer that is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The name of the status code, as the library spells it.
    pub code: String,
    /// The status message.
    pub message: String,
}

impl RpcLibrary {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Tonic, Self::Grpcio];

    /// A word for paths and messages.
    pub fn name(self) -> &'static str {
        self.peers().name()
    }

    /// Why it cannot run here, or None if it can.
    pub fn missing(self) -> Option<String> {
        self.peers().missing()
    }

    fn peers(self) -> Peers {
        match self {
            Self::Tonic => Peers::Tonic,
            Self::Grpcio => Peers::Grpcio,
        }
    }

    /// The command that starts its program on a socket.
    ///
    /// # Errors
    /// It is not there.
    pub fn command(self, socket: &Path) -> Result<Command> {
        let folder = self.peers().require()?;
        let mut command = match self {
            Self::Tonic => Command::new(folder.join("tonic-client")),
            Self::Grpcio => {
                let mut command = Command::new(folder.join("bin/python"));
                command.arg(folder.join("call.py"));
                command
            }
        };
        command.env_clear().arg(socket);
        Ok(command)
    }
}

impl RpcClient {
    /// Starts a command of [`RpcLibrary::command`].
    ///
    /// # Errors
    /// It does not start.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.context("failed to start the client of a gRPC library")?;
        let calls = child.stdin.take().context("no stdin")?;
        let answers = child.stdout.take().context("no stdout")?;
        Ok(Self {
            child,
            calls: Some(calls),
            answers: BufReader::new(answers),
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes a unary call: the method's path, metadata and the encoded message. Gives the encoded answer.
    ///
    /// # Errors
    /// The client has ended or does not answer as it should.
    pub fn call(
        &mut self,
        path: &str,
        metadata: &[(&str, &str)],
        message: &[u8],
    ) -> Result<Result<Vec<u8>, Refusal>> {
        let pairs = metadata.iter().map(|(key, value)| format!("{key}={value}"));
        let words = [path.to_owned(), hex(message)].into_iter().chain(pairs);
        let line = words.collect::<Vec<_>>().join(" ") + "\n";
        let calls = self.calls.as_mut().context("it has been told to end")?;
        calls.write_all(line.as_bytes())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let answer = answer.trim_end_matches('\n');
        if let Some(message) = answer.strip_prefix("ok") {
            return Ok(Ok(unhex(message.trim())?));
        }
        let refusal = answer.strip_prefix("error ");
        let Some((code, message)) = refusal.and_then(|refusal| refusal.split_once(' ')) else {
            bail!("the client answered {answer:?} to {path}")
        };
        Ok(Err(Refusal {
            code: code.to_owned(),
            message: message.to_owned(),
        }))
    }

    /// Has it end, and with it its connection.
    ///
    /// # Errors
    /// It fails.
    pub fn end(mut self) -> Result<()> {
        // The end of its stdin.
        self.calls = None;
        let status = self.child.wait()?;
        ensure!(status.success(), "the client ended with {status}");
        Ok(())
    }
}

impl Drop for RpcClient {
    fn drop(&mut self) {
        // After end() it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let byte = |at: usize| {
        let digits = text.get(at..at + 2).context("an odd number of digits")?;
        Ok(u8::from_str_radix(digits, 16)?)
    };
    (0..text.len()).step_by(2).map(byte).collect()
}
