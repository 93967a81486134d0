//! The stores: where they are, what is in them, who uses them.

use super::count;
use super::page::Page;
use crate::amount;
use crate::model::{KnownStore, Listing, StoreState, Topology};
use crate::show::Settings;
use crate::show::palette::{DIM, PLACE, UNSURE, WARNING};

/// Where the kind of a store stands, and its root.
const KIND: usize = 6;
const ROOT: usize = 25;

pub(super) fn render(page: &mut Page<'_>, settings: &Settings, topology: &Topology) {
    page.heading("stores", "");
    if topology.stores.is_empty() {
        page.labelled("none", "no store of images was found");
    }
    for known in &topology.stores {
        render_one(page, settings, topology, known);
    }
}

fn render_one(page: &mut Page<'_>, settings: &Settings, topology: &Topology, known: &KnownStore) {
    let store = &known.store;
    let mut line = page.line();
    line.plain("  ").push(PLACE, &known.id.to_string());
    line.pad_to(KIND).plain(store.kind.as_str());
    line.pad_to(ROOT).plain(&store.root);
    line.push(DIM, &format!("  {}", store.driver));
    if let Some(namespace) = &store.namespace {
        line.push(DIM, &format!(", namespace {namespace}"));
    }
    match known.state {
        StoreState::Living => line.plain("  living"),
        StoreState::Leftover => line.push(WARNING, "  leftover: no living daemon uses it"),
        StoreState::Resting => line.push(DIM, "  at rest: Podman and Buildah need no daemon"),
        StoreState::Empty => line.push(DIM, "  empty: no living daemon uses it"),
        StoreState::Gone => line.push(DIM, "  gone: it was removed"),
        StoreState::Unknown => line.push(UNSURE, "  not known who uses it"),
    };
    page.finish(line);
    if let Some(listing) = &known.listing {
        page.labelled("holds", &held(listing, settings));
        for problem in &listing.problems {
            page.labelled("problem", problem);
        }
    }
    for user in &known.users {
        let daemon = topology.servers.iter().find(|it| it.key == user.process);
        let program = daemon
            .and_then(super::super::program)
            .unwrap_or("a process");
        let text = format!("{program} (pid {}): {}", user.process.pid, user.evidence);
        page.labelled("used by", &text);
    }
}

/// `12 images, 3 containers; 1.8 GB unpacked, 640 MB compressed; last written 2026-11-20 14:03`.
fn held(listing: &Listing, settings: &Settings) -> String {
    let containers = listing.containers.map(|number| count(number, "container"));
    let counts: Vec<String> = [count(listing.images, "image")]
        .into_iter()
        .chain(containers)
        .collect();
    let packed =
        (listing.packed > 0).then(|| format!(", {} compressed", amount::bytes(listing.packed)));
    let written = listing.written.and_then(|seconds| {
        let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
        let civil = settings.zone.civil(micros);
        Some(format!(
            "; last written {} {:02}:{:02}",
            civil.date(),
            civil.hour(),
            civil.minute()
        ))
    });
    format!(
        "{}; {} unpacked{}{}",
        counts.join(", "),
        amount::bytes(listing.unpacked),
        packed.unwrap_or_default(),
        written.unwrap_or_default()
    )
}
