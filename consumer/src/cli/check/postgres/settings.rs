//! Judges the settings that the promises rest on (P12): those of the server, the database or the role, and those of orderstream's sessions.

use super::Findings;

/// The settings that are asked for: those that every session sets, and those that only an operator can set.
pub(super) const NAMES: [&str; 25] = [
    "default_transaction_isolation",
    "default_transaction_deferrable",
    "default_transaction_read_only",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
    "synchronous_commit",
    "row_security",
    "session_replication_role",
    "search_path",
    "standard_conforming_strings",
    "transform_null_equals",
    "client_encoding",
    "server_encoding",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "bytea_output",
    "extra_float_digits",
    "jit",
    "fsync",
    "full_page_writes",
    "zero_damaged_pages",
];

/// The settings of this session. `reset_val` is the value in a session that sets nothing.
pub(super) const SETTINGS: &str = "
select name, setting, coalesce(reset_val, setting) as elsewhere from pg_catalog.pg_settings where name = any($1) order by name";

/// A setting of the session that asked.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Setting {
    name: String,
    /// The value in the session.
    setting: String,
    /// The value in a session that does not set it.
    elsewhere: String,
}

pub(super) fn judge(settings: &[Setting], findings: &mut Findings) {
    let all: Vec<String> = settings.iter().map(|Setting { name, setting, .. }| format!("{name} = {setting}")).collect();
    findings.ok(format!("settings of its sessions: {}", all.join(", ")));
    for Setting { name, setting, elsewhere } in settings {
        if let Some(meaning) = meaning(name, setting) {
            findings.warning(format!("{name} is {setting}: {meaning}"));
        } else if setting != elsewhere && !is_a_limit(name) {
            findings.ok(format!("{name} is {elsewhere} for this server, database or role; orderstream's sessions have {setting}"));
        }
    }
}

/// Whether the setting is a limit. Limits are set by orderstream's own configuration, so another value elsewhere says nothing.
fn is_a_limit(name: &str) -> bool {
    name.ends_with("_timeout")
}

/// What follows from a bad value of a setting that a session cannot change; `None` for all others.
fn meaning(name: &str, setting: &str) -> Option<&'static str> {
    match (name, setting) {
        ("server_encoding", "UTF8") | ("fsync" | "full_page_writes", "on") | ("zero_damaged_pages", "off") => None,
        ("server_encoding", _) => Some("an order with a character that it lacks becomes a dead letter; use a database with encoding UTF8"),
        ("fsync" | "full_page_writes", _) => Some("a crash of the server's machine can ruin what was committed; switch it on"),
        ("zero_damaged_pages", _) => Some("damaged rows vanish without an error; switch it off"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade::{Ok, Warning};

    fn setting(name: &str, setting: &str, elsewhere: &str) -> Setting {
        Setting { name: name.into(), setting: setting.into(), elsewhere: elsewhere.into() }
    }

    #[test]
    fn what_is_set_otherwise_elsewhere_is_told_and_what_cannot_be_set_is_a_warning() {
        let settings = [
            setting("default_transaction_isolation", "read committed", "serializable"),
            setting("fsync", "off", "off"),
            setting("jit", "off", "off"),
            setting("lock_timeout", "10000", "0"),
            setting("server_encoding", "UTF8", "UTF8"),
        ];
        let mut findings = Findings::new("postgres");
        judge(&settings, &mut findings);
        let grades: Vec<_> = findings.lines.iter().map(|finding| finding.grade).collect();
        assert_eq!(grades, [Ok, Ok, Warning]);
        assert!(findings.lines[0].what.contains("lock_timeout = 10000"), "{findings:?}");
        assert!(findings.lines[1].what.contains("is serializable"), "{findings:?}");
    }
}
