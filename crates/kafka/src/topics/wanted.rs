//! Which topics a list of names and patterns means.

use regex::RegexSet;

/// The topics that are read: each name, whether there is such a topic or not, and of the topics that are there those that a pattern matches. A pattern
/// begins with `^`.
///
/// # Errors
/// If a pattern cannot be read. The text says why.
pub fn wanted<'t>(topics: &'t [String], there: impl IntoIterator<Item = &'t String>) -> Result<Vec<String>, String> {
    let (patterns, names): (Vec<&String>, Vec<&String>) = topics.iter().partition(|topic| topic.starts_with('^'));
    let patterns = RegexSet::new(patterns).map_err(|error| error.to_string())?;
    let matched = there.into_iter().filter(|topic| patterns.is_match(topic));
    let mut wanted: Vec<String> = names.into_iter().chain(matched).cloned().collect();
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_meant_as_they_are_and_patterns_by_what_is_there() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let there = texts(&["cdc.public.a", "cdc.public.b", "cdcx", "dlq-errors"]);
        for (topics, expected) in [
            (&["^cdc\\."][..], &["cdc.public.a", "cdc.public.b"][..]),
            (&["^cdc\\.public\\.[^b]$", "other"], &["cdc.public.a", "other"]),
            (&["cdc.public.a", "^cdc\\.public\\.a"], &["cdc.public.a"]),
            (&["^nothing"], &[]),
        ] {
            assert_eq!(wanted(&texts(topics), &there), Ok(texts(expected)), "{topics:?}");
        }
        assert!(wanted(&texts(&["^("]), &there).is_err());
    }
}
