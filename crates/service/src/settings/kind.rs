//! The kinds of values that a setting may have: what is allowed, and how a value is checked.

use super::properties::Properties;
use crate::http::is_loopback;
use crate::logging;

/// The shape of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words, in upper or lower case.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// A number above 0, up to 1.
    Share,
    /// `host:port`, several separated by commas.
    Servers,
    /// The name of a Kafka topic.
    Topic,
    /// The URL of a server. The password in the URL is never shown.
    Url {
        /// The allowed values, for people.
        allowed: &'static str,
        /// Says what is wrong with a text, without repeating any part of the text.
        check: fn(&str) -> Result<(), String>,
    },
    /// A text that passes this check.
    Checked {
        /// The allowed values, for people.
        allowed: &'static str,
        /// Says what is wrong with a text, without repeating any part of the text.
        check: fn(&str) -> Result<(), String>,
    },
    /// `address:port` to listen on.
    Listen,
    /// `address:port` to listen on that only this machine reaches.
    Loopback,
    /// Directives of a log filter.
    Filter,
    /// Lines of `name=value`. Each of them must pass this check.
    Properties(fn(&str, &str) -> Result<(), String>),
}

impl Kind {
    /// The allowed values, for people.
    #[must_use]
    pub fn allowed(&self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Choice(words) => words.join(" | "),
            Self::Number(from, to) => format!("{from} to {to}"),
            Self::Share => "above 0, up to 1".into(),
            Self::Servers => "host:port, several by comma".into(),
            Self::Topic => "a topic: up to 249 of a-z A-Z 0-9 . _ -".into(),
            Self::Url { allowed, .. } | Self::Checked { allowed, .. } => (*allowed).into(),
            Self::Listen => "address:port".into(),
            Self::Loopback => "127.0.0.1:port, [::1]:port or localhost:port".into(),
            Self::Filter => "a level, or module=level by comma".into(),
            Self::Properties(_) => "name=value".into(),
        }
    }

    /// The value in its one spelling. An error never repeats the value, which may hold a password.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn normalize(&self, text: &str) -> Result<String, String> {
        let fine = |good: bool, otherwise: &str| if good { Ok(text.to_owned()) } else { Err(otherwise.to_owned()) };
        match self {
            Self::Text => fine(true, ""),
            Self::Choice(words) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| (*word).to_owned())
                .ok_or_else(|| "not one of the words".into()),
            Self::Number(from, to) => in_range(text, *from, *to),
            Self::Share => match text.parse::<f64>() {
                Ok(share) if share > 0.0 && share <= 1.0 => Ok(share.to_string()),
                _ => Err("not such a number".into()),
            },
            Self::Servers => fine(text.split(',').all(|server| is_address(server.trim(), 1)), "not a list of host:port"),
            Self::Topic => fine(is_topic(text), "not the name of a topic"),
            Self::Url { check, .. } | Self::Checked { check, .. } => check(text).map(|()| text.to_owned()),
            Self::Listen => fine(is_address(text, 0), "not an address:port"),
            Self::Loopback => fine(
                is_address(text, 0) && is_loopback(text),
                "not an address:port of this machine alone, and whoever reaches the port could change what is logged",
            ),
            Self::Filter => fine(logging::filter(text).is_ok(), "not a log filter"),
            Self::Properties(check) => Properties::parse_checked(text, check).map(|properties| properties.to_text()),
        }
    }
}

fn in_range(text: &str, from: u64, to: u64) -> Result<String, String> {
    if text.len() > 1 && text.starts_with('0') && text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(with_leading_zero(text));
    }
    match text.parse::<u64>() {
        Ok(number) if (from..=to).contains(&number) => Ok(number.to_string()),
        Ok(number) if number < from => Err("too small".into()),
        Ok(_) => Err("too large".into()),
        Err(_) => Err("not a whole number in digits".into()),
    }
}

/// The error for a number with a leading zero. YAML 1.1, shells and C read such a number as octal, YAML 1.2 reads it as decimal.
fn with_leading_zero(text: &str) -> String {
    let decimal = Some(text.trim_start_matches('0')).filter(|digits| !digits.is_empty()).unwrap_or("0");
    let octal = u64::from_str_radix(text, 8).ok().map(|octal| octal.to_string()).filter(|octal| octal != decimal);
    let otherwise = octal.map(|octal| format!(", or {octal} if octal is meant"));
    format!("read in two ways because of its leading zero: write {decimal}{}", otherwise.unwrap_or_default())
}

fn is_address(text: &str, lowest_port: u16) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain = !host.is_empty() && !host.contains([':', ' ', '/', '[', ']']);
        (bracketed || plain) && port.parse().is_ok_and(|port: u16| port >= lowest_port)
    })
}

/// Whether a text is the name of a topic. Source: `org.apache.kafka.common.internals.Topic#validate`.
fn is_topic(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&text.len()) && text != "." && text != ".." && text.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_accepted_in_any_case_and_spelled_as_listed() {
        let kind = Kind::Choice(&["sasl_ssl", "SCRAM-SHA-512"]);
        assert_eq!(kind.normalize("SASL_SSL"), Ok("sasl_ssl".into()));
        assert_eq!(kind.normalize("scram-sha-512"), Ok("SCRAM-SHA-512".into()));
        assert!(kind.normalize("sasl").is_err());
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let kind = Kind::Number(1, 10);
        assert_eq!(kind.normalize("10"), Ok("10".into()));
        for wrong in ["0", "11", "-1", "1.0", "ten", "", "99999999999999999999999"] {
            assert!(kind.normalize(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_leading_zero_is_refused_with_both_ways_to_write_it() {
        let kind = Kind::Number(0, 1_000);
        assert_eq!(kind.normalize("0"), Ok("0".into()));
        assert!(kind.normalize("010").unwrap_err().ends_with("write 10, or 8 if octal is meant"));
        assert!(kind.normalize("007").unwrap_err().ends_with("write 7"));
        assert!(kind.normalize("00").unwrap_err().ends_with("write 0"));
        assert!(kind.normalize("090").unwrap_err().ends_with("write 90"));
    }

    #[test]
    fn shares_are_above_zero_and_at_most_one() {
        assert!(Kind::Share.normalize("0.5").is_ok());
        assert!(Kind::Share.normalize("1").is_ok());
        for wrong in ["0", "1.1", "-0.5", "NaN", "inf", "half"] {
            assert!(Kind::Share.normalize(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_need_a_host_and_a_port_each() {
        assert!(Kind::Servers.normalize("a:9092, b.example:9093,[::1]:9092").is_ok());
        for wrong in ["a", "a:", ":9092", "a:0", "a:9092,", "a:70000", "http://a:9092"] {
            assert!(Kind::Servers.normalize(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_port_for_this_machine_is_on_no_other_address() {
        assert!(Kind::Loopback.normalize("127.0.0.1:8081").is_ok());
        for wrong in ["0.0.0.0:8081", "10.0.0.1:8081", "localhost", "[::]:8081"] {
            assert!(Kind::Loopback.normalize(wrong).is_err_and(|what| what.contains("of this machine alone")), "{wrong}");
        }
    }

    #[test]
    fn topics_follow_kafkas_rule() {
        assert!(Kind::Topic.normalize("shop.public.orders").is_ok());
        for wrong in ["..", "a b", "a/b", "ö"] {
            assert!(Kind::Topic.normalize(wrong).is_err(), "{wrong}");
        }
        assert!(Kind::Topic.normalize(&"a".repeat(250)).is_err());
    }
}
