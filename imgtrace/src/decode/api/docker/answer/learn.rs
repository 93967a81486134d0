//! What a document of an answer says, operation by operation.

use super::Answer;
use crate::decode::clean::clean;
use crate::decode::json::Document;
use crate::model::{DigestKind, ImageName, Op, Reference, image_id};

/// References of one answer that are kept.
const MAX_IMAGES: usize = 256;

impl Answer {
    /// Takes a document of the body.
    pub(super) fn learn(&mut self, document: &Document) {
        self.is_cut = false;
        if self.status >= 400 {
            let told = [
                "message",
                "cause",
                "errordetail.message",
                "error.message",
                "error",
            ];
            return self.fail(document, &told);
        }
        if self.is_stream {
            self.fail(document, &["error", "errordetail.message", "error.message"]);
        }
        match self.op {
            Op::Pull => self.learn_pull(document),
            Op::Push => self.learn_push(document),
            Op::Load => self.learn_load(document),
            Op::Import | Op::Build | Op::Commit => self.learn_made(document),
            Op::RemoveImage => self.learn_removed(document),
            Op::Prune => self.learn_pruned(document),
            Op::Create | Op::Exec => self.made = document.text("id").map(clean),
            _ => {}
        }
    }

    fn fail(&mut self, document: &Document, paths: &[&str]) {
        if self.error.is_none() {
            let told = paths.iter().find_map(|path| document.text(path));
            self.error = told.map(str::to_owned);
        }
    }

    /// `Digest: sha256:…` is what the name resolved to. Podman tells the image's id instead, and
    /// in `Trying to pull …` which name it has made of a short one.
    fn learn_pull(&mut self, document: &Document) {
        self.count(document);
        let digest = document
            .text("status")
            .and_then(|status| status.strip_prefix("Digest: "))
            .and_then(image_id);
        if let Some(digest) = digest {
            self.digest = Some((digest, DigestKind::Unknown));
        }
        let pulled = document.texts("images").next_back();
        if let Some(id) = pulled.and_then(image_id) {
            self.digest = Some((id, self.id_kind));
        }
        let tried = document
            .text("stream")
            .and_then(|line| {
                line.trim_end()
                    .strip_prefix("Trying to pull ")?
                    .strip_suffix("...")
            })
            .and_then(Reference::parse);
        if let Some(reference) = tried {
            self.images = vec![reference.or_latest().to_string()];
        }
    }

    /// `aux.Digest`; from older Podmans only a last status `TAG: digest: sha256:… size: …`.
    fn learn_push(&mut self, document: &Document) {
        self.count(document);
        let line = document.text("status").unwrap_or_default();
        let line = line.split_once(": digest: ").map(|(_, rest)| rest);
        let told = ["aux.digest", "manifestdigest"]
            .iter()
            .find_map(|path| document.text(path))
            .or_else(|| line?.split(' ').next());
        if let Some(digest) = told.and_then(image_id) {
            self.digest = Some((digest, DigestKind::Unknown));
        }
    }

    /// `Loaded image: …` a line, several with commas from Podman; `{"Names":[…]}` from libpod.
    fn learn_load(&mut self, document: &Document) {
        self.count(document);
        let lines = document.text("stream").unwrap_or_default().lines();
        let names = lines.flat_map(|line| {
            let names = ["Loaded image: ", "Loaded image(s): ", "Loaded image ID: "]
                .iter()
                .find_map(|prefix| line.strip_prefix(prefix));
            names.into_iter().flat_map(|names| names.split(','))
        });
        for name in names.chain(document.texts("names")) {
            match ImageName::parse(name) {
                ImageName::Id(id) => {
                    self.digest.get_or_insert((id, self.id_kind));
                }
                ImageName::Reference(reference) => self.name(reference),
                ImageName::Invalid => {}
            }
        }
    }

    /// The new image's id: `{"Id"}`, `aux.ID`, a status or a last line that is nothing else. The
    /// names are told by the last lines; earlier ones may be what a build step has printed.
    fn learn_made(&mut self, document: &Document) {
        if let Some(line) = document.text("stream") {
            let line = line.trim_end();
            self.other_id = image_id(line);
            match line
                .strip_prefix("Successfully tagged ")
                .and_then(Reference::parse)
            {
                Some(reference) => self.name(reference),
                None => self.images.clear(),
            }
        }
        let told = ["aux.id", "id", "status"]
            .into_iter()
            .find_map(|path| document.text(path));
        if let Some(id) = told.and_then(image_id) {
            self.digest = Some((id, self.id_kind));
        }
    }

    /// Docker tells what was untagged and deleted one by one, libpod in one document.
    fn learn_removed(&mut self, document: &Document) {
        self.fail(document, &["errors"]);
        for reference in document.texts("untagged").filter_map(Reference::parse) {
            match reference.digest() {
                Some(digest) => {
                    let digest = digest.to_owned();
                    self.digest.get_or_insert((digest, DigestKind::Unknown));
                }
                None => self.name(reference),
            }
        }
        if let Some(id) = document.texts("deleted").next().and_then(image_id) {
            self.other_id.get_or_insert(id);
        }
    }

    /// `SpaceReclaimed`, or from libpod the `Size` of each thing.
    fn learn_pruned(&mut self, document: &Document) {
        let told = document
            .number("spacereclaimed")
            .or_else(|| document.number("size"));
        if let Some(bytes) = told {
            self.bytes = Some(self.bytes.unwrap_or_default().saturating_add(bytes));
        }
    }

    fn name(&mut self, reference: Reference) {
        if self.images.len() < MAX_IMAGES {
            self.images.push(reference.or_latest().to_string());
        }
    }

    /// Counts the bytes of layers. Extracting also has numbers, but of other bytes, or seconds.
    fn count(&mut self, document: &Document) {
        let number = |path| document.number(path).unwrap_or_default();
        let id = document.text("id").unwrap_or_default();
        match document.text("status").unwrap_or_default() {
            "Downloading" | "Pushing" | "Loading layer" => self.layers.moved(
                id,
                number("progressdetail.current"),
                number("progressdetail.total"),
            ),
            "Verifying Checksum" | "Download complete" | "Pull complete" | "Pushed" => {
                self.layers.done(id);
            }
            _ => {}
        }
        let moves = matches!(
            document.text("pullprogress.status"),
            Some("pulling" | "success")
        );
        if let Some(id) = document
            .text("pullprogress.progresscomponentid")
            .filter(|_| moves)
        {
            self.layers.moved(
                id,
                number("pullprogress.current"),
                number("pullprogress.total"),
            );
        }
    }
}
