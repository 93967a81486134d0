//! The recorded connections' bytes themselves: they are well formed, small, and free of secrets.

mod conversation;

use bytes::Bytes;
use conversation::Conversation;

/// What the README promises.
const FILE_BYTES: u64 = 192 << 10;

#[test]
fn every_conversation_is_small_and_reads_as_it_is_written() {
    let conversations = Conversation::all();
    assert!(conversations.len() > 20, "only {}", conversations.len());
    for conversation in conversations {
        let name = &conversation.name;
        let path = Conversation::folder().join(format!("{name}.conversation"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.len() as u64 <= FILE_BYTES, "{name}");
        assert_eq!(conversation.text(usize::MAX), text, "{name}");
        assert!(!conversation.segments.is_empty(), "{name}");
        for segment in &conversation.segments {
            assert!(
                segment.bytes.len() as u64 <= u64::from(segment.len),
                "{name}"
            );
        }
    }
}

#[test]
fn any_byte_survives_the_text_form() {
    let mut conversation = Conversation::all().swap_remove(0);
    let bytes: Vec<u8> = (0..=255).collect();
    let segment = conversation.segments.first_mut().unwrap();
    (segment.len, segment.bytes) = (256, Bytes::from(bytes.clone()));
    let again = Conversation::parse("again", &conversation.text(usize::MAX));
    assert_eq!(again.segments.first().unwrap().bytes, bytes);
    let cut = Conversation::parse("cut", &conversation.text(3));
    let segment = cut.segments.first().unwrap();
    assert_eq!((segment.len, &segment.bytes[..]), (256, &bytes[..3]));
    assert!(!cut.is_whole());
}
