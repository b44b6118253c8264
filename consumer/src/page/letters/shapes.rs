//! The shapes of `/api/letters`.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::page::error::ApiError;
use crate::results::dead_letters::{self, Filter};
use crate::trace::events::place;
use crate::trace::mask::Shown;

/// How many reasons a filter may name, and how long each text of it may be (P10).
const MOST_REASONS: usize = 20;
const LONGEST: usize = 1_000;

/// Which letters are meant. A field that is left out leaves all letters in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(optional_fields))]
pub struct LetterFilter {
    /// The reasons.
    pub reasons: Option<Vec<String>>,
    /// The record's topic.
    pub topic: Option<String>,
    /// The order's or the customer's id.
    pub key: Option<String>,
    /// Only letters from this time on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Only letters from before this time.
    pub until: Option<i64>,
    /// Whether only closed letters are meant, or only open ones.
    pub resolved: Option<bool>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
}

impl LetterFilter {
    /// The letters that are meant, whatever the page.
    ///
    /// # Errors
    /// A text is too long, there are too many, or a time is none.
    pub fn meant(&self) -> Result<Filter, ApiError> {
        let reasons = self.reasons.clone().unwrap_or_default();
        let texts = reasons.iter().chain(&self.topic).chain(&self.key);
        if reasons.len() > MOST_REASONS || texts.into_iter().any(|text| text.len() > LONGEST) {
            return Err(ApiError::bad_request("the filter is longer than a filter may be"));
        }
        let time = |millis: i64| DateTime::from_timestamp_millis(millis).ok_or_else(|| ApiError::bad_request("since or until is no time"));
        let not_empty = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Filter {
            reasons,
            topic: not_empty(&self.topic),
            key: not_empty(&self.key),
            since: self.since.map(time).transpose()?,
            until: self.until.map(time).transpose()?,
            resolved: self.resolved != Some(false),
            only_resolved: self.resolved == Some(true),
            ids: Vec::new(),
        })
    }
}

/// A page of letters.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LetterPage {
    /// When they were read, in milliseconds since 1970.
    pub as_of: i64,
    /// How long that took.
    pub took_ms: u64,
    /// At most 50, the newest first.
    pub items: Vec<Letter>,
    /// Where the next page begins; null at the end.
    pub next: Option<String>,
    /// All that the filter means but for its reasons, counted by reason.
    pub counts: Vec<ReasonCount>,
    /// Whether there are more than were counted.
    pub capped: bool,
}

/// Letters of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReasonCount {
    /// The reason.
    pub reason: String,
    /// How many there are.
    pub letters: i64,
    /// When the run of open ones began that reaches into the last ten minutes; null if there is none.
    pub rising_since: Option<i64>,
}

/// A letter, without any value of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Letter {
    /// Its id.
    pub id: String,
    /// The record's topic.
    pub topic: String,
    /// Where the record stands, `<partition>@<offset>`.
    pub position: String,
    /// The order, if the record could be read that far.
    pub order_id: Option<String>,
    /// The customer, if the record could be read that far; an address is masked.
    pub customer_id: Option<String>,
    /// The reason.
    pub reason: String,
    /// The step that refused the record.
    pub stage: String,
    /// What is wrong and where.
    pub message: String,
    /// How often it was replayed in vain.
    pub replays: i32,
    /// When the record was refused, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was closed.
    pub resolved_at: Option<i64>,
    /// What became of it.
    pub resolution: Option<String>,
}

impl Letter {
    /// A letter as it is shown to everybody (P11).
    #[must_use]
    pub fn new(letter: &dead_letters::Letter) -> Self {
        let letter = letter.clone();
        Self {
            position: place(letter.partition, letter.offset),
            id: letter.id,
            topic: letter.topic,
            order_id: letter.about.order_id.map(|id| id.to_string()),
            customer_id: letter.about.customer_id.map(|id| Shown::Masked.id(&id)),
            reason: letter.reason,
            stage: letter.stage,
            message: letter.message,
            replays: letter.replays,
            created_at: letter.created_at.timestamp_millis(),
            resolved_at: letter.resolved_at.map(|at| at.timestamp_millis()),
            resolution: letter.resolution,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_without_fields_means_all_letters_and_one_that_is_too_long_is_refused() {
        let read = |json: &str| serde_json::from_str::<LetterFilter>(json).unwrap();
        let all = read("{}").meant().unwrap();
        assert!(all.reasons.is_empty() && all.key.is_none());
        let resolved = |json: &str| read(json).meant().map(|filter| (filter.resolved, filter.only_resolved)).unwrap();
        let stands = [r"{}", r#"{"resolved":false}"#, r#"{"resolved":true}"#].map(resolved);
        assert_eq!(stands, [(true, false), (false, false), (true, true)], "all, open, closed");
        let filter = read(r#"{"reasons":["invalid"],"key":" 77 ","topic":"","since":1000,"resolved":true}"#).meant().unwrap();
        let since = filter.since.map(|since| since.timestamp_millis());
        assert_eq!((filter.reasons, filter.key, filter.topic, since), (vec!["invalid".into()], Some("77".into()), None, Some(1_000)));
        let long = LetterFilter { key: Some("x".repeat(1_001)), ..LetterFilter::default() };
        assert_eq!(long.meant().unwrap_err().status.as_u16(), 400);
        assert_eq!(read(r#"{"since":9223372036854775807}"#).meant().unwrap_err().status.as_u16(), 400);
    }
}
