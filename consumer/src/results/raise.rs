//! Raises revisions above those that Redis has. After Postgres has lost its last commits, revisions begin again at an older number, and
//! hashes of lost states would keep every later state out (P2, P5).

use std::collections::HashMap;

use ledger::StoreError;

use super::Results;
use super::history::Cause;
use crate::orders::row::OrderState;

/// A step that is larger than the number of revisions that can have been given since the backup from which Postgres was restored.
const FAR: i64 = 1_000_000_000_000;

/// Others may take revisions at the same time, but they take few.
const LIFT: &str = "select setval('results_revision', last_value + $1) from results_revision";
const LIFT_ABOVE: &str = "select setval('results_revision', $2::bigint + $1::bigint) from results_revision where last_value <= $2";

/// Changes only rows that still have the revision that was read. The rows are locked in the order in which a batch writes them.
const RAISE_ROWS: &str = "
with c as (
    select r.order_id from results r join unnest($1::bigint[], $2::bigint[]) as c (order_id, revision) using (order_id, revision)
    order by r.order_id for update of r)
update results r set revision = nextval('results_revision') from c where r.order_id = c.order_id returning r.order_id, r.revision";
const RAISE_TOMBSTONES: &str = "
with c as (
    select d.order_id from deleted_orders d join unnest($1::bigint[], $2::bigint[]) as c (order_id, revision) using (order_id, revision)
    order by d.order_id for update of d)
update deleted_orders d set revision = nextval('results_revision') from c where d.order_id = c.order_id returning d.order_id, d.revision";

impl Results {
    /// Lifts the sequence, so that every later revision is above all that were ever given.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn lift_revisions(&self) -> Result<(), StoreError> {
        self.lease().await?.ask(|on| sqlx::query(LIFT).bind(FAR).execute(on)).await?;
        Ok(())
    }

    /// Gives each of these states a revision above `highest`, if it still has the revision that it was read with. Returns the states that
    /// were raised.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn raise(&self, states: Vec<OrderState>, highest: i64) -> Result<Vec<OrderState>, StoreError> {
        let mut lease = self.lease().await?;
        lease.ask(|on| sqlx::query(LIFT_ABOVE).bind(FAR).bind(highest).execute(on)).await?;
        let mut raised = HashMap::new();
        Cause::Restore.begin(&mut lease).await?;
        for (statement, live) in [(RAISE_ROWS, true), (RAISE_TOMBSTONES, false)] {
            let those = states.iter().filter(|state| matches!(state, OrderState::Live(_)) == live);
            let (ids, revisions): (Vec<i64>, Vec<i64>) = those.map(|state| (state.order_id(), state.revision())).unzip();
            if !ids.is_empty() {
                let query = sqlx::query_as(statement).bind(ids).bind(revisions);
                let rows: Vec<(i64, i64)> = lease.ask(|on| query.fetch_all(on)).await?;
                raised.extend(rows);
            }
        }
        lease.commit().await?;
        let with_its_own = |state: OrderState| raised.get(&state.order_id()).map(|revision| state.with_revision(*revision));
        Ok(states.into_iter().filter_map(with_its_own).collect())
    }
}
