use super::Bounded;

#[test]
fn the_one_used_longest_ago_falls_out() {
    let mut map = Bounded::new(2);
    assert_eq!(map.insert("a", 1), None);
    assert_eq!(map.insert("b", 2), None);
    map.get_mut("a");
    assert_eq!(map.insert("c", 3), Some(("b", 2)));
    assert_eq!(map.iter().collect::<Vec<_>>(), [(&"a", &1), (&"c", &3)]);
}

#[test]
fn looking_is_no_use_and_replacing_is() {
    let mut map = Bounded::new(2);
    map.insert("a", 1);
    map.insert("b", 2);
    assert_eq!(map.get("a"), Some(&1));
    assert_eq!(map.insert("c", 3), Some(("a", 1)));
    map.insert("b", 4);
    assert_eq!(map.insert("d", 5), Some(("c", 3)));
    assert_eq!(map.get("b"), Some(&4));
}

#[test]
fn a_removed_entry_makes_room() {
    let mut map = Bounded::new(1);
    map.insert("a", 1);
    assert_eq!(map.remove("a"), Some(1));
    assert_eq!(map.remove("a"), None);
    assert_eq!(map.insert("b", 2), None);
    assert_eq!(map.insert("c", 3), Some(("b", 2)));
}

#[test]
fn a_walk_starts_at_its_key() {
    let mut map = Bounded::new(8);
    for key in ["ab", "b", "aa", "c"] {
        map.insert(key, ());
    }
    let keys: Vec<_> = map.from(&"ab").map(|(key, ())| *key).collect();
    assert_eq!(keys, ["ab", "b", "c"]);
}
