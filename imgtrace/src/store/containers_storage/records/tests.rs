use proptest::prelude::*;

use super::*;

/// An image as Podman 4.3.1 wrote it after a pull, shortened.
const PULLED: &str = r#"[{"id":"79fbe08fee8a8faf84adf412f02cf294b7d47c1d039db79e1164b652511a6973","digest":"sha256:6e2e0ac38107bc35264e79e80312b8b24717db44c131f23edbb7747bd0f100db","names":["127.0.0.1:5055/bb:1"],"names-history":["127.0.0.1:5055/bb:1"],"layer":"1cfd","metadata":"{}","big-data-names":["sha256:79fb","manifest"],"big-data-sizes":{"manifest":348},"big-data-digests":{"manifest":"sha256:6e2e0ac38107bc35264e79e80312b8b24717db44c131f23edbb7747bd0f100db"},"created":"2026-11-21T21:15:59.362909216Z"}]"#;

fn image(text: &str) -> Image {
    parse::<Image>(text.as_bytes()).unwrap().remove(0)
}

#[test]
fn an_image_is_read() {
    let image = image(PULLED);
    assert_eq!(image.name().as_deref(), Some("127.0.0.1:5055/bb:1"));
    assert_eq!(image.layer, "1cfd");
    let (digest, kind) = image.digest();
    assert!(digest.unwrap().starts_with("sha256:6e2e"));
    assert_eq!(kind, Some(DigestKind::Manifest));
}

#[test]
fn what_a_digest_names_is_said_only_where_the_book_says_it() {
    let list = PULLED.replace("\"sha256:79fb\"", "\"instances.json\"");
    assert_eq!(image(&list).digest().1, Some(DigestKind::Index));
    let other = PULLED.replace("\"manifest\":\"sha256:6e", "\"manifest\":\"sha256:77");
    assert_eq!(image(&other).digest().1, Some(DigestKind::Unknown));
    let (digest, kind) =
        image(r#"[{"id":"79fbe08fee8a8faf84adf412f02cf294b7d47c1d039db79e1164b652511a6973"}]"#)
            .digest();
    assert!(digest.unwrap().starts_with("sha256:79fb"));
    assert_eq!(kind, Some(DigestKind::Config));
}

#[test]
fn a_name_with_a_tag_comes_first() {
    let digest = "a".repeat(64);
    let names = format!(r#"[{{"id":"i","names":["q.io/a@sha256:{digest}","q.io/a:1","??"]}}]"#);
    let image = image(&names);
    assert_eq!(image.name().as_deref(), Some("q.io/a:1"));
    assert_eq!(image.references().len(), 2);
}

#[test]
fn absent_and_null_fields_are_empty() {
    let text = r#"[{"id":"c","layer":"l","names":null,"metadata":null,"flags":{"Volatile":true}}]"#;
    let container = parse::<Container>(text.as_bytes()).unwrap().remove(0);
    assert_eq!((container.names.len(), container.image.as_str()), (0, ""));
    assert!(parse::<Layer>(b"null").unwrap().is_empty());
    assert!(parse::<Layer>(b"").unwrap().is_empty());
}

#[test]
fn what_is_beyond_the_bound_is_left_out() {
    let names = vec![r#""a:1""#; NAMES_MOST + 10].join(",");
    let image = image(&format!(r#"[{{"id":"i","names":[{names}]}}]"#));
    assert_eq!(image.names.len(), NAMES_MOST);
    let many = vec![r#"{"id":""}"#; RECORDS_MOST + 10].join(",");
    let layers = parse::<Layer>(format!("[{many}]").as_bytes()).unwrap();
    assert_eq!(layers.len(), RECORDS_MOST);
}

#[test]
fn a_damaged_book_is_none() {
    for cut in 1..PULLED.len() {
        assert!(parse::<Image>(&PULLED.as_bytes()[..cut]).is_none(), "{cut}");
    }
    assert!(parse::<Image>(b"[] []").is_none());
    assert!(parse::<Image>(b"{}").is_none());
}

proptest! {
    #[test]
    fn no_bytes_do_harm(mut bytes in Just(PULLED.as_bytes().to_vec()), at in 0..PULLED.len(), byte: u8) {
        bytes[at] = byte;
        if let Some(images) = parse::<Image>(&bytes) {
            for image in images {
                let _ = (image.references(), image.digest(), image.config());
            }
        }
        let _ = parse::<Layer>(&bytes);
        let _ = parse::<Container>(&bytes);
    }
}
