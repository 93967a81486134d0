//! Loads that have nothing to do with containers and pay for the hooks all the same.

mod kernel;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    thread,
    time::Instant,
};

use anyhow::{Result, anyhow};

/// Round trips of one measurement.
const ROUND_TRIPS: u32 = 100_000;
/// Round trips of one measurement where two threads wake each other.
const WAKING_ROUND_TRIPS: u32 = 20_000;

/// One load.
#[derive(Clone, Copy)]
pub(super) enum Load {
    /// One thread with both ends of a socketpair: four system calls, two buffers, no waking.
    UnixAlone,
    /// Two threads at the ends of a socketpair.
    UnixBetween,
    /// One thread with both ends of a TCP connection over loopback.
    Tcp,
    /// Overlay mounts that are nobody's root file system, and their unmounts.
    Mounts,
    /// A system call that does nothing.
    Calls,
    /// Processes that execute a program which ends at once.
    Programs,
}

impl Load {
    pub(super) const ALL: [Self; 6] = [
        Self::UnixAlone,
        Self::UnixBetween,
        Self::Tcp,
        Self::Mounts,
        Self::Calls,
        Self::Programs,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::UnixAlone => "a byte over a socketpair, one thread",
            Self::UnixBetween => "a byte over a socketpair, two threads",
            Self::Tcp => "a byte over TCP, one thread",
            Self::Mounts => "an overlay mounted and unmounted",
            Self::Calls => "getppid(2)",
            Self::Programs => "/bin/true executed and waited for",
        }
    }

    /// Time of one turn: there and back, up and down, or one call.
    pub(super) fn nanoseconds_a_turn(self) -> Result<f64> {
        match self {
            Self::UnixAlone => {
                let (one, other) = UnixStream::pair()?;
                alone(one, other)
            }
            Self::UnixBetween => between(),
            Self::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let one = TcpStream::connect(listener.local_addr()?)?;
                let (other, _) = listener.accept()?;
                one.set_nodelay(true)?;
                other.set_nodelay(true)?;
                alone(one, other)
            }
            Self::Mounts => kernel::mounts(),
            Self::Calls => Ok(kernel::calls()),
            Self::Programs => kernel::programs(),
        }
    }
}

fn alone<S: Read + Write>(mut one: S, mut other: S) -> Result<f64> {
    let mut byte = [7];
    let mut go = |round_trips| -> Result<()> {
        for _ in 0..round_trips {
            one.write_all(&byte)?;
            other.read_exact(&mut byte)?;
            other.write_all(&byte)?;
            one.read_exact(&mut byte)?;
        }
        Ok(())
    };
    go(ROUND_TRIPS / 20)?;
    let began = Instant::now();
    go(ROUND_TRIPS)?;
    Ok(began.elapsed().as_secs_f64() * 1e9 / f64::from(ROUND_TRIPS))
}

fn between() -> Result<f64> {
    let (mut one, mut other) = UnixStream::pair()?;
    let echo = thread::spawn(move || {
        let mut byte = [0];
        while other.read_exact(&mut byte).is_ok() && other.write_all(&byte).is_ok() {}
    });
    let mut byte = [7];
    let began = Instant::now();
    for _ in 0..WAKING_ROUND_TRIPS {
        one.write_all(&byte)?;
        one.read_exact(&mut byte)?;
    }
    let elapsed = began.elapsed();
    drop(one);
    echo.join()
        .map_err(|_| anyhow!("the echoing thread panicked"))?;
    Ok(elapsed.as_secs_f64() * 1e9 / f64::from(WAKING_ROUND_TRIPS))
}
