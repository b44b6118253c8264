//! Judges how it stands with the audit trail.

use super::Findings;
use crate::results::history::HistoryState;

pub(super) fn judge(wanted: bool, state: HistoryState, findings: &mut Findings) {
    let HistoryState { is_on, has_this_month, has_next_month, may_switch } = state;
    match (wanted, is_on) {
        (false, false) => {}
        (true, false) if !may_switch => findings.failed(
            "audit.history is on, but changes are not recorded, and this role may not begin that: let the owner of the tables run `orderstream migrate` with this setting",
        ),
        (true, false) => findings.warning("audit.history is on, but changes are not recorded yet: the next start of a process begins that, or `orderstream migrate`"),
        (false, true) => findings.warning(
            "changes of results are recorded although audit.history is off here: the process that has the first partition of orders ends that, unless it is on there",
        ),
        (true, true) if !has_this_month => findings.failed(
            "results_history has no partition for this month: each change has to make it; see that a process runs, and that its role owns the tables",
        ),
        (true, true) if !has_next_month => findings.warning(
            "results_history has no partition for the next month: the process that has the first partition of orders makes it; see that its role owns the tables",
        ),
        (true, true) => findings.ok("changes of results are recorded, and this month and the next have their partitions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade::{self, Failed, Ok, Warning};

    #[test]
    fn what_is_lacking_for_the_audit_trail_is_said() {
        let whole = HistoryState { is_on: true, has_this_month: true, has_next_month: true, may_switch: true };
        let off = HistoryState { is_on: false, ..whole };
        let grades = |wanted, state| -> Vec<Grade> {
            let mut findings = Findings::new("postgres");
            judge(wanted, state, &mut findings);
            findings.lines.iter().map(|finding| finding.grade).collect()
        };
        assert_eq!(grades(false, off), []);
        assert_eq!(grades(true, whole), [Ok]);
        assert_eq!(grades(false, whole), [Warning]);
        assert_eq!(grades(true, off), [Warning]);
        assert_eq!(grades(true, HistoryState { may_switch: false, ..off }), [Failed]);
        assert_eq!(grades(true, HistoryState { has_this_month: false, ..whole }), [Failed]);
        assert_eq!(grades(true, HistoryState { has_next_month: false, ..whole }), [Warning]);
    }
}
