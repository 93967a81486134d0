//! Reading a recording, a line at a time, up to its end or as far as it is whole.

use std::io::{self, BufRead, Read};

use crate::observation::{Observation, Observed};

use super::version::{self, HeaderError};
use super::{Continued, Header, MAX_LINE};

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("failed to read the recording")]
    Io(#[from] io::Error),
    /// Its first line is no header that this program knows.
    #[error("failed to understand the recording")]
    Header(#[from] HeaderError),
}

/// How a recording ended. Lines count from 1, the header included.
#[derive(Debug)]
pub enum Ending {
    /// The run ended in an orderly way, and its end is here.
    Orderly,
    /// The run went on in another file.
    Continued {
        /// [`Header::part`] of that file.
        part: u32,
    },
    /// The file stops: imgtrace was killed, or is still writing, or the file was cut.
    Cut {
        /// The last whole line.
        whole: u64,
        /// True if there is a piece of another line after it.
        piece: bool,
    },
    /// A line in the middle cannot be read.
    Damaged {
        /// Which line.
        line: u64,
        /// Why; null if it is longer than [`MAX_LINE`].
        why: Option<serde_json::Error>,
    },
}

/// An open recording.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    header: Header,
    line: Vec<u8>,
    lines: u64,
    ending: Option<Ending>,
}

/// One line of the input, as far as it is there.
enum Taken {
    /// A line, with or without its line feed.
    Line { terminated: bool },
    /// Nothing is left.
    Nothing,
    /// It is longer than [`MAX_LINE`].
    TooLong,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// The input cannot be read, or does not begin with a header that this program knows.
    pub fn open(mut input: R) -> Result<Self, ReadError> {
        let mut line = Vec::new();
        take_line(&mut input, &mut line)?;
        let header = version::header(&line)?;
        Ok(Self {
            input,
            header,
            line,
            lines: 1,
            ending: None,
        })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How it ended; null unless [`next`](Self::next) has said that there is no more.
    pub fn into_ending(self) -> Option<Ending> {
        self.ending
    }

    /// The next observation; none at the end, or where the rest cannot be used.
    ///
    /// The observation [`Observation::End`] is given too, as the last.
    ///
    /// # Errors
    /// The input cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator cannot fail once and be asked how it ended"
    )]
    pub fn next(&mut self) -> Result<Option<Observed>, io::Error> {
        if self.ending.is_some() {
            return Ok(None);
        }
        let terminated = match take_line(&mut self.input, &mut self.line)? {
            Taken::Line { terminated } => terminated,
            Taken::Nothing => {
                return Ok(self.end(Ending::Cut {
                    whole: self.lines,
                    piece: false,
                }));
            }
            Taken::TooLong => {
                let line = self.lines + 1;
                return Ok(self.end(Ending::Damaged { line, why: None }));
            }
        };
        match serde_json::from_slice::<Observed>(&self.line) {
            Ok(observed) => {
                self.lines += 1;
                if observed.what == Observation::End {
                    self.ending = Some(Ending::Orderly);
                }
                Ok(Some(observed))
            }
            Err(why) => Ok(self.no_observation(why, terminated)),
        }
    }

    /// What the present line is instead.
    fn no_observation(&mut self, why: serde_json::Error, terminated: bool) -> Option<Observed> {
        let ending = if let Ok(Continued { continued }) = serde_json::from_slice(&self.line) {
            Ending::Continued { part: continued }
        } else if terminated {
            Ending::Damaged {
                line: self.lines + 1,
                why: Some(why),
            }
        } else {
            Ending::Cut {
                whole: self.lines,
                piece: true,
            }
        };
        self.end(ending)
    }

    fn end(&mut self, ending: Ending) -> Option<Observed> {
        self.ending = Some(ending);
        None
    }
}

/// Reads up to the next line feed, which is left out.
fn take_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<Taken, io::Error> {
    line.clear();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    let read = input.take(limit).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        Ok(Taken::Line { terminated: true })
    } else if read == 0 {
        Ok(Taken::Nothing)
    } else if read >= MAX_LINE {
        Ok(Taken::TooLong)
    } else {
        Ok(Taken::Line { terminated: false })
    }
}

#[cfg(test)]
mod tests;
