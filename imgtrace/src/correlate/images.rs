//! The images that were seen on the sockets: which name an id stands for.
//!
//! One name has two kinds of id: the image id that lists and inspections show, and the digest
//! that a registry gave. Which of them a name meant last is kept for each kind by itself.

use super::bounded::Bounded;
use crate::model::EndpointId;

/// Images kept for each kind of id; what falls out is only names.
const MAX_IMAGES: usize = 4_096;

/// Names kept, over all images of a kind.
const MAX_NAMES: usize = 8_192;

/// Names kept of one image.
const MAX_NAMES_EACH: usize = 16;

/// Fewest hex digits that are taken for a short id.
const MIN_SHORT_ID: usize = 4;

/// Longest name or id that is kept.
const MAX_TEXT: usize = 1_024;

/// What names images had.
#[derive(Debug)]
pub(crate) struct Images {
    ids: Names,
    digests: Names,
}

impl Images {
    pub(crate) const fn new() -> Self {
        Self {
            ids: Names::new(),
            digests: Names::new(),
        }
    }

    /// Takes over all names of an image, as a list or an inspection told them.
    pub(crate) fn learn(&mut self, endpoint: EndpointId, id: &str, names: &[String]) {
        self.ids.forget_id(endpoint, id);
        self.ids.add_unnamed(endpoint, id);
        for name in names.iter().take(MAX_NAMES_EACH).rev() {
            self.ids.add(endpoint, id, name);
        }
    }

    /// Notes that an image id got one more name.
    pub(crate) fn name_id(&mut self, endpoint: EndpointId, id: &str, name: &str) {
        self.ids.add(endpoint, id, name);
    }

    /// Notes what a registry's digest was asked for as.
    pub(crate) fn name_digest(&mut self, endpoint: EndpointId, digest: &str, name: &str) {
        self.digests.add(endpoint, digest, name);
    }

    /// The image id that a name stands for.
    pub(crate) fn id_of(&self, endpoint: EndpointId, name: &str) -> Option<&str> {
        self.ids.id_of(endpoint, name)
    }

    /// The name of an image that is called by an id of either kind.
    pub(crate) fn name_of(&self, endpoint: EndpointId, id: &str) -> Option<&str> {
        self.ids
            .name_of(endpoint, id)
            .or_else(|| self.digests.name_of(endpoint, id))
    }

    /// The image id that its first digits stand for, with or without `sha256:` before them.
    pub(crate) fn by_short_id(&self, endpoint: EndpointId, given: &str) -> Option<&str> {
        let short = given.strip_prefix("sha256:").unwrap_or(given);
        if short.len() < MIN_SHORT_ID {
            return None;
        }
        self.ids
            .only_with_prefix(endpoint, &format!("sha256:{short}"))
    }

    /// The image id that a reference means if it is no name that was seen but a short id.
    ///
    /// A reference cannot tell the two apart: `docker run cbb60b12` asks for the image of that
    /// name if there is one, else for the one image whose id begins so (moby `daemon/images`,
    /// `GetImage`), and its normalised form is `docker.io/library/cbb60b12:latest` either way.
    pub(crate) fn by_id_like_name(&self, endpoint: EndpointId, reference: &str) -> Option<&str> {
        let short = reference.strip_prefix("docker.io/library/")?;
        let short = short.strip_suffix(":latest")?;
        let is_name = [&self.ids, &self.digests]
            .iter()
            .any(|names| names.id_of(endpoint, reference).is_some());
        if is_name {
            return None;
        }
        self.by_short_id(endpoint, short)
    }

    /// Forgets a name or an id that was removed.
    pub(crate) fn forget(&mut self, endpoint: EndpointId, name_or_id: &str) {
        for names in [&mut self.ids, &mut self.digests] {
            names.forget_name(endpoint, name_or_id);
            names.forget_id(endpoint, name_or_id);
        }
    }
}

/// Names of images by one kind of id, and the way back.
#[derive(Debug)]
struct Names {
    /// Names of an id, the latest first.
    by_id: Bounded<(EndpointId, String), Vec<String>>,
    by_name: Bounded<(EndpointId, String), String>,
}

impl Names {
    const fn new() -> Self {
        Self {
            by_id: Bounded::new(MAX_IMAGES),
            by_name: Bounded::new(MAX_NAMES),
        }
    }

    /// Notes that an id exists.
    fn add_unnamed(&mut self, endpoint: EndpointId, id: &str) {
        if id.len() <= MAX_TEXT {
            self.by_id.insert((endpoint, id.to_owned()), Vec::new());
        }
    }

    fn add(&mut self, endpoint: EndpointId, id: &str, name: &str) {
        if id.len().max(name.len()) > MAX_TEXT {
            return;
        }
        self.forget_name(endpoint, name);
        let key = (endpoint, id.to_owned());
        let mut names = self.by_id.remove(&key).unwrap_or_default();
        names.truncate(MAX_NAMES_EACH - 1);
        names.insert(0, name.to_owned());
        self.by_id.insert(key, names);
        self.by_name
            .insert((endpoint, name.to_owned()), id.to_owned());
    }

    fn id_of(&self, endpoint: EndpointId, name: &str) -> Option<&str> {
        let key = (endpoint, name.to_owned());
        self.by_name.get(&key).map(String::as_str)
    }

    fn only_with_prefix(&self, endpoint: EndpointId, prefix: &str) -> Option<&str> {
        let first = (endpoint, prefix.to_owned());
        let ids = self.by_id.from(&first).map(|(key, _)| key);
        let mut found = ids.take_while(|(on, id)| *on == endpoint && id.starts_with(prefix));
        let (_, only) = found.next()?;
        found.next().is_none().then_some(only.as_str())
    }

    /// The latest name; one without a digest where there is one.
    fn name_of(&self, endpoint: EndpointId, id: &str) -> Option<&str> {
        let names = self.by_id.get(&(endpoint, id.to_owned()))?;
        let tagged = names.iter().find(|name| !name.contains('@'));
        tagged.or_else(|| names.first()).map(String::as_str)
    }

    fn forget_name(&mut self, endpoint: EndpointId, name: &str) {
        let Some(id) = self.by_name.remove(&(endpoint, name.to_owned())) else {
            return;
        };
        if let Some(names) = self.by_id.get_mut(&(endpoint, id)) {
            names.retain(|known| known != name);
        }
    }

    fn forget_id(&mut self, endpoint: EndpointId, id: &str) {
        let names = self.by_id.remove(&(endpoint, id.to_owned()));
        for name in names.unwrap_or_default() {
            self.by_name.remove(&(endpoint, name));
        }
    }
}

#[cfg(test)]
mod tests;
