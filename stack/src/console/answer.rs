//! The comparison of a command's output with what the document says.

/// Whether `printed` contains `expected`: the same words in the same order, whatever the space between them. Times and versions, which
/// differ from run to run, are compared by their shape.
#[must_use]
pub fn has(printed: &str, expected: &str) -> bool {
    let (printed, expected) = (words(printed), words(expected));
    expected.is_empty() || printed.windows(expected.len()).any(|found| found == expected)
}

fn words(text: &str) -> Vec<String> {
    // A document breaks long lines after a comma.
    let text: String = text.split(",\n").map(|part| part.trim_start().to_owned()).collect::<Vec<_>>().join(",");
    text.split_whitespace().filter(|word| !is_rule(word)).map(shape).collect()
}

/// Whether the word is a part of the line below a table's head, whose length depends on the longest value.
fn is_rule(word: &str) -> bool {
    word.len() > 1 && word.chars().all(|letter| letter == '-' || letter == '+')
}

/// Times and versions as their shape, everything else as it is.
fn shape(word: &str) -> String {
    let pattern: String = word.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    let is_time = pattern.starts_with("0000-00-00") || pattern.starts_with("00:00:00");
    let is_version = pattern == "0000000000-00000000000000000000";
    if is_time {
        // Trailing zeros of a fraction are not printed.
        pattern.split('.').next().unwrap_or_default().trim_end_matches('Z').to_owned()
    } else if is_version {
        pattern
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_count_and_not_the_space_between_them() {
        assert!(has(" id \n----\n  6\n(1 row)\n", " id\n---\n 6"));
        assert!(has("version\n0000000000-00000000000000000123\norder_id\n6\n", "version  0000000000-00000000000000000008\norder_id 6"));
        assert!(has("a=1,b=2", "a=1,\n  b=2"));
        assert!(has("anything", ""));
    }

    #[test]
    fn another_word_is_another_answer() {
        assert!(!has("quantity 3", "quantity 2"));
        assert!(!has("2026-11-21T13:49:46.815515 paid", "2026-11-21T13:49:46.8Z pending"));
        assert!(!has("total", "total status"));
    }

    #[test]
    fn times_differ_from_run_to_run() {
        assert!(has("2027-01-02T03:04:05.678901Z", "2026-11-21T13:50:21.131253Z"));
        assert!(has("pending | 00:00:01.1", "pending | 00:00:01.018157"));
    }
}
