//! A request until it is understood: its parameters, and what is read of its body.

use super::params::Params;
use super::request::{CREATE_FIELDS, asked};
use super::route::Call;
use crate::decode::http1::{Piece, RequestHead};
use crate::decode::json::{Document, Scanner};
use crate::model::{Api, Op, Subject};

/// Bytes of a form that are read; a longer one is no list of parameters.
const MAX_FORM: usize = 64 * 1024;
/// Media type of parameters in a body (`http.Request.ParseForm`).
const FORM: &str = "application/x-www-form-urlencoded";

/// What is known of a request so far. It holds text as it was sent, and is gone once the request
/// is understood.
#[derive(Debug)]
pub(super) struct Asking {
    api: Api,
    call: Call,
    params: Params,
    body: Body,
}

/// What of a request's body is read.
#[derive(Debug)]
enum Body {
    Ignored,
    /// Parameters.
    Form(Vec<u8>),
    /// The description of a container.
    Spec(Scanner),
    /// What the description has told.
    Told(Document),
}

impl Asking {
    pub(super) fn new(api: Api, call: Call, head: &RequestHead) -> Self {
        Self {
            api,
            params: Params::parse(api, head.query.as_bytes()),
            body: Body::of(api, &call, head),
            call,
        }
    }

    /// True if what is still to come is not read.
    pub(super) const fn is_known(&self) -> bool {
        matches!(self.body, Body::Ignored | Body::Told(_))
    }

    /// Takes a piece of the body.
    pub(super) fn read(&mut self, piece: &Piece) {
        match (&mut self.body, piece) {
            (Body::Form(form), Piece::Bytes(bytes)) if form.len() + bytes.len() <= MAX_FORM => {
                form.extend_from_slice(bytes);
            }
            (Body::Form(_), _) => self.body = Body::Ignored,
            (Body::Spec(scanner), Piece::Bytes(bytes)) => {
                if let Some(spec) = scanner.next(&mut bytes.as_ref()) {
                    self.body = Body::Told(spec);
                }
            }
            (Body::Spec(scanner), Piece::Gap(_)) => self.body = Body::Told(scanner.interrupt()),
            (Body::Ignored | Body::Told(_), _) => {}
        }
    }

    /// The body is complete. A form is read only now: the end of one that is cut may be anything.
    pub(super) fn end(&mut self) {
        if let Body::Form(form) = &self.body {
            let query = std::mem::take(&mut self.params);
            self.params = Params::parse(self.api, form).and(query);
            self.body = Body::Ignored;
        }
    }

    /// What it asks for, with no more to be known of it; null if it asks for nothing.
    pub(super) fn understood(self) -> Option<(Op, Subject)> {
        let spec = match self.body {
            Body::Ignored | Body::Form(_) => Document::default(),
            Body::Spec(mut scanner) => scanner.interrupt(),
            Body::Told(spec) => spec,
        };
        asked(self.api, &self.call, &self.params, &spec)
    }
}

impl Body {
    /// Podman reads parameters from the URL alone; what it creates is described in JSON for both.
    fn of(api: Api, call: &Call, head: &RequestHead) -> Self {
        let takes_form = matches!(
            call,
            Call::CreateImage | Call::Build | Call::Commit | Call::Tag(_) | Call::Push(_)
        );
        match call {
            Call::CreateContainer => Self::Spec(Scanner::new(CREATE_FIELDS)),
            _ if takes_form && api == Api::Docker && head.content_type == FORM => {
                Self::Form(Vec::new())
            }
            _ => Self::Ignored,
        }
    }
}
