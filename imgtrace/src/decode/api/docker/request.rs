//! What a request asks for: its operation, and what that is about.

mod binds;
mod libpod;

use super::params::Params;
use super::route::Call;
use crate::decode::api::named::{self, written};
use crate::decode::clean::clean;
use crate::decode::json::{Document, Scanner};
use crate::model::{Api, DigestKind, ImageName, Op, Reference, Subject, is_digest};

/// References of one request that are kept.
const MAX_IMAGES: usize = 64;

/// The fields of a body of `containers/create` that are read: Docker's, then libpod's. `image` may
/// be an id that the client has looked up; `raw_image_name` is what its user has typed. What is
/// mounted from the machine is known to [`binds`].
pub(super) const CREATE_FIELDS: &[&str] = &[
    "image",
    "name",
    "raw_image_name",
    "hostconfig.binds",
    "hostconfig.mounts",
    "hostconfig.mounts.type",
    "hostconfig.mounts.source",
    "hostconfig.mounts.target",
    "hostconfig.mounts.readonly",
    "mounts",
    "mounts.type",
    "mounts.source",
    "mounts.destination",
    "mounts.options",
];

/// The operation and its subject; null if the parameters ask for nothing.
pub(super) fn asked(
    api: Api,
    call: &Call,
    params: &Params,
    body: &Document,
) -> Option<(Op, Subject)> {
    let asked = Request { api, params, body };
    Some(match call {
        Call::CreateImage if params.first("fromImage").is_some() => (Op::Pull, asked.pull()),
        Call::CreateImage if params.first("fromSrc").is_some() => (Op::Import, asked.made()),
        Call::CreateImage => return None,
        Call::Pull => (Op::Pull, asked.libpod_pull()),
        Call::Import => (Op::Import, asked.libpod_import()),
        Call::Load => (Op::Load, asked.bare()),
        Call::Save(name) => (Op::Save, asked.saved(name.as_deref())),
        Call::Build => (Op::Build, asked.build()),
        Call::Commit => (Op::Commit, asked.made()),
        Call::Tag(image) => (Op::Tag, asked.tag(image)),
        Call::Push(image) => (Op::Push, asked.push(image)),
        Call::RemoveImage(Some(image)) => (Op::RemoveImage, asked.image(image)),
        Call::RemoveImage(None) => (Op::RemoveImage, asked.images("images")),
        Call::Prune(what) => (Op::Prune, prune(what)),
        Call::CreateContainer => (Op::Create, asked.create()),
        Call::Container(op, name) => (*op, container(name)),
        Call::CreateExec(name) => (Op::Exec, container(name)),
        Call::StartExec(exec) => (Op::Exec, exec_start(exec)),
    })
}

struct Request<'a> {
    api: Api,
    params: &'a Params,
    body: &'a Document,
}

impl Request<'_> {
    /// `fromImage` with `tag`, which may be a digest and then replaces a tag. Without either all
    /// tags are asked for; Docker's CLI then leaves a colon behind the name.
    fn pull(&self) -> Subject {
        let given = self.params.first("fromImage").unwrap_or_default();
        let tag = self.params.first("tag");
        let name = given.strip_suffix(':').unwrap_or(given);
        let reference = Reference::parse(name).and_then(|reference| match tag {
            Some(digest) if is_digest(digest) => reference.with_digest(digest),
            Some(tag) => reference.with_tag(tag),
            None => Some(reference),
        });
        Subject {
            all_tags: reference.as_ref().is_some_and(Reference::is_name_only),
            image: Some(written(reference, &joined(name, tag))),
            ..self.bare()
        }
    }

    /// An import or commit, which makes `repo:tag` of `container`.
    fn made(&self) -> Subject {
        Subject {
            image: self.repo_tag(),
            container: self.params.first("container").map(clean_name),
            ..self.bare()
        }
    }

    fn saved(&self, name: Option<&str>) -> Subject {
        match (name, self.api) {
            (Some(name), _) => self.image(name),
            (None, Api::Libpod) => self.images("references"),
            (None, _) => self.images("names"),
        }
    }

    fn build(&self) -> Subject {
        let tags = self.params.all("t").take(MAX_IMAGES);
        let images: Vec<_> = tags.map(|tag| self.new_name(tag)).collect();
        Subject {
            image: images.first().cloned(),
            images,
            ..self.bare()
        }
    }

    fn tag(&self, image: &str) -> Subject {
        Subject {
            target: self.repo_tag(),
            ..self.image(image)
        }
    }

    /// Docker pushes all tags of a name that has none.
    fn push(&self, image: &str) -> Subject {
        if self.api == Api::Libpod {
            return self.libpod_push(image);
        }
        let tag = self.params.first("tag");
        let reference = Reference::parse(image).and_then(|reference| match tag {
            Some(tag) => reference.with_tag(tag),
            None => Some(reference),
        });
        Subject {
            image: Some(written(reference, &joined(image, tag))),
            ..self.bare()
        }
    }

    fn create(&self) -> Subject {
        let given = self.body.text("image").unwrap_or_default();
        let is_id = matches!(ImageName::parse(given), ImageName::Id(_));
        let typed = self.body.text("raw_image_name").filter(|_| is_id);
        let name = match self.api {
            Api::Libpod => self.body.text("name"),
            _ => self.params.first("name"),
        };
        Subject {
            container_name: name.map(clean_name),
            binds: match self.api {
                Api::Libpod => binds::libpod(self.body),
                _ => binds::docker(self.body),
            },
            ..self.image(typed.unwrap_or(given))
        }
    }

    /// The platform alone.
    fn bare(&self) -> Subject {
        Subject {
            platform: self.params.first("platform").and_then(platform),
            ..Subject::default()
        }
    }

    /// One image by name or id.
    fn image(&self, given: &str) -> Subject {
        Subject {
            platform: self.bare().platform,
            ..named::image(given, id_kind(self.api))
        }
    }

    /// The images that a key names; an id among several stands in their list.
    fn images(&self, key: &str) -> Subject {
        let mut given = self.params.all(key).take(MAX_IMAGES).peekable();
        let mut subject = self.image(given.peek().copied().unwrap_or_default());
        let images = given.filter_map(|given| {
            let one = self.image(given);
            one.image.or(one.digest)
        });
        subject.images = images.collect();
        if subject.images.len() < 2 {
            subject.images.clear();
        }
        subject
    }

    fn repo_tag(&self) -> Option<String> {
        let repo = self.params.first("repo")?;
        Some(match self.params.first("tag") {
            Some(tag) => {
                let reference = self.parse_new(repo).and_then(|repo| repo.with_tag(tag));
                written(reference, &joined(repo, Some(tag)))
            }
            None => self.new_name(repo),
        })
    }

    /// A name that an image gets, not one that is looked up.
    fn new_name(&self, given: &str) -> String {
        written(self.parse_new(given).map(Reference::or_latest), given)
    }

    fn parse_new(&self, given: &str) -> Option<Reference> {
        match self.api {
            Api::Libpod => Reference::parse_local(given),
            _ => Reference::parse(given),
        }
    }
}

/// What an image's id is the digest of. Podman's ids are configurations; Docker's are so only in
/// its classic store.
pub(super) const fn id_kind(api: Api) -> DigestKind {
    match api {
        Api::Libpod => DigestKind::Config,
        _ => DigestKind::Unknown,
    }
}

fn prune(what: &str) -> Subject {
    Subject {
        what: Some(what.to_owned()),
        ..Subject::default()
    }
}

fn container(name: &str) -> Subject {
    Subject {
        container: Some(clean_name(name)),
        ..Subject::default()
    }
}

fn exec_start(exec: &str) -> Subject {
    Subject {
        exec: Some(clean(exec)),
        ..Subject::default()
    }
}

/// A container's name or id, without the slash that Docker puts before names.
pub(super) fn clean_name(name: &str) -> String {
    clean(name.trim_start_matches('/'))
}

fn joined(name: &str, tag: Option<&str>) -> String {
    match tag {
        Some(digest) if digest.contains(':') => format!("{name}@{digest}"),
        Some(tag) => format!("{name}:{tag}"),
        None => name.to_owned(),
    }
}

/// `os/arch/variant`, which some requests give as JSON.
fn platform(given: &str) -> Option<String> {
    let mut json = given.as_bytes();
    let text = match Scanner::new(&["os", "architecture", "variant"]).next(&mut json) {
        Some(document) if given.starts_with('{') => {
            let parts = ["os", "architecture", "variant"].map(|key| document.text(key));
            parts.into_iter().flatten().collect::<Vec<_>>().join("/")
        }
        _ => given.to_owned(),
    };
    Some(clean(&text)).filter(|platform| !platform.is_empty())
}
