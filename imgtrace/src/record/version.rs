//! Which formats there are and which can be read: decided by the first line, before anything else
//! of it is understood.
//!
//! Version 1 is the first. A version changes when a line of it would be misread by an older
//! program, new kinds of observations included, from the first release on. When there is a second, [`header`] gets the
//! fix-ups that make an older line a newer one.

use serde::Deserialize;

use super::Header;

/// The word that tells a recording from any other JSON.
pub const FORMAT: &str = "imgtrace-recording";

/// The version that is written, and the newest that can be read.
pub const VERSION: u32 = 1;

/// How every first line begins; as much of it as there is tells a cut recording from another file.
const BEGIN: &[u8] = b"{\"format\":\"imgtrace-recording\"";

/// Why a first line is no header.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// There is no first line.
    #[error("the file is empty")]
    Empty,
    /// It is of another kind.
    #[error("the file is no recording of imgtrace")]
    NotARecording,
    /// It was made by a newer program.
    #[error(
        "the recording has format version {version}, made by imgtrace {imgtrace}; \
         this program reads up to version {VERSION}"
    )]
    TooNew {
        /// Its version.
        version: u64,
        /// The program that made it.
        imgtrace: String,
    },
    /// It is a recording, but nothing of it is whole.
    #[error("the recording was cut or damaged in its first line")]
    Damaged(#[source] serde_json::Error),
}

/// What every version of the header has.
#[derive(Deserialize)]
struct Common {
    format: String,
    version: u64,
    #[serde(default)]
    imgtrace: String,
}

/// Reads the first line, without its line feed.
pub(super) fn header(line: &[u8]) -> Result<Header, HeaderError> {
    if line.is_empty() {
        return Err(HeaderError::Empty);
    }
    let common: Common = serde_json::from_slice(line).map_err(|error| {
        let begin = line.get(..BEGIN.len()).unwrap_or(line);
        if BEGIN.starts_with(begin) {
            HeaderError::Damaged(error)
        } else {
            HeaderError::NotARecording
        }
    })?;
    if common.format != FORMAT {
        return Err(HeaderError::NotARecording);
    }
    if common.version > u64::from(VERSION) {
        return Err(HeaderError::TooNew {
            version: common.version,
            imgtrace: common.imgtrace,
        });
    }
    serde_json::from_slice(line).map_err(HeaderError::Damaged)
}

#[cfg(test)]
mod tests;
