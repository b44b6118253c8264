//! Judges a difference that did not go away: whether it is a finding, or is on its way or known already.

use super::compare::are_of_the_customer;

/// How an order differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The source has the order and `results` does not.
    Missing,
    /// `results` has the order and the source does not: a ghost, which no event will remove.
    Extra,
    /// Both have the order, and these columns differ.
    Different(Vec<&'static str>),
    /// Redis has no hash of a row.
    HashAbsent,
    /// The hash is not what the row says.
    HashDifferent,
    /// Redis has a hash, and `results` neither has a row nor expects one.
    HashExtra,
}

/// What is known of the order beside the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The order changed while it was looked at, or its partition has not yet come to where Kafka's log ended before: changes are still to
    /// come.
    pub in_flight: bool,
    /// The order is on the list of the sweep, or its customer is marked.
    pub due: bool,
    /// A truncate is being carried out, and has not come to this order yet.
    pub truncated: bool,
    /// A change of the order is an open dead letter.
    pub letter: bool,
    /// Redis lags behind the order's partition and is being made whole (P8).
    pub redis_behind: bool,
}

/// What to say of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The difference is wrong and stays so.
    Finding,
    /// Changes are still to come.
    InFlight,
    /// The sweep, or the rebuild of Redis, is about to set the difference right.
    BeingRepaired,
    /// The difference is wrong and stays so, and a change of the order could not be processed: `orderstream dlq list` has that change.
    DeadLetter,
}

impl Verdict {
    /// Whether a repair sets the difference right. A dead letter does not stand in the way: the source is asked for the order as it is now,
    /// and what the dead letter holds is older than that.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::Finding | Self::DeadLetter)
    }
}

/// Judges a difference.
#[must_use]
pub fn judge(difference: &Difference, circumstances: Circumstances) -> Verdict {
    let Circumstances { in_flight, due, truncated, letter, redis_behind } = circumstances;
    let swept = match difference {
        Difference::Missing => false,
        Difference::Extra => truncated,
        Difference::Different(columns) => due && are_of_the_customer(columns),
        Difference::HashAbsent | Difference::HashDifferent | Difference::HashExtra => due || redis_behind,
    };
    let is_of_the_row = !matches!(difference, Difference::HashAbsent | Difference::HashDifferent | Difference::HashExtra);
    if in_flight {
        Verdict::InFlight
    } else if swept {
        Verdict::BeingRepaired
    } else if letter && is_of_the_row {
        Verdict::DeadLetter
    } else {
        Verdict::Finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sweep_excuses_only_what_it_sets_right() {
        let due = Circumstances { due: true, ..Circumstances::default() };
        let judged = |difference: &Difference| judge(difference, due);
        assert_eq!(judged(&Difference::Different(vec!["customer_name"])), Verdict::BeingRepaired);
        assert_eq!(judged(&Difference::HashAbsent), Verdict::BeingRepaired);
        assert_eq!(judged(&Difference::Different(vec!["customer_name", "status"])), Verdict::Finding);
        assert_eq!(judged(&Difference::Missing), Verdict::Finding);
        assert_eq!(judged(&Difference::Extra), Verdict::Finding);
    }

    #[test]
    fn a_truncate_under_way_excuses_what_is_left_over_alone() {
        let truncated = Circumstances { truncated: true, ..Circumstances::default() };
        assert_eq!(judge(&Difference::Extra, truncated), Verdict::BeingRepaired);
        assert_eq!(judge(&Difference::Missing, truncated), Verdict::Finding);
    }

    #[test]
    fn a_letter_explains_a_row_but_no_hash_and_what_is_in_flight_is_not_judged() {
        let letter = Circumstances { letter: true, ..Circumstances::default() };
        assert_eq!(judge(&Difference::Missing, letter), Verdict::DeadLetter);
        assert_eq!(judge(&Difference::HashDifferent, letter), Verdict::Finding);
        assert_eq!(judge(&Difference::Missing, Circumstances { in_flight: true, ..letter }), Verdict::InFlight);
        assert_eq!(judge(&Difference::Extra, Circumstances::default()), Verdict::Finding);
    }

    #[test]
    fn a_redis_that_is_being_made_whole_excuses_its_hashes_alone() {
        let behind = Circumstances { redis_behind: true, ..Circumstances::default() };
        assert_eq!(judge(&Difference::HashAbsent, behind), Verdict::BeingRepaired);
        assert_eq!(judge(&Difference::Missing, behind), Verdict::Finding);
    }
}
