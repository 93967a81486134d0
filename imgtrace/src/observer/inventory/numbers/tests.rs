use super::*;
use crate::model::StoreKind;

fn store(inode: u64) -> Store {
    Store {
        kind: StoreKind::Docker,
        root: "/var/lib/docker".to_owned(),
        device: 1,
        inode,
        driver: "overlay2".to_owned(),
        namespace: None,
    }
}

#[test]
fn stores_beyond_the_bound_have_no_number() {
    let mut numbers = Numbers::default();
    for inode in 0..u64::try_from(STORES_MAX).unwrap() {
        assert!(numbers.number(&store(inode)).unwrap().1);
    }
    assert_eq!(numbers.number(&store(u64::MAX)), None);
    assert_eq!(numbers.number(&store(0)), Some((StoreId(1), false)));
}
