use super::*;

const DIFF: &str = "sha256:1cfd1a013d7bddf9cbe0d0c1a2b6eb4a0ac1c88ed37014f9992e5c3816fdc90a";

fn parse(text: &str) -> Option<Config<'_>> {
    serde_json::from_str(text).ok()
}

#[test]
fn what_identifies_an_image_is_read() {
    let text = format!(
        r#"{{"os":"linux","architecture":"arm64","variant":"v8","author":"é","created":"2024-05-01T12:00:00.5+02:00",
            "config":{{"Env":["PASSWORD=hunter2"],"Labels":{{"token":"hunter2"}}}},
            "history":[{{"created_by":"RUN hunter2"}}],
            "rootfs":{{"type":"layers","diff_ids":["{DIFF}","{DIFF}"]}}}}"#
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.platform().as_deref(), Some("linux/arm64"));
    assert_eq!(config.created(), Some(1_714_557_600));
    assert_eq!(config.diff_ids().collect::<Vec<_>>(), [DIFF, DIFF]);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn what_is_not_said_is_none() {
    for text in [
        r#"{"rootfs":{"type":"layers"}}"#,
        r#"{"rootfs":{"diff_ids":null},"os":null,"created":null}"#,
        r#"{"rootfs":{},"os":"linux","created":"0001-01-01T00:00:00Z"}"#,
        r#"{"rootfs":{},"architecture":"\u001b[2J","created":"yesterday"}"#,
    ] {
        let config = parse(text).unwrap();
        let said = (config.platform(), config.created());
        assert_eq!(said, (None, None), "{text}");
        assert_eq!(config.diff_ids().len(), 0, "{text}");
    }
}

#[test]
fn what_dockerd_would_not_take_is_no_configuration() {
    for text in [
        "",
        "{}",
        "null",
        r#"{"rootfs":null}"#,
        r#"{"rootfs":{"diff_ids":["sha256:12"]}}"#,
        r#"{"rootfs":{"diff_ids":["1cfd1a013d7bddf9cbe0d0c1a2b6eb4a0ac1c88ed37014f9992e5c3816fdc90a"]}}"#,
        r#"{"rootfs":{"diff_ids":[7]}}"#,
    ] {
        assert!(parse(text).is_none(), "{text}");
    }
}
