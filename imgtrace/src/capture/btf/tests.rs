use proptest::prelude::*;

use super::{Btf, VMLINUX};

/// The running kernel's BTF, if it has any.
fn kernel() -> Option<Btf> {
    std::fs::exists(VMLINUX)
        .unwrap()
        .then(|| Btf::vmlinux().unwrap())
}

#[test]
fn finds_members_nested_anonymous_and_in_arrays() {
    let Some(btf) = kernel() else { return };
    // sk_buff.sk stands in an anonymous union or struct on every kernel.
    assert!(btf.offset("sk_buff", "sk").is_some());
    assert!(btf.offset("sock", "__sk_common.skc_family").is_some());
    assert_eq!(btf.offset("upid", "nr"), Some(0));
    assert_eq!(
        btf.offset("pid", "numbers.nr").unwrap() + btf.offset("upid", "ns").unwrap(),
        btf.offset("pid", "numbers.ns").unwrap()
    );
    assert_eq!(btf.offset("sock", "no_such_member"), None);
    assert_eq!(btf.offset("no_such_struct", "sk"), None);
    assert_eq!(btf.enumerator("pid_type", "PIDTYPE_TGID"), Some(1));
    assert_eq!(btf.size("upid"), Some(16));
}

#[test]
fn refuses_what_is_not_btf() {
    for bytes in [
        vec![],
        vec![0x7f, b'E', b'L', b'F'],
        vec![0x9f, 0xeb, 1, 0, 24, 0, 0, 0],
    ] {
        assert!(Btf::parse(bytes).is_err());
    }
}

proptest! {
    /// Damaged type information is refused or read as far as it goes, without a panic.
    #[test]
    fn any_bytes_behind_the_magic_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 24..400)) {
        bytes[..8].copy_from_slice(&[0x9f, 0xeb, 1, 0, 24, 0, 0, 0]);
        bytes[8..12].copy_from_slice(&[0; 4]);
        if let Ok(btf) = Btf::parse(bytes) {
            btf.offset("sock", "sk");
        }
    }
}
