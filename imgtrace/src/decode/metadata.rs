//! What calls carry beside their messages: gRPC's custom metadata and ttrpc's key-value pairs.
//!
//! It knows the few keys that say for whom and for what other request a call is made. No other is
//! kept, so credentials (`authorization`) go no further than here.

#[cfg(test)]
mod tests;

use crate::model::Correlation;

/// Longest value that is kept, in bytes; namespaces have at most 76 (containerd
/// `pkg/identifiers`), leases are an id or a word with a timestamp.
pub(super) const VALUE_LIMIT: usize = 1024;

/// The metadata that is known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    /// `containerd-namespace` or `containerd-namespace-ttrpc` (containerd `pkg/namespaces`).
    pub(super) namespace: Option<String>,
    /// What tells which other request the call was made for.
    pub(super) correlation: Correlation,
}

impl Metadata {
    /// Takes a pair in, if its key is known. Of a key that comes twice the first value counts, as it
    /// does for containerd (`md.Get(key)[0]`).
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"containerd-namespace" | b"containerd-namespace-ttrpc" => {
                keep(&mut self.namespace, text(value));
            }
            b"containerd-lease" => keep(&mut self.correlation.lease, text(value)),
            b"traceparent" => {
                let trace = text(value).and_then(|value| trace_id(&value));
                keep(&mut self.correlation.trace, trace);
            }
            b"baggage" => self.correlation.by_client |= is_by_client(value),
            _ => {}
        }
    }
}

fn keep(kept: &mut Option<String>, value: Option<String>) {
    if kept.is_none() {
        *kept = value;
    }
}

/// A value as text, unless it is none or too long.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?;
    (!value.is_empty() && value.len() <= VALUE_LIMIT).then(|| value.to_owned())
}

/// The trace id of `version-traceid-parentid-flags` (W3C Trace Context section 3.2.2); all zeros is
/// none.
fn trace_id(traceparent: &str) -> Option<String> {
    let id = traceparent.split('-').nth(1)?;
    let is_hex = id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (id.len() == 32 && is_hex && id.bytes().any(|b| b != b'0')).then(|| id.to_owned())
}

/// True if a member of the list is `trigger=api` (W3C Baggage section 3.3.1), whatever properties
/// it has.
fn is_by_client(baggage: &[u8]) -> bool {
    baggage.split(|&b| b == b',').any(|member| {
        let pair = member.split(|&b| b == b';').next().unwrap_or_default();
        pair.trim_ascii() == b"trigger=api"
    })
}
