//! The records of the kernel programs, read from their bytes.

use bytes::Bytes;
use imgtrace_common::{Accepted, ConnectAttempt, Data, Header, Mounting, Process, kind};
use zerocopy::FromBytes as _;

/// One record.
#[derive(Debug)]
pub enum Record {
    /// A connection was accepted.
    Accepted(Box<Accepted>),
    /// A process was described.
    Process(Box<Process>),
    /// A buffer was read, or thrown away.
    Data(Data, Bytes),
    /// A process is about to connect.
    ConnectAttempt(Box<ConnectAttempt>),
    /// A process has made a mount.
    Mounting(Mounting),
}

/// What the kernel side says.
#[derive(Debug)]
pub struct Event {
    /// `CLOCK_MONOTONIC`, ns.
    pub at: u64,
    /// What.
    pub record: Record,
}

impl Event {
    /// Reads a record from a sample of the perf buffer; `None` if it is none of ours.
    pub fn parse(sample: &[u8]) -> Option<Self> {
        let (header, _) = Header::read_from_prefix(sample).ok()?;
        let record = match header.kind {
            kind::DATA => {
                let (data, payload) = Data::read_from_prefix(sample).ok()?;
                // A sample is padded to eight bytes.
                let payload = payload.get(..usize::try_from(data.copied).ok()?)?;
                Record::Data(data, Bytes::copy_from_slice(payload))
            }
            kind::ACCEPTED => Record::Accepted(boxed(sample)?),
            kind::PROCESS => Record::Process(boxed(sample)?),
            kind::CONNECT_ATTEMPT => Record::ConnectAttempt(boxed(sample)?),
            kind::MOUNTING => Record::Mounting(Mounting::read_from_prefix(sample).ok()?.0),
            _ => return None,
        };
        Some(Self {
            at: header.at,
            record,
        })
    }
}

fn boxed<T: zerocopy::FromBytes>(sample: &[u8]) -> Option<Box<T>> {
    T::read_from_prefix(sample)
        .ok()
        .map(|(record, _)| Box::new(record))
}
