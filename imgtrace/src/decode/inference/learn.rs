//! What the answers of known calls teach: which ids there are, of what, in which state.

use super::ids::{Id, Ids, Kind, State};
use super::method::Method;
use super::shape::Shape;

/// An id was in this state when it was asked for.
pub(super) type Seen = (Id, State);

/// Takes in what an answer to a call of this method, made at `asked` and answered at `now`, says of
/// the states of containers and sandboxes, and tells it.
pub(super) fn states(
    ids: &mut Ids,
    method: Method,
    answer: Shape<'_>,
    (asked, now): (u64, u64),
) -> Vec<Seen> {
    let (kind, items, state) = match method {
        Method::RunPodSandbox | Method::CreateContainer => {
            born(ids, method, answer, now);
            return Vec::new();
        }
        Method::ListContainers => (Kind::Container, answer.items(1), 6),
        Method::ContainerStatus => (Kind::Container, answer.items(1), 3),
        Method::ListPodSandbox | Method::PodSandboxStatus => (Kind::Sandbox, answer.items(1), 3),
        _ => return Vec::new(),
    };
    let mut seen = Vec::new();
    for item in items.unwrap_or_default() {
        let Some(id) = item.text(1).and_then(Id::parse) else {
            continue;
        };
        let state = State::of(kind, item.varint(state).unwrap_or(0));
        ids.see(id, kind, state, asked);
        seen.extend(state.map(|state| (id, state)));
    }
    seen
}

/// True for the methods whose answer is a list of all sandboxes or containers.
pub(super) fn is_list(method: Method) -> bool {
    matches!(method, Method::ListContainers | Method::ListPodSandbox)
}

/// What a list of all that there is, asked for at `asked`, shows to be gone.
pub(super) fn gone(ids: &Ids, method: Method, answer: Shape<'_>, asked: u64) -> Vec<Seen> {
    let kind = match method {
        Method::ListContainers => Kind::Container,
        Method::ListPodSandbox => Kind::Sandbox,
        _ => return Vec::new(),
    };
    let Some(items) = answer.items(1).filter(|_| answer.is_whole()) else {
        return Vec::new();
    };
    let all: Option<Vec<Id>> = items
        .into_iter()
        .map(|item| item.text(1).and_then(Id::parse))
        .collect();
    let gone = all.map(|all| ids.missing(kind, &all, asked));
    let gone = gone.unwrap_or_default().into_iter();
    gone.map(|id| (id, State::Gone)).collect()
}

/// True for the request of a list that asks for everything.
pub(super) fn asks_for_all(request: Shape<'_>) -> bool {
    request.is_whole() && request.only(&[1]) && request.message(1).is_none_or(Shape::is_empty)
}

fn born(ids: &mut Ids, method: Method, answer: Shape<'_>, now: u64) {
    let (kind, state) = match method {
        Method::RunPodSandbox => (Kind::Sandbox, State::Ready),
        _ => (Kind::Container, State::Created),
    };
    if let Some(id) = answer.text(1).and_then(Id::parse) {
        ids.born(id, kind, state, now);
    }
}
