//! What a server does not do although it answers.

use std::time::Instant;

/// Something that a server does not do, or does not do as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impairment {
    /// What is impaired, and what repairs it, in one clause.
    pub what: String,
    /// Whether the work cannot go on because of it.
    pub stops: bool,
}

/// An impairment with the time when it was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) impairment: Impairment,
    pub(super) since: Instant,
}

/// Replaces the known impairments by those that were found now. Impairments that were known before keep their time. Returns the new ones.
pub(super) fn follow(known: &mut Vec<Found>, now_found: &[Impairment], now: Instant) -> Vec<Impairment> {
    let before = std::mem::take(known);
    let since = |impairment: &Impairment| before.iter().find(|found| found.impairment == *impairment).map(|found| found.since);
    let news = now_found.iter().filter(|impairment| since(impairment).is_none()).cloned().collect();
    known.extend(now_found.iter().map(|impairment| Found { since: since(impairment).unwrap_or(now), impairment: impairment.clone() }));
    news
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_still_there_is_no_news_and_keeps_its_time() {
        let start = Instant::now();
        let found = |names: &[&str]| names.iter().map(|name| Impairment { what: (*name).to_owned(), stops: false }).collect::<Vec<_>>();
        let mut known = Vec::new();
        assert_eq!(follow(&mut known, &found(&["a", "b"]), start), found(&["a", "b"]));
        let later = start + Duration::from_secs(5);
        assert_eq!(follow(&mut known, &found(&["b", "c"]), later), found(&["c"]));
        let times: Vec<_> = known.iter().map(|found| (found.impairment.what.as_str(), found.since)).collect();
        assert_eq!(times, [("b", start), ("c", later)]);
    }
}
