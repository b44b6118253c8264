//! Puts the orders of customers who have changed on the list of the sweep.

use std::time::{Duration, Instant};

use ledger::StoreError;

use super::{Swept, part};
use crate::orders::enrich::Lookup;
use crate::results::marked::Expansion;
use crate::shared::Shared;

/// The customers of each partition that one round takes at most.
const CUSTOMERS: i64 = 500;

/// How long one round may put orders on the list: orders that are on the list already wait about this long for it, and no longer (P10).
const ENOUGH: Duration = Duration::from_secs(1);

/// Takes a step for each marked customer. A customer whose orders cannot be looked through does not hold up the others.
pub(super) async fn expand(shared: &Shared, partitions: &[i32]) -> Result<Swept, StoreError> {
    let marked = shared.results.marked_customers(partitions, CUSTOMERS).await?;
    let ids: Vec<&str> = marked.iter().map(|marked| marked.customer_id.as_str()).collect();
    let (lookups, _) = shared.customers.look_up(&ids).await;
    let (began, mut all) = (Instant::now(), Swept::Nothing);
    for (marked, lookup) in marked.iter().zip(lookups) {
        let version = match &lookup {
            Lookup::Found(customer) => customer.version.as_deref(),
            Lookup::Missing => None,
            Lookup::Unavailable => return Ok(Swept::RedisIsAway),
        };
        let expanded = shared.results.expand(marked, version, shared.refresh, Expansion::USUAL).await;
        all = all.max(part(shared, expanded.map(|_| Swept::Some))?);
        if began.elapsed() > ENOUGH {
            break;
        }
    }
    Ok(all)
}
