//! What a call's messages say of its method.

use super::method::Method;
use super::shape::Shape;
use super::{containerd, cri};

/// How an answer goes with a method whose request it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is none of that method's.
    No,
    /// It may be, but another method's request and answer look the same.
    Possible,
    /// No other method of CRI or of containerd's services has such a request and such an answer.
    Telling,
}

impl Fit {
    /// `Telling` or not at all.
    pub(super) const fn telling(fits: bool) -> Self {
        if fits { Self::Telling } else { Self::No }
    }

    /// `Possible` or not at all.
    pub(super) const fn possible(fits: bool) -> Self {
        if fits { Self::Possible } else { Self::No }
    }
}

/// How a method's messages are recognised.
///
/// A rule is written against *all* methods that may be spoken on such a socket: CRI's (cri-api
/// `pkg/apis/runtime/v1/api.proto`, v0.36) and those of containerd's services (containerd
/// `api/services`, 1.11). Each names the look-alikes that were considered; a method that upstream
/// adds has to be checked against them.
pub(super) struct Rule {
    /// The method.
    pub(super) method: Method,
    /// True if this can be the method's request.
    pub(super) request: fn(Shape<'_>) -> bool,
    /// True if such a request is no other method's, so that even an error as its answer tells.
    pub(super) by_request: fn(Shape<'_>) -> bool,
    /// How this answer goes with this request, if it can be the method's.
    pub(super) answer: fn(Shape<'_>, Shape<'_>) -> Fit,
    /// What was recognised, as a sentence; null for a method that messages alone never tell. Its
    /// answers are all of one form.
    pub(super) evidence: Option<&'static str>,
}

/// A method, and what it was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    /// The method.
    pub(super) method: Method,
    /// A sentence.
    pub(super) evidence: &'static str,
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    cri::RULES.iter().chain(containerd::RULES)
}

/// The method that alone has such a request and such an answer.
pub(super) fn by_answer(request: Shape<'_>, answer: Shape<'_>) -> Option<Recognised> {
    only(
        rules().filter(|rule| {
            (rule.request)(request) && (rule.answer)(request, answer) == Fit::Telling
        }),
    )
}

/// The method that alone has such a request, answered by an error.
pub(super) fn by_error(request: Shape<'_>) -> Option<Recognised> {
    only(rules().filter(|rule| (rule.request)(request) && (rule.by_request)(request)))
}

/// True if this can be the method's request.
pub(super) fn request_fits(method: Method, request: Shape<'_>) -> bool {
    rules().any(|rule| rule.method == method && (rule.request)(request))
}

/// True if this answer cannot be the method's: it tells another, or the method's are all of one
/// other form.
pub(super) fn contradicts(method: Method, request: Shape<'_>, answer: Shape<'_>) -> bool {
    let of_other_form = |rule: &Rule| {
        rule.method == method
            && rule.evidence.is_none()
            && (rule.answer)(request, answer) == Fit::No
    };
    by_answer(request, answer).is_some_and(|recognised| recognised.method != method)
        || rules().any(of_other_form)
}

/// True if such a request and answer can be of a method that makes an operation, though others look
/// the same.
pub(super) fn may_be_any(request: Shape<'_>, answer: Shape<'_>) -> bool {
    rules().any(|rule| {
        !rule.method.only_looks()
            && (rule.request)(request)
            && (rule.answer)(request, answer) == Fit::Possible
    })
}

fn only(mut rules: impl Iterator<Item = &'static Rule>) -> Option<Recognised> {
    let rule = rules.next()?;
    let recognised = Recognised {
        method: rule.method,
        evidence: rule.evidence?,
    };
    rules.next().is_none().then_some(recognised)
}
