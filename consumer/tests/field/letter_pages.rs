//! Dead letters in pages, as the page reads them (P10): whole, without repetition, and in time however many there are.

use std::time::Duration;

use ledger::{StoreConfig, StoreError};
use orderstream::results::Results;
use orderstream::results::dead_letters::{Filter, OfShop};
use orderstream::results::letter_pages::{After, LetterPage};

use crate::shop::fresh::Fresh;

/// What the page gives Postgres.
const STATEMENT: Duration = Duration::from_millis(250);

/// Makes letters: `every`th is open, and each second has as many of them as a batch may have.
macro_rules! letters {
    ($count:literal, $open:literal) => {
        concat!(
            "insert into dead_letters (id, epoch, topic, partition, \"offset\", order_id, customer_id, reason, stage, message, dlq_topic,
                dlq_partition, dlq_offset, created_at, resolved_at, resolution)
             select 'orders-0-' || i || '-0', 0, case when i % 5 = 0 then 'customers' else 'orders' end, 0, i,
                case when i % 5 > 0 then i % 1000 end, case when i % 5 = 0 then 'c' || i || '@example.com' end,
                (array['invalid', 'malformed', 'too_large'])[1 + i % 3], 'decode', 'm', 'dlq-errors', 0, i,
                date_trunc('second', now()) - interval '1 second' * ((",
            $count,
            " - i) / 100), case when ",
            $open,
            " then null else now() end, case when ",
            $open,
            " then null else 'replayed' end
             from generate_series(1, ",
            $count,
            ") as i; analyze dead_letters"
        )
    };
}

/// The connections of the page to the database of a test.
fn reading(fresh: &Fresh) -> Results {
    let limits = StoreConfig { url: fresh.url.clone().into(), max_connections: 2, statement_timeout: STATEMENT, lock_timeout: STATEMENT };
    Results::reading(&limits, "orderstream page").unwrap()
}

fn page(fresh: &Fresh, results: &Results, filter: &Filter, after: Option<&After>) -> LetterPage {
    fresh.runtime.block_on(results.letter_page(filter, after)).unwrap()
}

#[test]
fn pages_hold_each_open_letter_once_the_newest_first_although_many_have_the_same_time() {
    let fresh = Fresh::database("letter_pages");
    // 66 or 67 open ones of each second, so that pages begin in the middle of one.
    fresh.sql(letters!("430", "i % 3 > 0"));
    let results = reading(&fresh);
    let (mut offsets, mut after) = (Vec::new(), None);
    loop {
        let found = page(&fresh, &results, &Filter::default(), after.as_ref());
        assert!(found.letters.iter().all(|letter| letter.resolved_at.is_none()));
        offsets.extend(found.letters.iter().map(|letter| (letter.created_at, letter.id.clone())));
        // A letter that comes meanwhile is newer than what was read, and moves nothing.
        fresh.sql("update dead_letters set replays = replays + 1 where \"offset\" = 1");
        let Some(next) = found.next else { break };
        assert_eq!(found.letters.len(), 50);
        after = After::parse(&next.text());
    }
    let mut sorted = offsets.clone();
    sorted.sort_by(|one, other| other.cmp(one));
    sorted.dedup();
    assert_eq!((offsets.len(), &offsets), (287, &sorted));
}

#[test]
fn a_filter_means_reasons_topic_key_and_times_for_pages_and_counts() {
    let fresh = Fresh::database("letter_filters");
    fresh.sql(letters!("430", "i % 2 = 0"));
    let results = reading(&fresh);
    let of = |filter: &Filter| page(&fresh, &results, filter, None).letters;
    let reasons = Filter { reasons: vec!["invalid".into()], topic: Some("customers".into()), ..Filter::default() };
    assert!(of(&reasons).iter().all(|letter| letter.reason == "invalid" && letter.topic == "customers" && letter.about.order_id.is_none()));
    assert_eq!(of(&reasons).len(), 14, "of the multiples of 30 up to 430");
    let key = |key: &str| Filter { key: Some(key.into()), ..Filter::default() };
    assert_eq!(of(&key("c90@example.com")).len(), 1);
    assert_eq!(of(&key("88")).iter().map(|letter| letter.about.order_id).collect::<Vec<_>>(), [Some(88)]);
    assert_eq!((of(&key("87")).len(), of(&Filter { resolved: true, ..key("87") }).len()), (0, 1), "it is closed");
    let oldest = of(&Filter { resolved: true, key: Some("1".into()), ..Filter::default() })[0].created_at;
    let old = Filter { until: Some(oldest + chrono::TimeDelta::seconds(1)), resolved: true, ..Filter::default() };
    let new = Filter { since: old.until, until: None, ..old.clone() };
    let count = |filter: &Filter| fresh.runtime.block_on(results.counted_letters(filter)).unwrap().by_reason.values().sum::<i64>();
    assert_eq!((count(&old) + count(&new), count(&reasons), count(&Filter { reasons: Vec::new(), ..reasons.clone() })), (430, 14, 43));
}

#[test]
fn counts_end_at_ten_thousand_and_reasons_that_rise_are_known_by_their_newest_letters() {
    let fresh = Fresh::database("letter_counts");
    fresh.sql(letters!("12000", "true"));
    fresh.sql("update dead_letters set created_at = created_at - interval '11 minutes' where reason = 'too_large'");
    let results = reading(&fresh);
    let counts = fresh.runtime.block_on(results.counted_letters(&Filter::default())).unwrap();
    assert!(counts.capped && counts.by_reason.values().sum::<i64>() == 10_001, "{counts:?}");
    let rising = fresh.runtime.block_on(results.rising_letters()).unwrap();
    assert_eq!(rising.keys().collect::<Vec<_>>(), ["invalid", "malformed"]);
}

#[test]
fn a_flood_of_one_reason_does_not_hide_that_another_one_rises() {
    let fresh = Fresh::database("letter_flood");
    fresh.sql(letters!("12000", "true"));
    // All are newer than the three of another reason.
    fresh.sql("update dead_letters set reason = 'invalid', created_at = now()");
    fresh.sql("update dead_letters set reason = 'too_large', created_at = now() - interval '1 minute' where \"offset\" <= 3");
    let rising = fresh.runtime.block_on(reading(&fresh).rising_letters()).unwrap();
    let lengths: Vec<(&str, usize)> = rising.iter().map(|(reason, run)| (reason.as_str(), run.letters)).collect();
    assert_eq!(lengths, [("invalid", 10_000), ("too_large", 3)]);
}

#[test]
fn with_100_000_letters_each_question_of_the_page_is_answered_within_its_250_ms() {
    let fresh = Fresh::database("letter_time");
    fresh.sql(letters!("100000", "i < 2000 or i % 4 = 0"));
    let results = reading(&fresh);
    let deep = page(&fresh, &results, &Filter { until: None, ..Filter::default() }, None).next.unwrap();
    let deep = After { created_at: deep.created_at - chrono::TimeDelta::seconds(900), id: deep.id };
    let filters = [
        Filter::default(),
        Filter { resolved: true, ..Filter::default() },
        Filter { reasons: vec!["nothing".into()], resolved: true, ..Filter::default() },
        Filter { key: Some("77".into()), resolved: true, ..Filter::default() },
        Filter { topic: Some("customers".into()), ..Filter::default() },
    ];
    for filter in &filters {
        in_time(&fresh, async || results.letter_page(filter, None).await);
        in_time(&fresh, async || results.letter_page(filter, Some(&deep)).await);
        in_time(&fresh, async || results.counted_letters(filter).await);
    }
    in_time(&fresh, async || results.rising_letters().await);
}

/// Asks until Postgres answers within the limit of its statements, which it does at once unless this machine is busy with other things.
#[track_caller]
fn in_time<T>(fresh: &Fresh, ask: impl AsyncFn() -> Result<T, StoreError>) {
    let tries = (0..5).map(|_| fresh.runtime.block_on(ask()).map(drop)).collect::<Vec<_>>();
    assert!(tries.iter().any(Result::is_ok), "{tries:?}");
}

#[test]
fn the_connections_of_the_page_change_nothing() {
    let fresh = Fresh::database("letter_read_only");
    fresh.sql(letters!("3", "true"));
    let results = reading(&fresh);
    let filter = Filter { reasons: vec!["invalid".into()], ..Filter::default() };
    let error = fresh.runtime.block_on(results.ledger.resolve_letters::<OfShop>(&filter, "by hand", 10)).unwrap_err();
    assert!(error.to_string().contains("25006"), "{error}");
    assert_eq!(fresh.number("select count(*) from dead_letters where resolved_at is not null"), 0);
}
