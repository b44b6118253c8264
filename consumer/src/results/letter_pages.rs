//! Dead letters in pages of a fixed size, the newest first, each found by its place and not by counting those before it; their counts, which end
//! at a limit; and which kinds of them are rising. No question here reads more than an index gives in order (P10).

use std::collections::BTreeMap;
use std::time::Duration;

use change::rejection::Reason;
use chrono::{DateTime, Utc};
use ledger::StoreError;
use sqlx::{Postgres, QueryBuilder};

use super::Results;
use super::dead_letters::{Filter, Letter};

/// The letters of a page.
pub const ON_A_PAGE: usize = 50;

/// How many letters are counted.
pub const COUNTED: i64 = 10_000;

/// How many letters of one reason are looked at to tell whether they are rising.
pub const MOST_OF_A_REASON: usize = 10_000;

/// Letters of one reason that follow each other within this time are one run, and a run that has not ended for so long is rising.
pub const GAP: Duration = Duration::from_secs(600);

/// The letter after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// When that letter's record was refused.
    pub created_at: DateTime<Utc>,
    /// Its id, because letters of one batch have the same time.
    pub id: String,
}

impl After {
    /// The place as a text for others to bring back.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.created_at.timestamp_micros(), self.id)
    }

    /// The place in a text of [`Self::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once(':')?;
        Some(Self { created_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?, id: id.to_owned() })
    }
}

/// A page of letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterPage {
    /// At most [`ON_A_PAGE`], the newest first.
    pub letters: Vec<Letter>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<After>,
}

/// Letters by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterCounts {
    /// The number of each reason.
    pub by_reason: BTreeMap<String, i64>,
    /// Whether there are more than were counted. The newest are counted then.
    pub capped: bool,
}

/// The times of the open letters of a reason, in milliseconds since 1970, the newest first.
#[derive(Debug, sqlx::FromRow)]
struct Times {
    reason: String,
    times: Vec<i64>,
    now: i64,
}

/// The newest open letters of each reason alone, so that the answer does not grow, and a flood of one reason does not hide the others.
const TIMES: &str = "
select known.reason, newest.times, (extract(epoch from now()) * 1000)::bigint as now
from unnest($2::text[]) as known(reason)
cross join lateral (
    select array(
        select (extract(epoch from letter.created_at) * 1000)::bigint from dead_letters as letter
        where letter.resolved_at is null and letter.reason = known.reason
        order by letter.created_at desc limit $1
    ) as times
) as newest";

/// Letters of one reason that follow each other, up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When the first of them was refused, in milliseconds since 1970.
    pub since: i64,
    /// How many they are. [`MOST_OF_A_REASON`] means that there may be more, and that the run may be older.
    pub letters: usize,
}

impl Results {
    /// A page of the letters that the filter means.
    ///
    /// # Errors
    /// If Postgres is away, or does not find them in time.
    pub async fn letter_page(&self, filter: &Filter, after: Option<&After>) -> Result<LetterPage, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("select * from dead_letters where true");
        meant(&mut query, filter);
        if let Some(After { created_at, id }) = after {
            query.push(" and (created_at, id) < (").push_bind(*created_at).push(", ").push_bind(id.clone()).push(")");
        }
        // One more than the page has tells whether there is another page.
        query.push(" order by created_at desc, id desc limit ").push_bind(i64::try_from(ON_A_PAGE + 1).unwrap_or(i64::MAX));
        // Not prepared, so that each plan is made for its values: a reason may be rare or that of nearly all letters.
        let asked = query.build_query_as::<Letter>().persistent(false);
        let mut letters = self.lease().await?.ask(|on| asked.fetch_all(on)).await?;
        let has_more = letters.len() > ON_A_PAGE;
        letters.truncate(ON_A_PAGE);
        let last = letters.last().filter(|_| has_more);
        let next = last.map(|last| After { created_at: last.created_at, id: last.id.clone() });
        Ok(LetterPage { letters, next })
    }

    /// Counts the letters that the filter means, by reason.
    ///
    /// # Errors
    /// If Postgres is away, or does not count them in time.
    pub async fn counted_letters(&self, filter: &Filter) -> Result<LetterCounts, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("select reason, count(*) from (select reason from dead_letters where true");
        meant(&mut query, filter);
        query.push(" order by created_at desc, id desc limit ").push_bind(COUNTED + 1).push(") as newest group by reason");
        let asked = query.build_query_as::<(String, i64)>().persistent(false);
        let counts = self.lease().await?.ask(|on| asked.fetch_all(on)).await?;
        let capped = counts.iter().map(|(_, count)| count).sum::<i64>() > COUNTED;
        Ok(LetterCounts { by_reason: counts.into_iter().collect(), capped })
    }

    /// The reasons whose open letters are rising, with their runs.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn rising_letters(&self) -> Result<BTreeMap<String, Run>, StoreError> {
        let reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        let query = sqlx::query_as::<_, Times>(TIMES).bind(i64::try_from(MOST_OF_A_REASON).unwrap_or(i64::MAX)).bind(reasons);
        let all = self.lease().await?.ask(|on| query.fetch_all(on)).await?;
        Ok(all.into_iter().filter_map(|of| Some((of.reason, rising(&of.times, of.now)?))).collect())
    }
}

/// Adds the conditions of a filter: only those that it has, because a condition that lets all pass keeps Postgres from its indexes.
fn meant(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if filter.only_resolved {
        query.push(" and resolved_at is not null");
    } else if !filter.resolved {
        query.push(" and resolved_at is null");
    }
    if !filter.reasons.is_empty() {
        query.push(" and reason = any(").push_bind(filter.reasons.clone()).push(")");
    }
    if let Some(topic) = &filter.topic {
        query.push(" and topic = ").push_bind(topic.clone());
    }
    if let Some(key) = &filter.key {
        query.push(" and (customer_id = ").push_bind(key.clone());
        // A key that is a number may be that of an order.
        if let Ok(order_id) = key.parse::<i64>() {
            query.push(" or order_id = ").push_bind(order_id);
        }
        query.push(")");
    }
    if let Some(since) = filter.since {
        query.push(" and created_at >= ").push_bind(since);
    }
    if let Some(until) = filter.until {
        query.push(" and created_at < ").push_bind(until);
    }
    if !filter.ids.is_empty() {
        query.push(" and id = any(").push_bind(filter.ids.clone()).push(")");
    }
}

/// Fewer letters than this are no rise, however near they are.
const FEWEST: usize = 3;

/// The run of letters that reaches into the last ten minutes; `None` if there is none, or of too few. `times` stand with the newest first, in
/// milliseconds.
#[must_use]
pub fn rising(times: &[i64], now: i64) -> Option<Run> {
    let gap = i64::try_from(GAP.as_millis()).unwrap_or(i64::MAX);
    let mut later = now;
    let is_near = |time: &&i64| {
        let is_near = later.saturating_sub(**time) <= gap;
        later = **time;
        is_near
    };
    let letters = times.iter().take_while(is_near).count();
    if letters >= FEWEST { Some(Run { since: times[letters - 1], letters }) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_letters_has_a_beginning_and_a_length_and_is_rising_only_if_it_reaches_into_the_last_ten_minutes() {
        const MINUTE: i64 = 60_000;
        let now = 1_000 * MINUTE;
        let ago = |minutes: &[i64]| minutes.iter().map(|minutes| now - minutes * MINUTE).collect::<Vec<_>>();
        for (minutes, began) in [
            (&[][..], None),
            (&[11], None),
            (&[10, 10], None),
            (&[10, 10, 10], Some((10, 3))),
            (&[0, 10, 20, 30], Some((30, 4))),
            (&[1, 2, 13, 14], None),
            (&[1, 2, 3, 14], Some((3, 3))),
            (&[3, 3, 3, 40], Some((3, 3))),
            // A clock that is ahead.
            (&[-1, 5, 5], Some((5, 3))),
        ] {
            let expected = began.map(|(minutes, letters): (i64, usize)| Run { since: now - minutes * MINUTE, letters });
            assert_eq!(rising(&ago(minutes), now), expected, "{minutes:?}");
        }
    }

    #[test]
    fn a_place_comes_back_as_it_was_and_other_texts_are_none() {
        let place = After { created_at: DateTime::from_timestamp_micros(1_796_094_056_793_922).unwrap(), id: "a:b-0-1-0".into() };
        assert_eq!(After::parse(&place.text()), Some(place));
        for wrong in ["", "5", "x:y", "99999999999999999999:y"] {
            assert_eq!(After::parse(wrong), None, "{wrong}");
        }
    }
}
