use super::*;

/// Diff ids and chain ids of three layers, computed with sha256sum.
const DIFFS: [&str; 3] = [
    "sha256:1cfd1a013d7bddf9cbe0d0c1a2b6eb4a0ac1c88ed37014f9992e5c3816fdc90a",
    "sha256:50e19a549734809874c7733d2402bb5927fdcf0acf65a2ab1aa714d45bd564bb",
    "sha256:6e2e0ac38107bc35264e79e80312b8b24717db44c131f23edbb7747bd0f100db",
];
const CHAINS: [&str; 3] = [
    DIFFS[0],
    "sha256:fca71699975cb1c360bcd1732a0a22e8e7a477cc08960eb71c52a6551eb2a4fb",
    "sha256:acc5898ccc6beae1217bfe3e98e85bef932a2830a37855d3a8d907f943a30754",
];

#[test]
fn each_layer_has_the_chain_id_of_all_below_it() {
    let mut below = None;
    for (diff_id, chain) in DIFFS.iter().zip(CHAINS) {
        below = chain_id(below.as_deref(), diff_id);
        assert_eq!(below.as_deref(), Some(chain));
    }
}

#[test]
fn what_is_no_digest_has_no_chain_id() {
    let bare = DIFFS[0].strip_prefix("sha256:").unwrap();
    let upper = DIFFS[0].to_uppercase();
    for diff_id in ["", "sha256:", "sha256:12", bare, &upper] {
        assert_eq!(chain_id(None, diff_id), None, "{diff_id}");
        assert_eq!(chain_id(Some(CHAINS[0]), diff_id), None, "{diff_id}");
    }
}

#[test]
fn a_digest_is_sha256() {
    assert_eq!(
        digest(b""),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
