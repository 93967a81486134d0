use super::*;
use crate::model::Variant;
use crate::store::View;

#[test]
fn base64_is_that_of_the_rfc() {
    // RFC 4648, section 10.
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}

#[test]
fn a_configuration_tells_platform_and_time() {
    let place = tempfile::tempdir().unwrap();
    let id = "ab".repeat(32);
    let folder = place.path().join("overlay-images").join(&id);
    std::fs::create_dir_all(&folder).unwrap();
    // `printf sha256:abab… | base64`, as the library names the file.
    let name = format!("={}", base64(format!("sha256:{id}").as_bytes()));
    assert!(name.starts_with("=c2hhMjU2OmFiYWJh"));
    let text = r#"{"architecture":"arm","variant":"v7","os":"linux","created":"2024-05-06T07:08:09.123456789Z","config":{"Env":["TOKEN=x"]}}"#;
    std::fs::write(folder.join(name), text).unwrap();
    let view = View::of(std::process::id()).unwrap();
    let root = view.folder(place.path().to_str().unwrap()).unwrap();
    let config = Config::read(&root, "overlay-images", &id).unwrap();
    let mut image = StoredImage {
        variants: vec![Variant::default()],
        ..StoredImage::default()
    };
    config.tell(&mut image);
    assert_eq!(image.variants[0].platform.as_deref(), Some("linux/arm/v7"));
    assert_eq!(image.created, Some(1_714_979_289));
    assert!(image.stored.is_some());
    for id in ["../overlay-images", "", &"cd".repeat(32)] {
        assert_eq!(Config::read(&root, "overlay-images", id), None);
    }
}
