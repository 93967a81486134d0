use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{MESSAGE_LIMIT, inflate};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_was_compressed_comes_back() {
    for len in [0, 5, MESSAGE_LIMIT] {
        let message = vec![7; len];
        let inflated = inflate(&gzip(&message));
        assert_eq!(inflated.bytes, message);
        assert!(inflated.whole && !inflated.broken);
    }
}

#[test]
fn a_bomb_gives_as_much_as_is_kept() {
    let inflated = inflate(&gzip(&vec![0; 64 << 20]));
    assert_eq!(inflated.bytes.len(), MESSAGE_LIMIT);
    assert!(!inflated.whole && !inflated.broken);
}

#[test]
fn what_is_cut_gives_what_comes_before() {
    let message: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| (n * n).to_be_bytes())
        .collect();
    let compressed = gzip(&message);
    let inflated = inflate(&compressed[..compressed.len() / 2]);
    assert!(message.starts_with(&inflated.bytes));
    assert!(inflated.bytes.len() > 1_000);
    assert!(!inflated.whole && inflated.broken);
}

#[test]
fn what_is_not_gzip_gives_nothing() {
    for bytes in [&b""[..], b"\x1f\x8b", b"plain text, and more of it"] {
        let inflated = inflate(bytes);
        assert!(inflated.bytes.is_empty() && inflated.broken, "{bytes:?}");
    }
}
