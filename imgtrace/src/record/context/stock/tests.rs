use super::*;
use crate::model::{Listing, Stamp};

fn observe(stock: &mut Stock, what: Observation) -> u64 {
    stock.observe(&Observed {
        at: Stamp::default(),
        what,
    })
}

fn image(id: &str, names: &[&str]) -> StoredImage {
    StoredImage {
        id: id.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        ..StoredImage::default()
    }
}

fn appeared(id: &str, names: &[&str], renamed: bool) -> Observation {
    Observation::ImageAppeared {
        store: StoreId(1),
        image: image(id, names),
        renamed,
        already: false,
        writer: None,
    }
}

fn listed(images: u64) -> Observation {
    Observation::StoreListed {
        store: StoreId(1),
        listing: Listing {
            images,
            ..Listing::default()
        },
    }
}

#[test]
fn the_next_file_has_what_is_there_with_all_its_names() {
    let mut stock = Stock::default();
    for what in [
        appeared("a", &["a:1"], false),
        appeared("b", &["b:1"], false),
        listed(2),
        Observation::Inventoried,
        appeared("a", &["a:2"], true),
        Observation::ImageVanished {
            store: StoreId(1),
            image: image("b", &["b:1"]),
            writer: None,
        },
        listed(1),
    ] {
        assert_eq!(observe(&mut stock, what), 0);
    }
    let alive: Vec<_> = stock
        .alive()
        .map(|observed| observed.what.clone())
        .collect();
    let there = Observation::ImageAppeared {
        store: StoreId(1),
        image: image("a", &["a:2", "a:1"]),
        renamed: false,
        already: true,
        writer: None,
    };
    assert_eq!(alive, [there, listed(1), Observation::Inventoried]);
}

#[test]
fn images_beyond_the_bound_are_counted() {
    let mut stock = Stock::default();
    for number in 0..IMAGES_MAX {
        assert_eq!(
            observe(&mut stock, appeared(&number.to_string(), &[], false)),
            0
        );
    }
    assert_eq!(observe(&mut stock, appeared("more", &[], false)), 1);
    assert_eq!(observe(&mut stock, appeared("7", &["x:1"], true)), 0);
    assert_eq!(stock.alive().count(), IMAGES_MAX);
}
