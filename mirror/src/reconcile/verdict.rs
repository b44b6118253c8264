//! Judges a difference that did not go away: whether it is a finding, or is on its way or was said beforehand. Pure.

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The source has the row and the target does not.
    Missing,
    /// The target has the row and the source does not.
    Extra,
    /// Both have the row, and these columns differ.
    Different(Vec<String>),
}

/// What is known of the row beside the difference.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'c> {
    /// The table waits for an operator, with the events behind it.
    pub waits: bool,
    /// The row changed while it was looked at, or its partition has not yet come to where Kafka's log ended before.
    pub in_flight: bool,
    /// An open dead letter of the table stands behind the event that the row owes its state to.
    pub letter: bool,
    /// The columns of which the plan says that some values cannot arrive.
    pub inexact: &'c [String],
    /// The columns whose old values the source has changed without any event.
    pub stale: &'c [String],
}

/// What to say of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The difference is wrong and stays so.
    Finding,
    /// The difference is wrong and stays so, because the source has changed the columns without an event.
    Stale,
    /// The difference is wrong and stays so, and a change that could not be processed may be why.
    DeadLetter,
    /// Changes are still to come.
    InFlight,
    /// Changes are still to come once the table does not wait any more.
    Waiting,
    /// The plan has said that values of these columns cannot arrive.
    Inexact,
}

impl Verdict {
    /// Whether a repair sets the difference right.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::Finding | Self::Stale | Self::DeadLetter)
    }
}

/// Judges a difference.
#[must_use]
pub fn judge(difference: &Difference, circumstances: Circumstances<'_>) -> Verdict {
    let Circumstances { waits, in_flight, letter, inexact, stale } = circumstances;
    let only = |is_known: &dyn Fn(&String) -> bool| matches!(difference, Difference::Different(columns) if columns.iter().all(is_known));
    if waits {
        Verdict::Waiting
    } else if in_flight {
        Verdict::InFlight
    } else if only(&|column| inexact.contains(column)) {
        Verdict::Inexact
    } else if only(&|column| inexact.contains(column) || stale.contains(column)) {
        Verdict::Stale
    } else if letter {
        Verdict::DeadLetter
    } else {
        Verdict::Finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_explains_is_a_finding() {
        let (iv, age) = (["iv".to_owned()], ["age".to_owned()]);
        let known = Circumstances { inexact: &iv, stale: &age, ..Circumstances::default() };
        let different = |columns: &[&str]| Difference::Different(columns.iter().map(ToString::to_string).collect());
        for (difference, circumstances, verdict) in [
            (Difference::Missing, known, Verdict::Finding),
            (different(&["iv"]), known, Verdict::Inexact),
            (different(&["age"]), known, Verdict::Stale),
            (different(&["age", "iv"]), known, Verdict::Stale),
            (different(&["age", "name"]), known, Verdict::Finding),
            (different(&["name"]), Circumstances { letter: true, ..known }, Verdict::DeadLetter),
            (Difference::Extra, Circumstances { letter: true, in_flight: true, ..known }, Verdict::InFlight),
            (different(&["iv"]), Circumstances { waits: true, in_flight: true, ..known }, Verdict::Waiting),
        ] {
            assert_eq!(judge(&difference, circumstances), verdict, "{difference:?}");
        }
    }
}
