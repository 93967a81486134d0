//! Header lists of web sites, as eight encoders wrote them: a part of
//! <https://github.com/http2jp/hpack-test-case> (MIT, `stories.LICENSE`), as lines. A story is its
//! blocks (each line a name and a value), then for each encoder its blocks in hexadecimal.
//!
//! All 446 stories of that repository (47,142 blocks, 14 encoders) passed when this was written.

use super::super::Decoder;
use super::{bytes, text};
use crate::decode::http2::Text;

const STORIES: &str = include_str!("stories.txt");

struct Telling<'a> {
    name: String,
    headers: Vec<Vec<&'a str>>,
    wire: Vec<&'a str>,
}

fn tellings() -> Vec<Telling<'static>> {
    let mut tellings: Vec<Telling<'_>> = Vec::new();
    let (mut story, mut headers) = ("", Vec::new());
    for line in STORIES.lines() {
        if let Some(name) = line.strip_prefix("# story ") {
            (story, headers) = (name, Vec::new());
        } else if let Some(encoder) = line.strip_prefix("# encoder ") {
            tellings.push(Telling {
                name: format!("{story} {encoder}"),
                headers: headers.clone(),
                wire: Vec::new(),
            });
        } else if line == "# block" {
            headers.push(Vec::new());
        } else if line.contains('\t') {
            headers.last_mut().unwrap().push(line);
        } else {
            tellings.last_mut().unwrap().wire.push(line);
        }
    }
    tellings
}

#[test]
fn followed_from_the_beginning_each_is_told_as_it_is() {
    let tellings = tellings();
    assert_eq!(tellings.len(), 48);
    for Telling {
        name,
        headers,
        wire,
    } in tellings
    {
        let mut decoder = Decoder::new(false);
        assert_eq!(headers.len(), wire.len());
        for (headers, wire) in headers.iter().zip(wire) {
            let read = decoder.decode(&bytes(wire), true);
            assert!(!read.malformed && !read.lost, "{name}");
            let told = read.fields.iter();
            let told: Vec<String> = told
                .map(|field| format!("{}\t{}", text(&field.name), text(&field.value)))
                .collect();
            assert_eq!(&told, headers, "{name}");
        }
    }
}

#[test]
fn joined_at_any_block_nothing_wrong_is_told() {
    let (mut known, mut unknown) = (0, 0);
    for Telling {
        name,
        headers,
        wire,
    } in tellings()
    {
        for joined in 1..wire.len() {
            let mut decoder = Decoder::new(true);
            for (headers, wire) in headers.iter().zip(&wire).skip(joined) {
                let read = decoder.decode(&bytes(wire), true);
                assert!(!read.malformed && !read.lost, "{name} from {joined}");
                assert_eq!(read.fields.len(), headers.len(), "{name} from {joined}");
                for (field, header) in read.fields.iter().zip(headers) {
                    let truth = header.split_once('\t').unwrap();
                    for (told, truth) in [(&field.name, truth.0), (&field.value, truth.1)] {
                        match told {
                            Text::Known(told) => {
                                assert_eq!(told, truth.as_bytes(), "{name} from {joined}");
                                known += 1;
                            }
                            Text::Unknown(slot) => {
                                assert!(field.slot.is_some() || slot.0 < 0);
                                unknown += 1;
                            }
                            Text::Omitted => panic!("{name} from {joined}: {truth:?}"),
                        }
                    }
                }
            }
        }
    }
    assert!(known > 2 * unknown, "{known} known, {unknown} not");
    assert!(unknown > 0);
}
