//! Tests of what a batch writes into the real Postgres: rounds, unchanged columns, customers that are not known now, refused rows (P7).

use std::sync::Arc;

use change::rejection::Reason;
use change::value::{Text, Timestamp};
use ledger::Class;
use orderstream::orders::absent::{ColumnSet, ContractColumn};
use orderstream::orders::enrich::Enrichment;
use orderstream::orders::row::{OrderState, ResultRow};
use orderstream::orders::write::Round;
use orderstream::results::ApplyError;
use orderstream::results::batch::Batch;

use crate::shop::fresh::{Fresh, at, batch, delete, put};

#[test]
fn a_batch_may_write_remove_and_write_one_order_in_rounds() {
    let fresh = Fresh::database("rounds");
    let claim = fresh.claim(0);
    let round = |puts, deletes| Round { puts, deletes };
    let rounds = vec![
        round(vec![put(1, 1, at(0, 0, 10))], vec![]),
        round(vec![], vec![delete(1, at(0, 1, 20))]),
        round(vec![put(1, 3, at(0, 2, 30))], vec![]),
    ];
    let batch = Batch { rounds, ..batch(0, 3, vec![], vec![]) };
    let applied = fresh.apply(&claim, &batch).unwrap();
    assert_eq!((applied.fates.applied, fresh.live(1)), (3, Some(3)));
    let states = batch.into_states(applied);
    let revision = fresh.number("select revision from results");
    assert!(matches!(&states[..], [OrderState::Live(row)] if row.quantity == 3 && row.revision == revision), "{states:?}");
}

#[test]
fn an_unchanged_toast_column_keeps_the_stored_text_or_is_refused_if_there_is_none() {
    let fresh = Fresh::database("toast");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    let mut partial = put(1, 6, at(0, 1, 20));
    partial.enriched.order.product_id = Text::Unchanged;
    fresh.apply(&claim, &batch(1, 2, vec![partial], vec![])).unwrap();
    assert_eq!(fresh.number("select count(*) from results where product_id = 'P1' and quantity = 6"), 1);
    let mut nowhere = put(2, 6, at(0, 2, 30));
    nowhere.enriched.order.product_id = Text::Unchanged;
    let refused = fresh.apply(&claim, &batch(2, 3, vec![nowhere], vec![]));
    assert!(matches!(&refused, Err(ApplyError::Unresolved(changes)) if changes[0].record == 2), "{refused:?}");
}

#[test]
fn what_an_event_does_not_have_stays_and_what_is_null_is_null() {
    let fresh = Fresh::database("absent");
    let claim = fresh.claim(0);
    let noon = Timestamp::from_micros(1_795_262_400_000_000);
    let mut whole = put(1, 5, at(0, 0, 10));
    whole.enriched.order.ordered_at = noon;
    whole.enriched.order.updated_at = noon;
    fresh.apply(&claim, &batch(0, 1, vec![whole], vec![])).unwrap();

    let mut lacking = put(1, 6, at(0, 1, 20));
    lacking.enriched.order.status = Text::Unchanged;
    lacking.enriched.order.absent = ColumnSet::default().with(ContractColumn::Status, true).with(ContractColumn::CreatedAt, true);
    let lacking = batch(1, 2, vec![lacking], vec![]);
    let applied = fresh.apply(&claim, &lacking).unwrap();
    let states = lacking.into_states(applied);
    let is_whole = |row: &ResultRow| row.status.as_deref() == Some("pending") && row.ordered_at == noon && row.updated_at.is_none();
    assert!(matches!(&states[..], [OrderState::Live(row)] if is_whole(row)), "the hash need not wait for the sweep: {states:?}");
    assert_eq!(fresh.number("select count(*) from due_orders"), 0);
    let kept =
        "select count(*) from results where quantity = 6 and status = 'pending' and ordered_at = '2026-11-21T12:00' and updated_at is null";
    assert_eq!(fresh.number(kept), 1);

    let mut null = put(1, 7, at(0, 2, 30));
    null.enriched.order.status = Text::Null;
    fresh.apply(&claim, &batch(2, 3, vec![null], vec![])).unwrap();
    assert_eq!(fresh.number("select count(*) from results where quantity = 7 and status is null and ordered_at is null"), 1);

    let mut new = put(2, 1, at(0, 3, 40));
    new.enriched.order.status = Text::Unchanged;
    new.enriched.order.absent = ColumnSet::default().with(ContractColumn::Status, true).with(ContractColumn::UpdatedAt, true);
    let Err(ApplyError::Unresolved(changes)) = fresh.apply(&claim, &batch(3, 4, vec![new], vec![])) else { panic!("an invented status") };
    let rejection = changes[0].rejection("after.");
    assert_eq!(rejection.reason, Reason::Invalid);
    assert!(rejection.message.starts_with("after.status: the event does not have the column"), "{rejection}");
}

#[test]
fn the_customers_columns_stay_while_redis_is_away_and_the_order_is_due() {
    let fresh = Fresh::database("pending");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    let mut pending = put(1, 6, at(0, 1, 20));
    pending.enriched.customer = Arc::default();
    pending.enriched.enrichment = Enrichment::Pending;
    fresh.apply(&claim, &Batch { redis_away: true, ..batch(1, 2, vec![pending], vec![]) }).unwrap();
    let kept = "select count(*) from results join due_orders using (order_id) where enrichment = 'pending' and customer_name = 'Ann'";
    assert_eq!(fresh.number(kept), 1);
}

#[test]
fn the_rows_that_a_constraint_refuses_are_found_among_a_thousand() {
    let fresh = Fresh::database("refused");
    fresh.sql("alter table results add constraint small check (quantity < 100)");
    let claim = fresh.claim(0);
    let quantity = |id| if id % 400 == 7 { 100 } else { 1 };
    let puts = (0..1000).map(|id| put(id, quantity(id), at(0, id, id))).collect();
    let batch = batch(0, 1000, puts, vec![]);
    let error = fresh.apply(&claim, &batch).unwrap_err();
    assert!(matches!(&error, ApplyError::Store(error) if error.class() == Class::Row), "{error}");
    let mut refused = fresh.runtime.block_on(fresh.results.find_refused(&batch)).unwrap();
    refused.sort_by_key(|(record, _)| *record);
    assert_eq!(refused.iter().map(|(record, _)| *record).collect::<Vec<_>>(), vec![7, 407, 807]);
    assert!(refused[0].1.message.contains("constraint small"), "{}", refused[0].1.message);
    assert_eq!(fresh.number("select count(*) from results"), 0);
}

/// Counts the statements that write rows, also those of transactions that are rolled back, because a sequence does not go back.
const COUNT_STATEMENTS: &str = "
create sequence statements;
create function count_statement() returns trigger language plpgsql as $$ begin perform nextval('statements'); return null; end $$;
create trigger count_statement before insert on results for each statement execute function count_statement()";

#[test]
fn a_few_refused_rows_are_found_by_a_logarithm_of_statements() {
    let fresh = Fresh::database("few_statements");
    fresh.sql("alter table results add constraint small check (quantity < 100)");
    fresh.sql(COUNT_STATEMENTS);
    let claim = fresh.claim(0);
    let bad = [5, 1_000, 4_095];
    let puts = (0..4_096).map(|id| put(id, if bad.contains(&id) { 100 } else { 1 }, at(0, id, id))).collect();
    let batch = batch(0, 4_096, puts, vec![]);
    fresh.apply(&claim, &batch).unwrap_err();
    let refused = fresh.runtime.block_on(fresh.results.find_refused(&batch)).unwrap();
    assert_eq!(refused.len(), bad.len());
    let statements = fresh.number("select last_value from statements");
    // The statements are the batch, the batch again, and on each of twelve levels both halves of each part that holds a refused row.
    assert!((3..=2 + 3 * 2 * 12).contains(&statements), "{statements} statements");
}
