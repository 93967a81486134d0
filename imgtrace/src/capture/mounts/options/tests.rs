//! Options as kernels of several ages show them.

use proptest::prelude::*;

use super::*;

fn lower(options: &str) -> Vec<String> {
    layers(options.as_bytes()).lower
}

#[test]
fn layers_stand_topmost_first() {
    let shown = b"rw,lowerdir=l/AB:l/CD:/e,upperdir=/u/diff,workdir=/u/work,xino=off";
    let layers = layers(shown);
    assert_eq!(layers.lower, ["l/AB", "l/CD", "/e"]);
    assert_eq!(layers.upper.as_deref(), Some("/u/diff"));
}

#[test]
fn layers_that_came_one_at_a_time_are_taken_as_they_are() {
    let shown = r"ro,lowerdir+=/a,lowerdir+=/b:c,datadir+=/d,lowerdir+=/e\134x";
    assert_eq!(lower(shown), ["/a", "/b:c", r"/e\x", "/d"]);
}

#[test]
fn layers_of_data_stand_last() {
    assert_eq!(
        lower("lowerdir=/a:/b::/d1::/d2"),
        ["/a", "/b", "/d1", "/d2"]
    );
}

#[test]
fn escapes_of_the_mounter_lie_below_those_of_the_kernel() {
    // 6.7 and later: what was given, `/a\:b:/c\,d:/e\\f`, escaped by the kernel.
    let shown = r"lowerdir=/a\134:b:/c\134\054d:/e\134\134f";
    assert_eq!(lower(shown), ["/a:b", "/c,d", r"/e\f"]);
    // 6.5 and 6.6 escape the colon of a path themselves.
    assert_eq!(lower(r"lowerdir=/a\072b:/c"), ["/a:b", "/c"]);
    assert_eq!(lower(r"lowerdir=/a\040b\011"), ["/a b\t"]);
    let layers = layers(br"upperdir=/u\134\054\134:\134\134");
    assert_eq!(layers.upper.as_deref(), Some(r"/u,:\"));
}

/// As `ovl_unescape` and then `seq_show_option` of 6.7 want and show a path.
fn shown(path: &str) -> String {
    let given: String = path
        .chars()
        .flat_map(|char| {
            let escape = matches!(char, ':' | ',' | '\\').then_some('\\');
            escape.into_iter().chain([char])
        })
        .collect();
    given
        .chars()
        .map(|char| match char {
            ',' | ' ' | '\t' | '\n' | '\\' => format!("\\{:03o}", u32::from(char)),
            char => char.to_string(),
        })
        .collect()
}

proptest! {
    #[test]
    fn any_paths_come_back(paths in prop::collection::vec("[a/:, \\\\\t\n=é0-9]{1,12}", 1..6)) {
        let joined: Vec<_> = paths.iter().map(|path| shown(path)).collect();
        let options = format!("lowerdir={},upperdir={}", joined.join(":"), joined[0]);
        let layers = layers(options.as_bytes());
        prop_assert_eq!(layers.upper.as_ref(), Some(&paths[0]));
        prop_assert_eq!(layers.lower, paths);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut options = b"lowerdir=".to_vec();
        options.extend(&bytes);
        let layers = layers(&options);
        prop_assert!(layers.lower.concat().len() <= 3 * options.len());
        prop_assert!(layers.lower.iter().all(|path| !path.is_empty()));
    }
}
