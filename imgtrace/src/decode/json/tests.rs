use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

const WANTED: &[&str] = &["id", "config.image", "names", "size", "aux.digest"];

/// All documents of a body that comes in these pieces; `None` is a gap.
fn scan(pieces: &[Option<&[u8]>]) -> (Vec<Document>, bool) {
    let mut scanner = Scanner::new(WANTED);
    let mut documents = Vec::new();
    for piece in pieces {
        match piece {
            &Some(mut bytes) => {
                while let Some(document) = scanner.next(&mut bytes) {
                    documents.push(document);
                }
            }
            None => {
                scanner.interrupt();
            }
        }
    }
    (documents, scanner.is_malformed())
}

fn whole(body: &str) -> Vec<Document> {
    let (documents, malformed) = scan(&[Some(body.as_bytes())]);
    assert!(!malformed, "{body}");
    documents
}

fn ids(documents: &[Document]) -> Vec<&str> {
    documents
        .iter()
        .filter_map(|document| document.text("id"))
        .collect()
}

#[test]
fn documents_follow_each_other_with_and_without_line_ends() {
    for between in ["\r\n", "\n", "", " \t\r\n\r\n"] {
        let body = [r#"{"id":"a"}"#, r#"{"id":"b","x":[{}]}"#, r#"{"id":"c"}"#].join(between);
        assert_eq!(ids(&whole(&body)), ["a", "b", "c"]);
    }
}

#[test]
fn elements_of_a_list_are_documents() {
    let documents = whole(r#"[ {"Id":"a","Names":["/x","/y"]} , {"Id":"b"} ]"#);
    assert_eq!(ids(&documents), ["a", "b"]);
    assert_eq!(
        documents[0].texts("names").collect::<Vec<_>>(),
        ["/x", "/y"]
    );
    assert!(whole("[]\n").is_empty());
}

#[test]
fn only_asked_paths_are_kept() {
    let body = json!({
        "Config": {"Env": ["S3CR3T=1"], "Image": "busybox", "Labels": {"id": "S3CR3T", "image": "S3CR3T"}},
        "HostConfig": {"Image": "S3CR3T", "Config": {"Image": "S3CR3T"}},
        "Image": "S3CR3T", "ID": "a", "SIZE": 12, "aux": "S3CR3T", "names": null,
    });
    let documents = whole(&body.to_string());
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].text("config.image"), Some("busybox"));
    assert_eq!(documents[0].text("id"), Some("a"));
    assert_eq!(documents[0].number("size"), Some(12));
    assert!(!format!("{documents:?}").contains("S3CR3T"));
}

#[test]
fn nothing_that_is_not_asked_for_stays_in_the_scanner() {
    let mut scanner = Scanner::new(WANTED);
    let mut bytes: &[u8] = br#"{"id":"a","env":["S3CR3T","S3CR"#;
    assert!(scanner.next(&mut bytes).is_none());
    assert!(!format!("{scanner:?}").contains("83, 51, 67, 82"));
}

#[test]
fn a_repeated_key_has_its_last_value() {
    assert_eq!(whole(r#"{"id":"a","id":"b"}"#)[0].text("id"), Some("b"));
}

#[test]
fn escapes_are_resolved() {
    let body = r#"{"\u0049d":"a\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00\ud83d-\ud83d\u0041"}"#;
    let wanted = "a\"\\/\u{8}\u{c}\n\r\té😀\u{fffd}-\u{fffd}A";
    assert_eq!(whole(body)[0].text("id"), Some(wanted));
}

#[test]
fn behind_a_gap_the_next_line_is_read() {
    let body: &[u8] = br#""status":"x"}
{"id":"b"}"#;
    let (documents, malformed) = scan(&[Some(br#"{"id":"a","#), None, Some(body)]);
    assert_eq!(ids(&documents), ["b"]);
    assert!(!malformed);
}

#[test]
fn a_gap_leaves_what_its_document_had_told() {
    let mut scanner = Scanner::new(WANTED);
    let mut bytes: &[u8] = br#"{"id":"a","env":["S3CR3T"#;
    assert!(scanner.next(&mut bytes).is_none());
    assert!(scanner.is_open());
    assert_eq!(scanner.interrupt().text("id"), Some("a"));
}

#[test]
fn what_is_no_json_is_told_once_and_passed_over() {
    let (documents, malformed) = scan(&[Some(b"<html>\r\n</html>\n{\"id\":\"a\"}")]);
    assert!(malformed);
    assert_eq!(ids(&documents), ["a"]);
    for body in [
        "{\"id\":\"a\nb\"}",
        "{\"id\" \"a\"}",
        "}",
        "{]",
        "[}",
        "{\"\\x\":1}",
        "\u{1}",
    ] {
        assert!(scan(&[Some(body.as_bytes())]).1, "{body}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = "[".repeat(100_000);
    let mut scanner = Scanner::new(WANTED);
    assert!(scanner.next(&mut deep.as_bytes()).is_none());
    assert!(scanner.is_malformed() && scanner.levels.is_empty());

    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(1_000_000));
    assert_eq!(whole(&long)[0].text("id").map(str::len), Some(MAX_TEXT));

    let many = format!(r#"{{"names":[{}"x"]}}"#, r#""abc","#.repeat(100_000));
    assert_eq!(whole(&many)[0].texts("names").count(), 1024);
}

/// Any JSON, with keys that are often among those asked for.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    let key = prop_oneof![
        Just("id"),
        Just("config"),
        Just("image"),
        Just("names"),
        Just("size"),
        Just("x")
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|fields| fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

fn collect<'a>(value: &'a Json, path: &mut Vec<&'a str>, found: &mut Vec<(String, Value)>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Json::Object(fields) => {
            found.push((path.join("."), Value::Object));
            for (key, value) in fields {
                path.push(key);
                collect(value, path, found);
                path.pop();
            }
        }
        Json::String(text) => found.push((path.join("."), Value::Text(text.clone()))),
        Json::Number(number) => {
            if let Some(number) = number.as_u64() {
                found.push((path.join("."), Value::Number(number)));
            }
        }
        Json::Bool(true) => found.push((path.join("."), Value::True)),
        Json::Bool(false) | Json::Null => {}
    }
}

proptest! {
    #[test]
    fn it_finds_what_serde_finds(value in any_json(), pretty in any::<bool>()) {
        let body = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let (documents, malformed) = scan(&[Some(body.unwrap().as_bytes()), Some(b"\n")]);
        prop_assert!(!malformed);
        let expected: Vec<_> = match &value {
            Json::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        prop_assert_eq!(documents.len(), expected.len());
        for (document, value) in documents.iter().zip(expected) {
            let mut wanted = Vec::new();
            collect(value, &mut Vec::new(), &mut wanted);
            wanted.retain(|(path, _)| WANTED.contains(&path.as_str()));
            let found: Vec<_> = document.values().map(|(path, value)| (path.to_owned(), value.clone())).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn pieces_make_no_difference(values in prop::collection::vec(any_json(), 1..3), size in 1_usize..7) {
        let lines: Vec<_> = values.iter().map(Json::to_string).collect();
        let body = lines.join("
") + "
";
        let pieces: Vec<_> = body.as_bytes().chunks(size).map(Some).collect();
        prop_assert_eq!(scan(&pieces), scan(&[Some(body.as_bytes())]));
    }

    #[test]
    fn any_bytes_and_gaps_are_survived(pieces in prop::collection::vec(prop::option::of("[\\[\\]{}\",:\\\\nu0-9a\r\n ]{0,20}"), 0..20)) {
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_ref().map(String::as_bytes)).collect();
        let _ = scan(&pieces);
    }
}
