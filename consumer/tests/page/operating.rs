//! What an operator does by the page.

use crate::flow::with_letters;
use crate::shop::poison::DROP_CONSTRAINT;
use crate::{browser, watched};

#[test]
fn a_replay_takes_four_steps_and_nothing_is_done_before_the_last_one() {
    let Some(mut shop) = watched::shop() else { return };
    let (apart, number) = with_letters(&mut shop, "page_replayed");
    let counts = "select count(*) filter (where resolved_at is null), (select count(*) from operator_actions where executed_at is not null) from dead_letters";
    browser::sees("replayed", &watched::url(shop.process(number)), |what, _| match what {
        "letters open, actions begun" => apart.sql(counts),
        "the cause is mended" => apart.sql(DROP_CONSTRAINT),
        other => watched::nothing(other, ""),
    });
    apart.await_sql("select count(*) from results", "6");
}

#[test]
fn a_partition_is_paused_and_goes_on_by_the_page_and_is_degraded_meanwhile() {
    let Some(shop) = watched::shop() else { return };
    let pauses = "select count(*) from partition_controls";
    watched::sees(&shop, "partition_paused", |what, _| match what {
        "pauses" => shop.sql(pauses),
        "ready" => shop.process(0).get("/readyz").unwrap().0.to_string(),
        other => watched::nothing(other, ""),
    });
    assert_eq!(shop.sql(pauses), "0");
}

#[test]
fn the_breaker_is_held_open_and_released_by_the_page() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "breaker_held", watched::nothing);
    shop.process(0).await_readiness(200, "ok");
}
