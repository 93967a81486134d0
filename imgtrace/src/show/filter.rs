//! `--filter KEY=VALUE`: which operations are shown. It decides about a whole operation and
//! changes none.

use std::fmt;
use std::str::FromStr;

use crate::model::{Caller, Operation, Pod};

use super::subject::familiar;

/// What a term looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Op,
    Image,
    Container,
    Caller,
    User,
    Pod,
    Runtime,
    Outcome,
    Cause,
    Store,
}

/// The words of the keys, as they are typed.
const KEYS: [(&str, Key); 10] = [
    ("op", Key::Op),
    ("image", Key::Image),
    ("container", Key::Container),
    ("caller", Key::Caller),
    ("user", Key::User),
    ("pod", Key::Pod),
    ("runtime", Key::Runtime),
    ("outcome", Key::Outcome),
    ("cause", Key::Cause),
    ("store", Key::Store),
];

/// Why a term cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TermError {
    /// There is no `=` in it.
    #[error("a filter is KEY=VALUE or KEY!=VALUE")]
    NoValue,
    /// The key is none of those that there are.
    #[error(
        "'{0}' is no key: there are op, image, container, caller, user, pod, runtime, outcome, cause \
         and store"
    )]
    UnknownKey(String),
}

/// One `KEY=VALUE[,VALUE…]` or `KEY!=VALUE[,VALUE…]`; `*` in a value stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it was typed.
    text: String,
    key: Key,
    wanted: bool,
    patterns: Vec<String>,
}

impl FromStr for Term {
    type Err = TermError;

    fn from_str(text: &str) -> Result<Self, TermError> {
        let (key, value) = text.split_once('=').ok_or(TermError::NoValue)?;
        let (key, wanted) = key
            .strip_suffix('!')
            .map_or((key, true), |key| (key, false));
        let (_, known) = KEYS
            .into_iter()
            .find(|&(word, _)| word == key.trim())
            .ok_or_else(|| TermError::UnknownKey(key.trim().to_owned()))?;
        let patterns = value
            .split(',')
            .map(|pattern| pattern.trim().to_owned())
            .collect();
        Ok(Self {
            text: text.to_owned(),
            key: known,
            wanted,
            patterns,
        })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Term {
    /// True if one of the operation's values for this key is as one of the patterns says.
    fn matches(&self, operation: &Operation) -> bool {
        let values = values(self.key, operation);
        let fits = |value: &String| self.patterns.iter().any(|pattern| glob(pattern, value));
        values.iter().any(fits)
    }
}

/// All terms of a command line: an operation is shown if every key that is asked for has a term
/// that matches, and no term with `!=` does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(pub Vec<Term>);

impl Filter {
    /// True if the operation is to be shown.
    pub fn shows(&self, operation: &Operation) -> bool {
        self.0.iter().all(|term| {
            if term.wanted {
                let mut same = self
                    .0
                    .iter()
                    .filter(|other| other.wanted && other.key == term.key);
                same.any(|other| other.matches(operation))
            } else {
                !term.matches(operation)
            }
        })
    }
}

/// Everything that an operation may be called under a key.
fn values(key: Key, operation: &Operation) -> Vec<String> {
    let subject = &operation.subject;
    match key {
        Key::Op => vec![operation.op.as_str().to_owned()],
        Key::Image => {
            let named = [&subject.image, &subject.target, &subject.digest]
                .into_iter()
                .flatten();
            named
                .chain(&subject.images)
                .flat_map(|image| image_names(image))
                .collect()
        }
        Key::Container => {
            let id = subject.container.as_deref();
            let short = [8, 12].into_iter().filter_map(|length| id?.get(..length));
            id.into_iter()
                .chain(short)
                .chain(subject.container_name.as_deref())
                .map(Into::into)
                .collect()
        }
        Key::Caller => operation.caller.iter().flat_map(caller_names).collect(),
        Key::User => operation
            .caller
            .iter()
            .flat_map(|caller| {
                caller
                    .user
                    .clone()
                    .into_iter()
                    .chain([caller.uid.to_string()])
            })
            .collect(),
        Key::Pod => {
            let caller = operation
                .caller
                .as_ref()
                .and_then(|caller| caller.pod.as_ref());
            subject
                .pod
                .iter()
                .chain(caller)
                .flat_map(pod_names)
                .collect()
        }
        Key::Runtime => vec![operation.endpoint.runtime.as_str().to_owned()],
        Key::Outcome => operation
            .outcome
            .iter()
            .map(|outcome| outcome.as_str().to_owned())
            .collect(),
        Key::Cause => {
            let cause = operation.cause.iter();
            cause.map(|cause| cause.as_str().to_owned()).collect()
        }
        Key::Store => {
            let store = operation.store.iter();
            store
                .flat_map(|it| [it.id.to_string(), it.root.clone()])
                .collect()
        }
    }
}

/// A reference in full and as the Docker CLI shows it, both with and without tag and digest.
fn image_names(image: &str) -> Vec<String> {
    let bare = image.split_once('@').map_or(image, |(name, _)| name);
    let untagged = match bare.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => bare,
    };
    let mut names: Vec<String> = Vec::new();
    for name in [image, bare, untagged] {
        names.extend([name.to_owned(), familiar(name).to_owned()]);
    }
    names
}

/// The caller's name, program and path, and the names of those above it.
fn caller_names(caller: &Caller) -> Vec<String> {
    let exe = caller.exe.as_deref();
    let base = exe.and_then(|exe| exe.rsplit('/').next());
    let above = caller
        .ancestors
        .iter()
        .map(|ancestor| ancestor.comm.as_str());
    [caller.comm.as_str()]
        .into_iter()
        .chain(exe)
        .chain(base)
        .chain(above)
        .map(Into::into)
        .collect()
}

/// `namespace/name`, the name alone, the uid.
fn pod_names(pod: &Pod) -> Vec<String> {
    let namespaced = pod
        .namespace
        .iter()
        .zip(&pod.name)
        .map(|(space, name)| format!("{space}/{name}"));
    namespaced
        .chain(pod.name.clone())
        .chain(pod.uid.clone())
        .collect()
}

/// True if `text` as a whole is as `pattern` says, where `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        // The leftmost place is as good as any other: what follows can only have more room.
        let Some(at) = text.find(piece) else {
            return false;
        };
        text = text.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests;
