//! What a loss means for the reader, as a sentence.

use crate::model::{Loss, LossKind};

use super::super::amount;

/// How much was lost, where, and why.
pub(in crate::show) fn sentence(loss: &Loss) -> String {
    let records = match loss.records {
        1 => "1 record".to_owned(),
        count => format!("{count} records"),
    };
    let size = match loss.bytes {
        0 => String::new(),
        count => format!(" ({})", amount::bytes(count)),
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
        LossKind::Recursion => "the kernel skipped a probe that was running already",
        LossKind::Table => "a table was full",
        LossKind::Budget => "more was sent in one message than is captured",
        LossKind::Connection => "the begin of the connection was lost",
    };
    format!("{records}{size} not seen{endpoint}{connection}: {why}")
}
