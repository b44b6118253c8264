//! Tests of the changes of a batch: which answer about its customer each order gets, and which orders are refused.

use rust_decimal::Decimal;

use super::*;
use crate::orders::absent::ColumnSet;
use crate::orders::enrich::Enrichment;
use change::position::Origin;
use change::value::Text;

fn change(id: i64, customer_id: Text) -> OrderChange {
    let order = Order {
        customer_id,
        product_id: Text::Value("PROD1".into()),
        quantity: 1,
        price: Decimal::ONE,
        total: Decimal::ONE,
        status: Text::Value("pending".into()),
        ordered_at: None,
        updated_at: None,
        absent: ColumnSet::default(),
    };
    let (kind, commit, lsn, ts_ms) = (Origin::Stream, Some(id), Some(id), None);
    OrderChange { id, effect: Effect::Put(order), position: Position { epoch: 0, partition: 0, offset: id, kind, commit, lsn, ts_ms } }
}

/// Decodes the records 0 to 4. The second names no customer, and the third is refused before it is read.
fn changes() -> Changes {
    let by = |id: &str| Text::Value(id.into());
    let changes = vec![change(1, by("C1")), change(2, Text::Unchanged), change(4, by("C1")), change(5, by("C9"))];
    Changes { changes, records: vec![0, 1, 3, 4], ..Changes::default() }
}

fn answers() -> Vec<Lookup> {
    let found = Lookup::Found(Default::default());
    vec![found.clone(), found, Lookup::Missing]
}

fn written(lookups: &[Lookup], refusals: &Refusals) -> Vec<(i64, Enrichment)> {
    let (rounds, _) = changes().into_rounds(lookups, refusals);
    rounds.iter().flat_map(|round| &round.puts).map(|put| (put.order_id, put.enriched.enrichment)).collect()
}

#[test]
fn each_order_gets_what_was_said_about_the_customer_that_its_event_names() {
    assert_eq!(changes().customer_ids(), ["C1", "C1", "C9"]);
    let lookups = changes().by_record(&mut answers().into_iter(), 5);
    let expected = [(1, Enrichment::Complete), (2, Enrichment::Pending), (4, Enrichment::Complete), (5, Enrichment::Missing)];
    assert_eq!(written(&lookups, &Refusals::new()), expected);
}

#[test]
fn an_order_that_takes_its_customer_from_the_change_before_is_left_to_the_sweep() {
    let (insert, mut update) = (change(1, Text::Value("C1".into())), change(1, Text::Unchanged));
    update.position = Position { offset: 2, commit: Some(2), lsn: Some(2), ..update.position };
    let changes = Changes { changes: vec![insert, update], records: vec![0, 1], ..Changes::default() };
    let lookups = changes.by_record(&mut answers().into_iter(), 2);
    let (rounds, _) = changes.into_rounds(&lookups, &Refusals::new());
    let [Put { record: 1, members: 2, enriched, .. }] = &rounds[0].puts[..] else { panic!("{rounds:?}") };
    assert_eq!((enriched.order.customer_id.value(), enriched.enrichment), (Some("C1"), Enrichment::Pending));
}

#[test]
fn what_was_said_stays_with_its_record_when_others_are_refused() {
    let lookups = changes().by_record(&mut answers().into_iter(), 5);
    let refusal = Refusal::of_order(unenriched(Reason::CustomerMissing), Some(1));
    let left = written(&lookups, &Refusals::from([(0, refusal)]));
    assert_eq!(left, [(2, Enrichment::Pending), (4, Enrichment::Complete), (5, Enrichment::Missing)]);
}

#[test]
fn an_order_that_may_not_be_without_its_customer_is_refused_for_the_reason_that_is_so() {
    let strict = Strictness { refuse_missing: true, refuse_unavailable: true };
    let refused = |lookups: Vec<Lookup>| {
        let mut refusals = Refusals::new();
        changes().refuse_unenriched(&changes().by_record(&mut lookups.into_iter(), 5), strict, &mut refusals);
        refusals.into_iter().map(|(record, refusal)| (record, refusal.rejection.reason)).collect::<Vec<_>>()
    };
    assert_eq!(refused(answers()), [(4, Reason::CustomerMissing)]);
    let away = [0, 3, 4].map(|record| (record, Reason::RedisDown));
    assert_eq!(refused(vec![Lookup::Unavailable; 3]), away, "who names no customer waits for the sweep");
}
