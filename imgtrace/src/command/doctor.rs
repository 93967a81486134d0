//! `imgtrace doctor`: what this machine allows, tried for real, and what to do about the rest.

mod judgement;

use super::args::CommonArgs;
use super::error::{Failure, Kind};
use super::screen::Stdout;
use super::{Exit, runtime};
use crate::capture::{self, Capability};
use crate::host::doctor::HostFacts;
use crate::show::checklist;

/// Prints the list. Missing is what nothing works without: the first capability.
pub(super) fn run(common: &CommonArgs) -> Result<Exit, Failure> {
    let facts = HostFacts::read();
    let capabilities = probe()?;
    let mut items = judgement::conditions(&facts);
    items.extend(
        capabilities
            .iter()
            .map(|one| judgement::capability(one, &facts)),
    );
    let mut screen = Stdout::new();
    let mut out = Vec::new();
    checklist::render(&items, screen.colour(common), &mut out);
    screen.print(&out)?;
    if capabilities
        .first()
        .is_some_and(|first| first.taken().is_some())
    {
        return Ok(Exit::Done);
    }
    Err(
        Failure::new(Kind::Missing, "nothing can be traced on this machine")
            .hint("every line with !! says why, and what to do")
            .hint("recordings of other machines can be replayed: imgtrace replay FILE"),
    )
}

/// Loads and attaches the kernel programs, and takes them away again.
fn probe() -> Result<Vec<Capability>, Failure> {
    Ok(runtime()?.block_on(async { capture::probe() }))
}
