//! Walks the words of a command line and knows which one an option has made a secret.

use std::borrow::Cow;

use super::{script, text};
use crate::decode::clean::MASK;

/// Options whose value is `NAME=VALUE`, where only the name may be shown.
const ASSIGNING: &[&str] = &["env", "env-add", "env-merge", "build-arg", "from-literal"];

/// Options of HTTP clients whose value is a request's body, a form or a cookie.
const BODIES: &[&str] = &[
    "data",
    "data-ascii",
    "data-raw",
    "data-binary",
    "data-urlencode",
    "json",
    "form",
    "form-string",
    "post-data",
    "body-data",
    "cookie",
];

/// `sh -c "sh -c …"` deeper than this is masked as a whole.
const MAX_DEPTH: u8 = 3;

/// What the last word has said about the next one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    /// Nothing.
    #[default]
    Plain,
    /// It is a secret.
    Secret,
    /// It is the value of `--secret`: a specification, or a secret.
    SecretSpec,
    /// It is `NAME=VALUE`.
    Assignment,
    /// It is `TARGET.KEY=VALUE`, an override of `docker buildx bake`, or what `--set` says elsewhere.
    Override,
    /// It is `user:password` if it has a colon.
    Login,
    /// It is a script.
    Script,
    /// It and all that follow in this command are a header's value.
    Rest,
}

/// Programs whose short options differ from those of container tools.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "any of them may have been seen, in any order"
)]
struct Seen {
    /// A `login` sub-command or sshpass: `-p` is a password.
    login: bool,
    /// curl and its like: `-u`, `-d`, `-F`, `-b`.
    http: bool,
    /// mysql and mariadb: `-pPASSWORD`.
    mysql: bool,
    /// redis-cli: `-a`.
    redis: bool,
    /// containerd's ctr: `-u` and `--user` of its pull and push (of its run, a uid and a gid).
    ctr: bool,
}

/// Masks the words of one command line, in order.
#[derive(Default)]
pub(super) struct Masker {
    next: Next,
    seen: Seen,
    depth: u8,
}

impl Masker {
    /// A masker for a script inside another command line, `depth` levels down.
    pub(super) fn nested(depth: u8) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    /// Masks a whole command line; a single word with blanks is taken for a process title.
    pub(super) fn line(&mut self, words: &[Cow<'_, str>]) -> Vec<String> {
        if let [title] = words
            && title.contains(char::is_whitespace)
        {
            return vec![self.script(title)];
        }
        words.iter().map(|word| self.word(word)).collect()
    }

    /// A new command begins: what was seen of the last one is of no matter.
    pub(super) fn begin_command(&mut self) {
        self.next = Next::Plain;
        self.seen = Seen::default();
    }

    /// Masks one word, which has its quotes yet if it is a script's.
    pub(super) fn word(&mut self, word: &str) -> String {
        let bare = word.trim_start_matches(['"', '\'', '$']);
        match std::mem::take(&mut self.next) {
            Next::Secret => MASK.to_owned(),
            Next::Rest => {
                self.next = Next::Rest;
                MASK.to_owned()
            }
            Next::SecretSpec if !is_secret_spec(bare) => MASK.to_owned(),
            Next::Login if bare.contains(':') => MASK.to_owned(),
            Next::Assignment if bare.contains('=') => assigned(word),
            Next::Override if holds_argument(bare) => assigned(word),
            Next::Script => self.script(word),
            _ => {
                if let Some(long) = bare.strip_prefix("--") {
                    self.long(word, long)
                } else if bare.starts_with('-') && bare.len() > 1 {
                    self.short(word, bare)
                } else {
                    self.seen.learn(bare);
                    self.value(word)
                }
            }
        }
    }

    /// Masks a word that no option has spoken of: perhaps a script (`ssh HOST "docker login …"`).
    fn value(&mut self, word: &str) -> String {
        if text::ends_with_header(word) {
            self.next = Next::Rest;
        }
        // buildctl's `--opt build-arg:NAME=VALUE`.
        if word.starts_with("build-arg:") {
            return assigned(word);
        }
        let quoted = word.starts_with(['"', '\'']);
        let script = word.contains(char::is_whitespace) && (self.depth == 0 || quoted);
        if script && !text::has_field(word) {
            self.script(word)
        } else {
            text::mask(word)
        }
    }

    fn script(&self, text: &str) -> String {
        if self.depth >= MAX_DEPTH {
            return MASK.to_owned();
        }
        script::mask(text, self.depth + 1)
    }

    /// `--name` or `--name=value`; `word` is `long` with its dashes and quotes.
    fn long(&mut self, word: &str, long: &str) -> String {
        let (name, value) = long
            .split_once('=')
            .map_or((long, None), |(name, value)| (name, Some(value)));
        let name = name.trim_end_matches(['"', '\'']);
        let Some(value) = value else {
            self.next = self.named(name);
            return word.to_owned();
        };
        let head = word
            .len()
            .checked_sub(value.len())
            .and_then(|at| word.get(..at))
            .unwrap_or("");
        let shown = match self.named(name) {
            Next::Secret => MASK.to_owned(),
            Next::SecretSpec if is_secret_spec(value) => text::mask(value),
            _ if text::holds_secret(name) => MASK.to_owned(),
            Next::Login if value.contains(':') => MASK.to_owned(),
            Next::Assignment if value.contains('=') => assigned(value),
            Next::Override if holds_argument(value) => assigned(value),
            _ => self.value(value),
        };
        format!("{head}{shown}")
    }

    /// What an option called `name` says about its value.
    fn named(&self, name: &str) -> Next {
        if name == "secret" {
            Next::SecretSpec
        } else if text::takes_secret(name) || (self.seen.http && BODIES.contains(&name)) {
            Next::Secret
        } else if ASSIGNING.contains(&name) {
            Next::Assignment
        } else if name == "set" {
            Next::Override
        } else if self.seen.http && matches!(name, "user" | "proxy-user")
            || self.seen.ctr && name == "user"
        {
            Next::Login
        } else {
            Next::Plain
        }
    }

    /// `-x`, `-xyz` or `-xVALUE`; `bare` is `word` without its quotes.
    fn short(&mut self, word: &str, bare: &str) -> String {
        let Seen {
            login,
            http,
            mysql,
            redis,
            ctr,
        } = self.seen;
        let letters = bare.get(1..).unwrap_or("").trim_end_matches(['"', '\'']);
        if letters.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            self.next = match letters.bytes().last() {
                Some(b'p') if login && letters == "p" => Next::Secret,
                Some(b'a') if redis && letters == "a" => Next::Secret,
                Some(b'd' | b'F' | b'b') if http => Next::Secret,
                Some(b'u' | b'U') if http => Next::Login,
                Some(b'u') if ctr => Next::Login,
                Some(b'e') => Next::Assignment,
                Some(b'c') => Next::Script,
                _ => Next::Plain,
            };
            if self.next != Next::Plain {
                return word.to_owned();
            }
        }
        let attached = letters.get(1..).unwrap_or("");
        let secret = !attached.is_empty()
            && match letters.bytes().next() {
                Some(b'p') => login || mysql,
                Some(b'a') => redis,
                Some(b'd' | b'F' | b'b') => http,
                Some(b'u') => (http || ctr) && attached.contains(':'),
                Some(b'U') => http && attached.contains(':'),
                _ => false,
            };
        if secret {
            return keep(word, attached);
        }
        let value = letters.trim_start_matches(['i', 't', 'd', 'q', 'P']);
        match value.strip_prefix('e') {
            Some(value) if text::assignment(value).is_some() => assigned(word),
            _ => text::mask(word),
        }
    }
}

impl Seen {
    fn learn(&mut self, word: &str) {
        let name = word.rsplit('/').next().unwrap_or(word);
        // An image's tag, as in `docker run curlimages/curl:8.9.1 -u …`.
        let name = name.split([':', '"', '\'']).next().unwrap_or(name);
        match name {
            "login" | "sshpass" => self.login = true,
            "curl" | "wget" | "http" | "https" | "xh" | "xhs" => self.http = true,
            "redis-cli" => self.redis = true,
            "ctr" => self.ctr = true,
            _ => {
                self.mysql |= name.starts_with("mysql") || name.starts_with("mariadb");
            }
        }
    }
}

/// `--secret`'s own language, which names a secret and does not hold it.
fn is_secret_spec(value: &str) -> bool {
    ["id=", "source=", "src=", "type="]
        .iter()
        .any(|start| value.starts_with(start))
}

/// Whether an override is of a target's build argument (`app.args.NAME=VALUE`), or of all of them
/// (buildx `bake/bake.go`, `AddOverride`). Its `secrets` and `ssh` only name theirs.
fn holds_argument(value: &str) -> bool {
    value
        .split_once('=')
        .is_some_and(|(key, _)| key.split('.').any(|part| part == "args"))
}

/// `NAME=***`.
fn assigned(word: &str) -> String {
    word.split_once('=')
        .map_or_else(|| word.to_owned(), |(name, _)| format!("{name}={MASK}"))
}

/// `word` up to `secret`, which is what it ends with but for a quote.
fn keep(word: &str, secret: &str) -> String {
    let head = word.find(secret).and_then(|at| word.get(..at));
    format!("{}{MASK}", head.unwrap_or("-"))
}
