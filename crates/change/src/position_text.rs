//! Writes a position as fixed-width text, which the script in Redis compares. Without I/O, so that it can be tested with arbitrary
//! positions.

use crate::position::{Origin, Position};

/// The length of the part that the script compares. After that part comes the source's time, which earlier versions did not write.
const DECIDES: usize = 83;
/// The length of the whole text.
const LENGTH: usize = 104;

/// Writes a position as the script reads it. The numbers of Kafka and Postgres are not negative.
#[must_use]
pub fn write(position: &Position) -> String {
    let Position { epoch, partition, offset, kind, commit, lsn, ts_ms } = position;
    let number = |n: &Option<i64>| n.map_or_else(|| "0".repeat(21), |n| format!("1{:020}", n.max(0)));
    let (epoch, partition, offset) = ((*epoch).max(0), (*partition).max(0), (*offset).max(0));
    format!("{epoch:010}{partition:010}{offset:020}{}{}{}{}", kind.code(), number(commit), number(lsn), number(ts_ms))
}

/// The position that a text stands for; `None` for any other text.
#[must_use]
pub fn parse(text: &str) -> Option<Position> {
    (text.is_ascii() && [DECIDES, LENGTH].contains(&text.len())).then_some(())?;
    let number = |at: std::ops::Range<usize>| match text.get(at)?.strip_prefix('1') {
        Some(digits) => digits.parse().ok(),
        None => None,
    };
    Some(Position {
        epoch: text.get(..10)?.parse().ok()?,
        partition: text.get(10..20)?.parse().ok()?,
        offset: text.get(20..40)?.parse().ok()?,
        kind: Origin::from_code(text.get(40..41)?.chars().next()?)?,
        commit: number(41..62),
        lsn: number(62..DECIDES),
        ts_ms: number(DECIDES..LENGTH),
    })
}

/// The text of the position right behind the given one ([`Position::behind`]). Any other text is returned as it is.
#[must_use]
pub fn behind(text: &str) -> String {
    parse(text).map_or_else(|| text.to_owned(), |position| write(&position.behind()))
}

/// Whether a stored text stands for this position.
#[must_use]
pub fn is_of(stored: &str, position: &Position) -> bool {
    parse(stored).is_some_and(|stored| Position { ts_ms: position.ts_ms, ..stored } == *position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written_and_so_is_one_of_an_earlier_version() {
        let with_time = Position {
            epoch: 1,
            partition: 2,
            offset: 3,
            kind: Origin::Stream,
            commit: None,
            lsn: Some(5),
            ts_ms: Some(1_795_262_400_000),
        };
        let text = write(&with_time);
        assert_eq!((text.len(), parse(&text)), (LENGTH, Some(with_time)));
        assert_eq!(parse(&text[..DECIDES]), Some(Position { ts_ms: None, ..with_time }));
        assert!(is_of(&text[..DECIDES], &with_time) && !is_of(&text, &Position { offset: 4, ..with_time }));
        for other in ["", "abc", &text[..90], &text.replace('w', "x"), &"\u{e9}".repeat(52)] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
