//! Judges how customers of the source differ from their hashes in Redis (P2, P8).

use super::verdict::Verdict;

/// The compared columns, in order.
pub const COLUMNS: [&str; 4] = ["name", "email", "tier", "country"];

/// How a customer differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerDifference {
    /// The source has the customer and Redis does not.
    Missing,
    /// Redis has the customer and the source does not.
    Extra,
    /// Both have the customer, and these fields differ.
    Different(Vec<&'static str>),
}

/// What is known of a customer beside the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CustomerCircumstances {
    /// The customer changed while it was looked at, or the customers' topic is not yet processed up to where its log ended before.
    pub in_flight: bool,
    /// Redis has lost something of the customers' topic and is being made whole (P8).
    pub redis_behind: bool,
    /// A change of the customer is an open dead letter.
    pub letter: bool,
}

/// Judges a difference of a customer.
#[must_use]
pub fn judge_customer(circumstances: CustomerCircumstances) -> Verdict {
    match circumstances {
        CustomerCircumstances { in_flight: true, .. } => Verdict::InFlight,
        CustomerCircumstances { redis_behind: true, .. } => Verdict::BeingRepaired,
        CustomerCircumstances { letter: true, .. } => Verdict::DeadLetter,
        CustomerCircumstances { .. } => Verdict::Finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_excuses_is_a_finding() {
        let none = CustomerCircumstances::default();
        assert_eq!(judge_customer(none), Verdict::Finding);
        assert_eq!(judge_customer(CustomerCircumstances { letter: true, ..none }), Verdict::DeadLetter);
        assert_eq!(judge_customer(CustomerCircumstances { letter: true, redis_behind: true, ..none }), Verdict::BeingRepaired);
        assert_eq!(judge_customer(CustomerCircumstances { redis_behind: true, in_flight: true, ..none }), Verdict::InFlight);
    }
}
