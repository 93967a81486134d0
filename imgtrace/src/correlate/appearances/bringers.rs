//! The requests that may have brought an image: under way, or answered a little while ago.

use std::collections::VecDeque;

use crate::correlate::World;
use crate::correlate::chains::Chains;
use crate::correlate::request::Request;
use crate::model::{Op, Stamp, StoreId, StoredImage, Subject};

/// Answered requests that are remembered.
const MAX_ENDED: usize = 512;

/// Milliseconds after its answer in which an image is still taken for a request's that names it. A
/// large store is read again some seconds after it has changed.
const NAMED_FOR: f64 = 30_000.0;

/// The same for a request that does not tell which images it brings.
const UNNAMED_FOR: f64 = 10_000.0;

/// See the module.
#[derive(Debug)]
pub(super) struct Bringers {
    ended: VecDeque<(Stamp, Request)>,
}

impl Bringers {
    pub(super) const fn new() -> Self {
        Self {
            ended: VecDeque::new(),
        }
    }

    /// Remembers a request that has ended, if it may have brought an image.
    pub(super) fn ended(&mut self, at: Stamp, request: &Request) {
        if request.op != Op::Pull && !makes_any(request.op) {
            return;
        }
        if self.ended.len() == MAX_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((at, request.clone()));
    }

    /// True if a request may have brought an image to a store by that moment: one that began before
    /// it, on an endpoint that leads there or of which that is not known.
    pub(super) fn bring(
        &self,
        at: Stamp,
        store: StoreId,
        image: &StoredImage,
        world: &World,
        chains: &Chains,
    ) -> bool {
        let may_bring = |request: &Request| {
            let keeps = request.keeps(world);
            request.at.mono <= at.mono
                && keeps.is_none_or(|keeps| keeps.store == store)
                && brings(request, image, world)
        };
        let open = chains.iter().flat_map(|(_, chain)| chain.requests());
        let mut open = open.filter(|request| request.end.is_none());
        let mut ended = self.ended.iter().filter(|(end, request)| {
            let window = if makes_any(request.op) {
                UNNAMED_FOR
            } else {
                NAMED_FOR
            };
            at.millis_since(*end) <= window
        });
        open.any(may_bring) || ended.any(|(_, request)| may_bring(request))
    }
}

/// True for what makes or unpacks images of which its request need not tell the names.
const fn makes_any(op: Op) -> bool {
    matches!(
        op,
        Op::Build | Op::Commit | Op::Load | Op::Import | Op::Tag | Op::AddImage
    )
}

/// True if a request may bring this image: a pull one of the same name or digest, what makes images
/// any.
pub(super) fn brings(request: &Request, image: &StoredImage, world: &World) -> bool {
    if request.op != Op::Pull {
        return makes_any(request.op);
    }
    let (subject, _) = request.completed(world);
    image.names.is_empty() || is_named(&subject, image) || is_meant(&subject, image)
}

/// True if a request names an image.
fn is_named(subject: &Subject, image: &StoredImage) -> bool {
    let part = |name| {
        let last = last_part(name);
        if subject.all_tags {
            last.split([':', '@']).next().unwrap_or(last)
        } else {
            last
        }
    };
    let mut asked = subject.images.iter().chain(&subject.image);
    asked.any(|asked| {
        let mut names = image.names.iter();
        names.any(|name| part(name) == part(asked))
    })
}

/// True if a request's digest is an image's, of whatever kind.
fn is_meant(subject: &Subject, image: &StoredImage) -> bool {
    let Some(asked) = subject.digest.as_ref() else {
        return false;
    };
    let of_variants = image.variants.iter();
    let of_variants = of_variants.flat_map(|it| it.manifest.iter().chain(&it.config));
    let mut digests = image.digest.iter().chain([&image.id]).chain(of_variants);
    digests.any(|digest| digest == asked)
}

/// `busybox:1` of any registry's: a short name may have been completed in another way than by the
/// one who asked.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
