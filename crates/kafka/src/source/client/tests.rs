use super::*;

fn config(name: &str, value: &str) -> SourceConfig {
    SourceConfig::new(vec![(name.into(), value.into())], "g", vec!["t".into()])
}

#[test]
fn what_the_promises_rest_on_cannot_be_configured() {
    for name in ["auto.offset.reset", "enable.auto.commit", "auto.commit.enable", "isolation.level", "group.id"] {
        assert!(matches!(group_member(&config(name, "x"), None), Err(SourceError::FixedProperty { name: n }) if n == name));
    }
}

#[test]
fn other_properties_replace_the_defaults() {
    let client = group_member(&config("session.timeout.ms", "6000"), None).unwrap();
    assert_eq!(client.get("session.timeout.ms"), Some("6000"));
    assert_eq!(client.get("auto.offset.reset"), Some("error"));
}

#[test]
fn the_client_accepts_the_settings_as_they_are() {
    for partitions in [None, Some(1), Some(8), Some(1_000)] {
        group_member(&config("client.id", "orderstream"), partitions).unwrap().create_native_config().unwrap();
    }
}

#[test]
fn many_partitions_have_no_more_in_the_client_than_few() {
    let of_all = |partitions: usize| Prefetch::of_each(24 << 20, Some(partitions)).waiting * partitions;
    assert_eq!([1, 8, 16, 100, 192].map(of_all).map(|bytes| bytes.div_ceil(1 << 20)), [3, 24, 24, 24, 24]);
    assert_eq!(Prefetch::of_each(24 << 20, Some(1_000)), Prefetch { waiting: 128 << 10, fetch: 64 << 10 });
}

#[test]
fn a_size_of_fetches_that_is_configured_stays() {
    let Prefetch { waiting, fetch } = Prefetch::of_each(config("client.id", "x").prefetch_bytes, Some(8));
    let waiting_kilobytes = (waiting / 1024).to_string();
    for name in FETCH_SIZES {
        let client = group_member(&config(name, "1000"), Some(8)).unwrap();
        assert_eq!((client.get(name), client.get("queued.max.messages.kbytes")), (Some("1000"), Some(&*waiting_kilobytes)));
    }
    assert_eq!(group_member(&config("client.id", "x"), Some(8)).unwrap().get("fetch.message.max.bytes"), Some(&*fetch.to_string()));
}
