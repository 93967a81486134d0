//! Fifty clients of Docker's API, and whether each of their requests was found.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use imgtrace_tests::tracer::Trace;
use serde_json::Value;

/// Clients at once: one half keep their connection, the other half make a new one for each request.
pub(crate) const CLIENTS: u32 = 50;
/// Time between two requests of one client: with all of them, two hundred requests a second.
const PACE: Duration = Duration::from_millis(250);

/// One client, until all is over: by turns a version and the start of a container that is not there. Gives the names
/// of those containers.
pub(crate) fn client(socket: &Path, number: u32, over: &AtomicBool) -> Result<Vec<String>> {
    let mut kept = Connection::open(socket)?;
    let mut asked = Vec::new();
    let began = Instant::now();
    // Evenly spread over the time between two requests.
    let mut due = PACE * number / CLIENTS;
    for turn in 0.. {
        thread::sleep(due.saturating_sub(began.elapsed()));
        due += PACE;
        if over.load(Ordering::Relaxed) && turn % 2 == 0 {
            break;
        }
        let mut new = None;
        let connection = if number.is_multiple_of(2) {
            &mut kept
        } else {
            new.insert(Connection::open(socket)?)
        };
        if turn % 2 == 0 {
            connection.ask("GET", "/version", 200)?;
        } else {
            let name = format!("absent-{number}-{turn}");
            connection.ask("POST", &format!("/containers/{name}/start"), 404)?;
            asked.push(name);
        }
    }
    Ok(asked)
}

/// Every request for a container has made one operation, or its loss has been shown; and none has made two.
pub(crate) fn nothing_lost_silently(trace: &Trace, asked: &[String]) -> Result<()> {
    let mut found: HashMap<&str, usize> = HashMap::new();
    for line in trace.of_kind("operation") {
        let name = line["container"].as_str().unwrap_or_default();
        if name.starts_with("absent-") {
            assert_eq!(line["op"], "start");
            assert_eq!(line["caller"]["pid"], std::process::id(), "{line:#}");
            *found.entry(name).or_default() += 1;
        }
    }
    let wanted: HashSet<&str> = asked.iter().map(String::as_str).collect();
    let invented = found
        .iter()
        .find(|(name, count)| **count > 1 || !wanted.contains(*name));
    assert_eq!(invented, None);
    let missed = asked.len() - found.len();
    let summary = trace.lines.last().context("no lines")?;
    assert_eq!(summary["kind"], "summary");
    let lost = |place: &Value| place["records"].as_u64().unwrap_or_default();
    let in_summary: u64 = summary["losses"]
        .as_array()
        .into_iter()
        .flatten()
        .map(lost)
        .sum();
    let in_lines: u64 = trace.of_kind("loss").into_iter().map(lost).sum();
    println!(
        "{} operations found of {}; losses {}; anomalies {}",
        found.len(),
        asked.len(),
        summary["losses"],
        summary["anomalies"]
    );
    assert_eq!(in_summary, in_lines, "each loss is shown when it happens");
    assert!(
        u64::try_from(missed)? <= in_summary,
        "{missed} operations are missing, and only {in_summary} records were said to be lost"
    );
    Ok(())
}

/// A connection of an HTTP/1.1 client.
struct Connection {
    reader: BufReader<UnixStream>,
}

impl Connection {
    fn open(socket: &Path) -> Result<Self> {
        let reader = BufReader::new(UnixStream::connect(socket)?);
        Ok(Self { reader })
    }

    /// Sends a request without a body and reads the answer, which has this status.
    fn ask(&mut self, method: &str, target: &str, status: u16) -> Result<()> {
        let request =
            format!("{method} {target} HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n");
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while self.reader.read_line(&mut head)? > 2 {}
        if !head.starts_with(&format!("HTTP/1.1 {status} ")) {
            bail!("{method} {target}: {head}");
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .context("an answer without a length")?;
        let mut body = vec![0; length.parse()?];
        self.reader.read_exact(&mut body)?;
        Ok(())
    }
}
