//! `Tasks/Start`: told by the pid that `Tasks/Create` gave for the same container.

use std::collections::VecDeque;

use super::method::Method;
use super::rule::Recognised;
use super::shape::Shape;

/// Tasks that were created and are remembered.
const TASKS: usize = 256;

/// The longest id that containerd takes (`pkg/identifiers`: 76).
const ID: usize = 76;

/// The tasks that were created on one connection.
#[derive(Debug, Default)]
pub(super) struct Starts {
    created: VecDeque<(String, u64)>,
}

impl Starts {
    /// Takes in the answer of `Tasks/Create` {id, pid}.
    pub(super) fn created(&mut self, answer: Shape<'_>) {
        if let (Some(id), Some(pid)) = (answer.text(1), answer.varint(2))
            && id.len() <= ID
        {
            if self.created.len() >= TASKS {
                self.created.pop_front();
            }
            self.created.push_back((id.to_owned(), pid));
        }
    }

    /// {id} → {pid}, with the pid that the task of that id has.
    ///
    /// Considered: `Snapshots/Usage` has two fields in its request, `Tasks/Wait` {id} → {status,
    /// time}.
    pub(super) fn recognise(&self, request: Shape<'_>, answer: Shape<'_>) -> Option<Recognised> {
        let (id, pid) = (request.text(1)?, answer.varint(1)?);
        let alone = request.only(&[1]) && answer.only(&[1]) && answer.is_whole();
        let created = |task: &(String, u64)| task.0 == id && task.1 == pid;
        (alone && self.created.iter().any(created)).then_some(Recognised {
            method: Method::TasksStart,
            evidence: "the answer is the pid that the task with the request's id was created with",
        })
    }
}
