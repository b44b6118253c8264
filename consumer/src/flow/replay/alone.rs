//! Which of the meant dead letters a replay does not touch, and why.

use crate::results::dead_letters::Count;

/// Why letters are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// Their topic is not read.
    OtherTopic,
    /// They are of another epoch, whose snapshot has overtaken them.
    OtherEpoch,
    /// They were replayed in vain often enough.
    TooOften,
}

/// How many letters are left alone for which reason, without the reasons that no letter has.
#[must_use]
pub fn left_alone(counts: &[Count], topics: &[String], epoch: i32, max_replays: i32) -> Vec<(Alone, u64)> {
    let why = |count: &Count| match count {
        Count { topic, .. } if !topics.contains(topic) => Some(Alone::OtherTopic),
        Count { epoch: of, .. } if *of != epoch => Some(Alone::OtherEpoch),
        Count { replays, .. } if *replays >= max_replays => Some(Alone::TooOften),
        _ => None,
    };
    let letters = |alone| counts.iter().filter(|count| why(count) == Some(alone)).map(|count| count.letters.unsigned_abs()).sum();
    let all = [Alone::OtherTopic, Alone::OtherEpoch, Alone::TooOften].map(|alone| (alone, letters(alone)));
    all.into_iter().filter(|(_, letters)| *letters > 0).collect()
}

impl Alone {
    /// The reason, as the end of a sentence about the letters.
    #[must_use]
    pub fn why(self, topics: &[String], epoch: i32, max_replays: i32) -> String {
        match self {
            Self::OtherTopic => format!("are of topics that are not read: only those of {} are replayed", topics.join(" and ")),
            Self::OtherEpoch => format!("are of another epoch than {epoch}: its snapshot has overtaken them"),
            Self::TooOften => format!("were replayed in vain {max_replays} times or more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_alone_is_counted_once_with_its_reason() {
        let count = |topic: &str, epoch, replays| Count { topic: topic.into(), epoch, reason: "invalid".into(), replays, letters: 2 };
        let counts = [count("orders", 1, 0), count("orders", 0, 5), count("orders", 1, 3), count("customers", 1, 0)];
        let topics = ["orders".to_owned()];
        let all = [(Alone::OtherTopic, 2), (Alone::OtherEpoch, 2), (Alone::TooOften, 2)];
        assert_eq!(left_alone(&counts, &topics, 1, 3), all);
        assert_eq!(left_alone(&counts[..1], &topics, 1, 3), []);
        assert!(Alone::OtherEpoch.why(&topics, 1, 3).contains("another epoch than 1"));
    }
}
