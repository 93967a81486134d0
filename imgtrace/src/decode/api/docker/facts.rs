//! What answers tell that belong to no operation: names and images of containers, names of images,
//! the daemon's version.

use super::body::Body;
use super::request::clean_name;
use super::route::Look;
use crate::decode::Event;
use crate::decode::api::named::{self, full_id, version};
use crate::decode::http1::Piece;
use crate::decode::json::Document;
use crate::model::{Reference, image_id};
use crate::observation::{Anomaly, Fact};

/// Fields of an inspected or listed container, Docker's and libpod's. Nothing else of them is
/// read: not the environment, not the command.
const CONTAINER: &[&str] = &["config.image", "id", "image", "imagename", "name", "names"];
/// Fields of an inspected or listed image.
const IMAGE: &[&str] = &["id", "repodigests", "repotags"];
/// Fields of the daemon's version.
const VERSION: &[&str] = &["version"];

/// An answer that is read for what it tells.
#[derive(Debug)]
pub(super) struct Facts {
    look: Look,
    body: Body,
}

impl Facts {
    /// For the answer to such a request.
    pub(super) const fn new(look: Look) -> Self {
        Self {
            look,
            body: Body::Ignored,
        }
    }

    /// Takes the answer's status; a version that is known already is not told again.
    pub(super) fn response(&mut self, status: u16, knows_version: bool) {
        if status == 200 && !(knows_version && self.look == Look::Version) {
            self.body = Body::json(match self.look {
                Look::Containers => CONTAINER,
                Look::Images => IMAGE,
                Look::Version => VERSION,
            });
        }
    }

    /// Takes a piece of the answer; what stands behind a gap is not read.
    pub(super) fn response_body(&mut self, piece: &Piece, out: &mut Vec<Event>) {
        let look = self.look;
        self.body.read(piece, |document| {
            let fact = match look {
                Look::Containers => container(document),
                Look::Images => image(document),
                Look::Version => document.text("version").and_then(version),
            };
            out.extend(fact.map(Event::Learned));
        });
        if matches!(piece, Piece::Gap(_)) {
            self.body = Body::Ignored;
        }
    }

    /// The answer is complete.
    pub(super) fn end(&self, out: &mut Vec<Event>) {
        if self.body.is_malformed() || self.body.is_open() {
            out.push(Event::Anomaly(Anomaly::MalformedBody));
        }
    }
}

fn container(document: &Document) -> Option<Fact> {
    let id = full_id(document.text("id")?)?;
    // Of several names, those with a second slash are links of other containers.
    let name = document
        .texts("name")
        .chain(document.texts("names"))
        .map(|name| name.strip_prefix('/').unwrap_or(name))
        .find(|name| !name.is_empty() && !name.contains('/'));
    let image = ["config.image", "imagename", "image"]
        .iter()
        .find_map(|path| named::name(document.text(path)?));
    Some(Fact::Container {
        id,
        name: name.map(clean_name),
        image,
        pod: None,
        sandbox: None,
    })
}

fn image(document: &Document) -> Option<Fact> {
    let given = document
        .texts("repotags")
        .chain(document.texts("repodigests"));
    let mut names = Vec::new();
    for name in given.filter_map(Reference::parse) {
        let name = name.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(Fact::Image {
        id: image_id(document.text("id")?)?,
        names,
    })
}

/// The version that a `Server` header names: `Docker/28.5.2 (linux)`, `Libpod/4.3.1 (linux)`.
pub(super) fn server_version(server: &str) -> Option<Fact> {
    let product = server.split(' ').next()?;
    let (name, number) = product.split_once('/')?;
    matches!(name, "Docker" | "Libpod").then_some(())?;
    version(number)
}
