use mneme_model::{Labels, TenantId};
use xxhash_rust::xxh3::xxh3_64;

use super::*;

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn key(labels: Pairs<'_>) -> Vec<u8> {
    labels.iter().flat_map(|(name, value)| format!("<{name}={value}>").into_bytes()).collect()
}

fn add(catalog: &Catalog, space: SpaceId, labels: Pairs<'_>, partition: u16) -> Option<SeriesId> {
    let mut writer = catalog.write();
    for label in labels {
        writer.piece(space, &key(&[*label]), label.0, label.1).unwrap();
    }
    writer.add(space, xxh3_64(&key(labels)), PartitionId(partition))
}

fn find(
    catalog: &Catalog,
    space: SpaceId,
    previous: Option<SeriesId>,
    labels: Pairs<'_>,
) -> Option<SeriesId> {
    let key = key(labels);
    catalog.read().find(space, previous, &key, xxh3_64(&key))
}

#[test]
fn a_series_is_found_by_its_whole_key_in_its_own_space_only() {
    let catalog = Catalog::new(usize::MAX);
    let (a, b) = (TenantId::new("a").unwrap(), TenantId::new("b").unwrap());
    let space = catalog.space(&a, b"rules");
    let labels: Pairs<'_> = &[("z", "1"), ("__name__", "up"), ("gone", "")];
    let id = add(&catalog, space, labels, 7).unwrap();
    assert_eq!(add(&catalog, space, labels, 9), Some(id), "once");
    assert_eq!(find(&catalog, space, None, labels), Some(id));
    for other in
        [&labels[..2], &labels[1..], &[("z", "2"), labels[1], labels[2]], &[labels[1], labels[0], labels[2]]]
    {
        assert_eq!(find(&catalog, space, None, other), None, "{other:?}");
    }
    for other in [catalog.space(&b, b"rules"), catalog.space(&a, b"other rules")] {
        assert_eq!(find(&catalog, other, None, labels), None);
    }
    assert_eq!(catalog.space(&a, b"rules"), space);
    let reader = catalog.read();
    assert_eq!(reader.partition(id), PartitionId(7));
    let mut text = String::new();
    assert_eq!(reader.labels(id, &mut text).to_owned(), Labels::from_pairs([("__name__", "up"), ("z", "1")]));
}

#[test]
fn the_next_series_is_found_by_its_place_and_a_new_order_is_learned() {
    let catalog = Catalog::new(usize::MAX);
    let space = catalog.space(&TenantId::anonymous(), b"");
    let all: [Pairs<'_>; 3] = [&[("n", "1")], &[("n", "2"), ("m", "")], &[("n", "3")]];
    let ids = all.map(|labels| add(&catalog, space, labels, 0).unwrap());
    let follow = |previous, labels: Pairs<'_>| {
        catalog.read().follow(space, previous, &[key(labels), b"rest".to_vec()].concat())
    };
    assert_eq!(follow(ids[0], all[1]), Some((ids[1], key(all[1]).len())));
    assert_eq!(follow(ids[0], all[2]), None);
    assert_eq!(find(&catalog, space, Some(ids[0]), all[2]), Some(ids[2]));
    assert_eq!(follow(ids[0], all[2]), Some((ids[2], key(all[2]).len())), "as it was the last time");
    assert_eq!(follow(ids[2], all[0]), None, "nobody follows the last one");
    let other = catalog.space(&TenantId::anonymous(), b"other");
    assert_eq!(catalog.read().follow(other, ids[0], &key(all[2])), None);
    assert_eq!(catalog.read().follow(space, SeriesId(99), &key(all[2])), None);
}

#[test]
fn a_full_catalog_takes_no_more_and_still_finds() {
    let catalog = Catalog::new(60);
    let space = catalog.space(&TenantId::anonymous(), b"");
    let id = add(&catalog, space, &[("n", "1")], 0).unwrap();
    assert_eq!(add(&catalog, space, &[("n", "2")], 0), None);
    assert_eq!(find(&catalog, space, None, &[("n", "1")]), Some(id));
    let mut writer = catalog.write();
    assert!(writer.piece(space, b"<=x>", "", "x").is_err(), "a label needs a name");
}
