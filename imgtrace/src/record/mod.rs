//! The recording: the log of observations, one JSON object a line.
//!
//! `docs/recording.md` describes the format. The first line is a [`Header`], every further line
//! an [`Observed`]; the last is the observation `end`, or a [`Continued`] if the next file goes
//! on. A file that was cut anywhere is good up to its last whole line.
//!
//! [`Observed`]: crate::observation::Observed

mod context;
mod header;
mod reader;
mod version;
mod writer;

pub use header::{Continued, Header, Shown};
pub use reader::{Ending, ReadError, Reader};
pub use version::{FORMAT, HeaderError, VERSION};
pub use writer::{Recorder, Rotation, WriteError};

/// Bytes of the longest line that is written or read. What becomes an observation is bounded by
/// the decoder far below; a file without line feeds must not fill the memory.
pub const MAX_LINE: usize = 4 << 20;

#[cfg(test)]
pub(crate) mod samples;
