//! Tests of the judgements about topics.

use super::*;

fn topics(names: &[&str], settings: Result<TopicSettings, String>) -> Cluster {
    let healthy = Topic { partitions: 4, without_leader: 0, copies: 1 };
    let topics = names.iter().map(|topic| ((*topic).to_owned(), healthy)).collect();
    Cluster { brokers: 1, cluster: Some("abc".into()), topics, settings }
}

fn all(changes: &[(&str, &str, &str)]) -> Cluster {
    let mut settings = TopicSettings::new();
    let good = [
        ("shop.public.orders", "cleanup.policy", "delete"),
        ("shop.public.orders", "max.message.bytes", "8388608"),
        ("shop.public.orders", "retention.ms", "-1"),
        ("shop.public.orders", "retention.bytes", "-1"),
        ("shop.public.customers", "cleanup.policy", "compact"),
        ("shop.public.customers", "retention.ms", "604800000"),
        ("shop.public.customers", "delete.retention.ms", "86400000"),
        ("dlq-errors", "cleanup.policy", "delete"),
        ("dlq-errors", "max.message.bytes", "8454144"),
        ("dlq-errors", "message.timestamp.type", "CreateTime"),
        ("dlq-errors", "message.timestamp.before.max.ms", "9223372036854775807"),
        ("dlq-errors", "retention.ms", "-1"),
    ];
    for (topic, name, value) in good.iter().chain(changes) {
        settings.entry((*topic).to_owned()).or_default().insert((*name).to_owned(), (*value).to_owned());
    }
    topics(&["shop.public.orders", "shop.public.customers", "dlq-errors"], Ok(settings))
}

fn expected() -> Expected {
    let input = |of, setting, topic: &str, kept| Input { of, setting, topic: topic.to_owned(), kept };
    let mend = "orderstream rebuild customers";
    Expected {
        inputs: vec![
            input("orders", "kafka.orders_topic", "shop.public.orders", Kept::EveryChange),
            input("customers", "kafka.customers_topic", "shop.public.customers", Kept::LastOfEachKey { mend }),
        ],
        letters: "dlq-errors".into(),
        letters_setting: "kafka.dead_letter_topic",
        max_record_bytes: 1_048_576,
    }
}

fn judged(topics: &Cluster) -> Vec<Judgement> {
    judge(topics, &expected())
}

#[track_caller]
fn has(topics: &Cluster, grade: Grade, part: &str) {
    let judged = judged(topics);
    assert!(judged.iter().any(|known| known.grade == grade && known.what.contains(part)), "{part} is not in {judged:?}");
}

#[test]
fn three_topics_with_the_right_settings_are_fine() {
    let judged = judged(&all(&[]));
    assert!(judged.iter().all(|known| known.grade == Grade::Fine), "{judged:?}");
    has(&all(&[]), Grade::Fine, "topic shop.public.orders, 4 partitions");
}

#[test]
fn without_a_topic_nothing_can_be_done_and_without_a_leader_little() {
    let mut topics = topics(&["shop.public.orders"], Ok(TopicSettings::new()));
    topics.topics.insert("dlq-errors".into(), Topic { partitions: 3, without_leader: 1, copies: 1 });
    has(&topics, Grade::Impossible, "no topic shop.public.customers");
    has(&topics, Grade::Wrong, "1 of 3 partitions of topic dlq-errors have no leader");
}

#[test]
fn a_dead_letter_topic_has_to_take_every_record_and_keep_it_as_it_is() {
    let letters = |name, value| all(&[("dlq-errors", name, value)]);
    has(&letters("max.message.bytes", "8388608"), Grade::Wrong, "set its max.message.bytes to 8404992 or more");
    has(&letters("cleanup.policy", "compact"), Grade::Impossible, "one without a key is refused");
    has(&letters("cleanup.policy", "compact,delete"), Grade::Impossible, "only the last would stay");
    has(
        &letters("retention.ms", "604800000"),
        Grade::Concern,
        "7 days: older letters are deleted, and a letter of an older record at once",
    );
    has(&letters("message.timestamp.type", "LogAppendTime"), Grade::Concern, "lose the time of their record");
    has(&letters("message.timestamp.before.max.ms", "3600000"), Grade::Wrong, "refuses letters of records older than 3600 s");
}

#[test]
fn customers_must_be_compacted_or_kept_for_ever() {
    let customers = |changes: &[(&'static str, &'static str)]| {
        all(&changes.iter().map(|(name, value)| ("shop.public.customers", *name, *value)).collect::<Vec<_>>())
    };
    has(&customers(&[("cleanup.policy", "delete")]), Grade::Wrong, "set it to compact");
    has(&customers(&[("cleanup.policy", "delete"), ("retention.ms", "-1")]), Grade::Fine, "is kept for ever");
    has(&customers(&[("cleanup.policy", "compact,delete")]), Grade::Concern, "by age");
    has(&customers(&[("delete.retention.ms", "60000")]), Grade::Concern, "keeps deletes for 60 s");
}

#[test]
fn what_forgets_changes_of_orders_is_named() {
    let orders = |name, value| all(&[("shop.public.orders", name, value)]);
    has(&orders("cleanup.policy", "compact"), Grade::Wrong, "its row stays for ever");
    has(&orders("retention.ms", "86400000"), Grade::Concern, "kept for 24 hours");
    has(&orders("retention.bytes", "1000000"), Grade::Concern, "1000000 bytes of each partition");
}

#[test]
fn hidden_settings_are_a_concern() {
    has(&topics(&[], Err("denied".into())), Grade::Concern, "grant DescribeConfigs");
}

/// Three brokers, of which so many have a copy of the orders; so many must have a record.
fn copied(copies: usize, in_sync: &str) -> Cluster {
    let mut cluster = all(&[("shop.public.orders", "min.insync.replicas", in_sync)]);
    cluster.brokers = 3;
    cluster.topics.insert("shop.public.orders".into(), Topic { partitions: 4, without_leader: 0, copies });
    cluster
}

#[test]
fn a_topic_that_may_lose_acknowledged_records_or_stand_still_with_one_broker_away_is_a_concern() {
    has(&copied(3, "2"), Grade::Fine, "topic shop.public.orders has 3 copies, of which 2 must have a record");
    has(&copied(1, "1"), Grade::Concern, "topic shop.public.orders has one copy");
    has(&copied(3, "1"), Grade::Concern, "what one broker alone has acknowledged is lost with it; take 3 copies and min.insync.replicas 2");
    has(&copied(3, "3"), Grade::Concern, "nothing can be written while one broker is away; take 3 copies");
    has(&copied(2, "2"), Grade::Concern, "nothing can be written while one broker is away");
    let unclean = all(&[("dlq-errors", "unclean.leader.election.enable", "true")]);
    has(&unclean, Grade::Concern, "dead letters: topic dlq-errors has unclean.leader.election.enable true");
}

#[test]
fn the_only_broker_has_nothing_to_choose() {
    let mut cluster = copied(1, "1");
    cluster.brokers = 1;
    assert!(judged(&cluster).iter().all(|known| known.grade == Grade::Fine), "{:?}", judged(&cluster));
}

#[test]
fn a_compacted_topic_of_a_table_is_told_with_what_it_cannot_give() {
    let of = |policy: &str, kept: &str| {
        let topic = "shop.public.orders";
        let cluster = all(&[(topic, "cleanup.policy", policy), (topic, "delete.retention.ms", kept)]);
        let input = Input { of: "events", setting: "mirror.topics", topic: topic.to_owned(), kept: Kept::RowsOfTables };
        let told = judge(&cluster, &Expected { inputs: vec![input], ..expected() });
        let concerns = told.into_iter().filter(|judged| judged.grade == Grade::Concern && judged.what.contains(topic));
        (concerns.map(|judged| judged.what).collect::<Vec<_>>(), deletes_kept_for(&cluster, topic))
    };
    assert_eq!(of("delete", "60000"), (Vec::new(), None));
    for (policy, kept, words) in [("compact", "60000", "60 s after"), ("compact,delete", "86400000", "24 hours after")] {
        let (told, millis) = of(policy, kept);
        assert_eq!((told.len(), millis), (1, kept.parse().ok()), "{told:?}");
        for part in ["Compacted topic cannot accept message without key", words, "replica identity full", "cleanup.policy to delete"] {
            assert!(told[0].contains(part), "{part} is not in {told:?}");
        }
    }
}
