mod late;
mod rfc7541;
mod stories;

use super::{Block, Decoder};
use crate::decode::http2::{Field, Text};

/// The bytes of a hexadecimal text, blanks left out.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]);
    pairs.map(|byte| u8::try_from(byte).unwrap()).collect()
}

fn text(text: &Text) -> String {
    match text {
        Text::Known(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Text::Unknown(slot) => format!("?{}", slot.0),
        Text::Omitted => "omitted".to_owned(),
    }
}

/// Fields as `name: value`, with ` @slot` behind those that stand in the dynamic table.
fn told(fields: &[Field]) -> Vec<String> {
    let slot = |field: &Field| {
        field
            .slot
            .map_or_else(String::new, |s| format!(" @{}", s.0))
    };
    fields
        .iter()
        .map(|f| format!("{}: {}{}", text(&f.name), text(&f.value), slot(f)))
        .collect()
}

/// Decodes a whole block that is as it must be.
fn fields(decoder: &mut Decoder, hex: &str) -> Vec<String> {
    let Block {
        fields,
        malformed,
        lost,
    } = decoder.decode(&bytes(hex), true);
    assert!(!malformed && !lost, "{hex}");
    told(&fields)
}
