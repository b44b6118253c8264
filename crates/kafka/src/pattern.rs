//! Checks a pattern of topics before Kafka's client takes it, which says of a wrong one only that an argument is invalid, and of a class such as
//! `\d` nothing at all.

/// Whether the client can read the pattern as it is meant. Its patterns are the extended ones of POSIX. Source: librdkafka, `rd_regex_comp`.
///
/// # Errors
/// What is wrong with the pattern, as a sentence goes on behind `is`, without any part of the pattern but the sign in question.
pub fn check(pattern: &str) -> Result<(), String> {
    let mut signs = pattern.chars();
    let (mut open, mut has_something) = (0_usize, false);
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                None => return Err("a pattern that ends in a backslash".to_owned()),
                Some(letter) if letter.is_ascii_alphanumeric() => {
                    return Err(format!(
                        "a pattern with \\{letter}, which Kafka's client does not know: write a class, such as [0-9] or [a-z_]"
                    ));
                }
                Some(_) => has_something = true,
            },
            '[' => {
                skip_class(&mut signs).ok_or("a pattern with a [ that is not closed")?;
                has_something = true;
            }
            '(' => {
                open += 1;
                has_something = false;
            }
            ')' => {
                open = open.checked_sub(1).ok_or("a pattern with a ) that closes nothing")?;
                has_something = true;
            }
            '|' => has_something = false,
            '*' | '+' | '?' | '{' if !has_something => {
                return Err(format!("a pattern with a {sign} that repeats nothing; groups such as (?i) are unknown to Kafka's client"));
            }
            '{' => {
                signs.find(|sign| *sign == '}').ok_or("a pattern with a { that is not closed")?;
            }
            '^' => {}
            _ => has_something = true,
        }
    }
    if open == 0 { Ok(()) } else { Err("a pattern with a ( that is not closed".to_owned()) }
}

/// Goes behind the end of a class; `None` if it has none. A `]` that comes first belongs to the class.
fn skip_class(signs: &mut std::str::Chars<'_>) -> Option<()> {
    let mut is_first = true;
    loop {
        match signs.next()? {
            '^' if is_first => {}
            ']' if !is_first => return Some(()),
            _ => is_first = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_the_client_would_refuse_or_read_otherwise_is_refused_with_the_reason() {
        for right in [r"^cdc\.", "^(a|b)c*$", r"^cdc\.[]a-z]+\..{1,3}$", r"^cdc\.(orders|items)?", "^a|^b", "^[^.]+$", r"^a\(b"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for (wrong, what) in [
            (r"^cdc\.(a", "a ( that is not closed"),
            ("^cdc)", "a ) that closes nothing"),
            ("^cdc[a", "a [ that is not closed"),
            ("^[]", "a [ that is not closed"),
            ("^*", "a * that repeats nothing"),
            ("^(?i)cdc", "a ? that repeats nothing"),
            ("^a|+", "a + that repeats nothing"),
            ("^a{2", "a { that is not closed"),
            (r"^cdc\.\d+", r"with \d"),
            ("^cdc\\", "ends in a backslash"),
        ] {
            assert!(check(wrong).is_err_and(|said| said.contains(what)), "{wrong}: {:?}", check(wrong));
        }
    }
}
