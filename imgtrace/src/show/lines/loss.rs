//! What a loss means for the reader, as a sentence.

use crate::model::{Loss, LossKind};

use crate::amount;

/// How much was lost, where, and why.
pub(in crate::show) fn sentence(loss: &Loss) -> String {
    let bytes = || amount::bytes(loss.bytes);
    let size = match (loss.records, loss.bytes) {
        (0, _) => bytes(),
        (1, 0) => "1 record".to_owned(),
        (count, 0) => format!("{count} records"),
        (1, _) => format!("1 record ({})", bytes()),
        (count, _) => format!("{count} records ({})", bytes()),
    };
    let endpoint = loss
        .endpoint
        .map(|id| format!(" on {id}"))
        .unwrap_or_default();
    let connection = loss
        .connection
        .map(|id| format!(", connection {id}"))
        .unwrap_or_default();
    let why = match loss.what {
        LossKind::Buffer => "the buffer to user space was full",
        LossKind::Table => "a table was full",
        LossKind::Budget => "more was sent in one message than is captured",
        LossKind::Connection => "the begin of the connection was lost",
        LossKind::Mount => "the mount was gone before it could be looked at",
    };
    format!("{size} not seen{endpoint}{connection}: {why}")
}
