//! Every scene and every property of `trace` runs through this.

use std::collections::BTreeSet;

use super::*;

/// Chains among which each is looked for with each; a table of more is only looked at by its limits.
const SOME: usize = 24;

/// True if the ties lead to just what a look at every chain finds.
pub(crate) fn all_are_found(chains: &Chains, world: &World) -> bool {
    if chains.iter().nth(SOME).is_some() {
        return true;
    }
    let roots = |all: &mut dyn Iterator<Item = Candidate<'_>>| -> Vec<RequestId> {
        all.map(|it| it.chain.root.id).collect()
    };
    let up = chains.iter().all(|(_, inner)| {
        [Reach::Any, Reach::Certain, Reach::Image]
            .into_iter()
            .all(|reach| {
                let inner = &inner.root;
                roots(&mut candidates(chains, inner, reach, world))
                    == roots(&mut among(chains.iter(), inner, reach, world))
            })
    });
    up && chains.iter().all(|(root, outer)| {
        let waits = |chain: &Chain, reach| {
            chain.is_unclaimed() && {
                let fit = fits(outer, &chain.root, world);
                fit.is_some_and(|fit| reach == Reach::Any || fit.is_certain())
            }
        };
        [Reach::Any, Reach::Certain].into_iter().all(|reach| {
            let next = |last: &Option<RequestId>| chains.next_waiting(root, reach, *last);
            let found = std::iter::successors(next(&None), |last| next(&Some(*last)));
            let found: BTreeSet<_> = found.collect();
            let others = chains.iter().filter(|(other, _)| *other != root);
            let mut waiting = others.filter(|(_, chain)| waits(chain, reach));
            waiting.all(|(waiting, _)| found.contains(&waiting))
        })
    })
}
