//! The images that are started: a low one and one of 101 layers, whose mount options fill more than a page.

use std::path::Path;

use anyhow::Result;
use imgtrace_tests::lab::{Content, Image, Registry};
use imgtrace_tests::story::Ground;

/// Both.
#[derive(Debug)]
pub(super) struct Images {
    pub(super) low: Content,
    pub(super) tall: Content,
}

impl Images {
    /// Builds them into the registry.
    pub(super) fn build(registry: &Registry) -> Result<Self> {
        Ok(Self {
            low: registry.add_known(Image::Busybox)?,
            tall: registry.add_known(Image::Tall)?,
        })
    }

    pub(super) fn both(&self) -> [&Content; 2] {
        [&self.low, &self.tall]
    }
}

/// Where a runtime keeps its layers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Store<'a> {
    pub(super) kind: &'static str,
    pub(super) root: &'a Path,
    pub(super) driver: &'static str,
}

impl Store<'_> {
    /// What a container of this image stands on.
    pub(super) fn ground(&self, image: &Content) -> Ground {
        Ground::of(image, self.kind, self.root, self.driver)
    }
}
