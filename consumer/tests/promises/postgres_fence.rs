//! The fence of a batch's transaction against the real Postgres (P4).

use ledger::claim::Holder;
use orderstream::results::ApplyError;

use crate::shop::fresh::{Fresh, at, batch, put};

#[test]
fn a_worker_of_an_older_claim_writes_nothing() {
    let fresh = Fresh::database("fence");
    let zombie = fresh.claim(0);
    let owner = fresh.claim(0);
    assert_eq!(owner.generation, zombie.generation + 1);
    let refused = fresh.apply(&zombie, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![]));
    assert!(matches!(refused, Err(ApplyError::Fenced)), "{refused:?}");
    assert_eq!((fresh.live(1), fresh.number("select next_offset from consumer_offsets")), (None, 0));
    assert_eq!(fresh.runtime.block_on(fresh.results.ledger.standing(&zombie)).unwrap(), Holder::Elsewhere);
}

#[test]
fn a_batch_that_was_committed_cannot_be_committed_again() {
    let fresh = Fresh::database("twice");
    let claim = fresh.claim(0);
    let first = batch(0, 2, vec![put(1, 5, at(0, 0, 10)), put(2, 5, at(0, 1, 11))], vec![]);
    fresh.apply(&claim, &first).unwrap();
    assert!(matches!(fresh.apply(&claim, &first), Err(ApplyError::Fenced)));
    assert_eq!(fresh.number("select applied from consumer_offsets"), 2);
    assert_eq!(fresh.runtime.block_on(fresh.results.ledger.standing(&claim)).unwrap(), Holder::Mine { next_offset: 2 });
}

#[test]
fn a_claim_is_the_first_until_a_record_was_processed_and_knows_whether_an_earlier_epoch_had_the_partition() {
    let fresh = Fresh::database("first");
    assert!(fresh.claim(0).is_first());
    let second = fresh.claim(0);
    assert!(second.is_first() && !second.has_past);
    fresh.apply(&second, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    assert!(!fresh.claim(0).is_first());
    let raised = fresh.claim_in(1, 0);
    assert!(raised.is_first() && raised.has_past);
    assert!(!fresh.claim_in(1, 1).has_past, "nobody had that partition before");
}
