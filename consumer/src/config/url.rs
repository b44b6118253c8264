//! Checks the URLs of servers. A driver accepts more than was meant: a password with a `/` in it becomes a port and a name, and an unknown
//! parameter is ignored. So a URL that is not plainly right is refused, with the way to write it (P12). No message repeats a part of the
//! URL, because whatever stands in the wrong place may be a password (P11).

use std::str::FromStr;

use redis::IntoConnectionInfo;
use sqlx::postgres::PgConnectOptions;

use service::settings::nearest;

/// The parameters that the driver of Postgres knows.
const OF_POSTGRES: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

const MODES: &[&str] = &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// The parameters that the driver of Redis knows, over TCP and over a socket.
const OF_REDIS: &[&str] = &["protocol"];
const OF_REDIS_SOCKET: &[&str] = &["protocol", "db", "user", "pass"];

/// How to write characters that belong to the URL's own grammar.
const ENCODE: &str = "in a user name or password write @ as %40, / as %2F, # as %23, ? as %3F and % as %25";

/// Checks the URL of a Postgres.
///
/// # Errors
/// What is wrong, and how to write the URL.
pub fn postgres(text: &str) -> Result<(), String> {
    let rest = after_scheme(text, &["postgres", "postgresql"]).ok_or("not a Postgres URL: it begins with postgres:// or postgresql://")?;
    let parts = Parts::of(rest)?;
    if parts.fragment.is_some() {
        return Err(format!("not a Postgres URL: nothing may stand behind a #; {ENCODE}"));
    }
    let known = |name: &str| OF_POSTGRES.contains(&name) || (name.starts_with("options[") && name.ends_with(']'));
    parts.check_parameters(known, OF_POSTGRES)?;
    let is_mode = |(name, value): &(&str, &str)| !matches!(*name, "sslmode" | "ssl-mode") || MODES.contains(value);
    if !parts.parameters().all(|parameter| is_mode(&parameter)) {
        return Err(format!("its sslmode is none of {}", MODES.join(", ")));
    }
    encryption(parts)?;
    PgConnectOptions::from_str(text).map(drop).map_err(|_may_quote_it| format!("not a Postgres URL; {ENCODE}"))
}

/// Checks that the files for TLS have an effect: a certificate in a URL that may lead to plain text, or that checks none, would deceive.
fn encryption(parts: Parts<'_>) -> Result<(), String> {
    let given = |names: &[&str]| parts.parameters().any(|(name, value)| names.contains(&name) && !value.is_empty());
    let mode = parts.parameters().filter(|(name, _)| matches!(*name, "sslmode" | "ssl-mode")).last().map_or("prefer", |(_, mode)| mode);
    if given(&["sslrootcert", "ssl-root-cert", "ssl-ca"]) && !matches!(mode, "verify-ca" | "verify-full") {
        return Err(format!("its sslrootcert has no effect with sslmode={mode}, which checks no certificate; add sslmode=verify-full"));
    }
    let (certificate, key) = (given(&["sslcert", "ssl-cert"]), given(&["sslkey", "ssl-key"]));
    if certificate != key {
        return Err("its sslcert and sslkey go together; one of them is missing".to_owned());
    }
    if certificate && matches!(mode, "disable" | "allow" | "prefer") {
        return Err(format!(
            "its sslcert may have no effect with sslmode={mode}, which may connect in plain text; add sslmode=verify-full"
        ));
    }
    Ok(())
}

/// Checks the URL of a Redis.
///
/// # Errors
/// What is wrong, and how to write the URL.
pub fn redis(text: &str) -> Result<(), String> {
    let socket = after_scheme(text, &["unix"]);
    let tls = after_scheme(text, &["rediss"]);
    let rest = socket.or(tls).or_else(|| after_scheme(text, &["redis"]));
    let parts = Parts::of(rest.ok_or("not a Redis URL: it begins with redis://, rediss:// or unix://")?)?;
    if tls.is_some() && parts.fragment == Some("insecure") {
        return Err(
            "its #insecure is not supported: certificates are always checked; for a private authority set redis.ssl_ca_location".into()
        );
    }
    if parts.fragment.is_some() {
        return Err(format!("not a Redis URL: nothing may stand behind a #; {ENCODE}"));
    }
    let known = if socket.is_some() { OF_REDIS_SOCKET } else { OF_REDIS };
    parts.check_parameters(|name| known.contains(&name), known)?;
    text.into_connection_info().map(drop).map_err(|_may_quote_it| format!("not a Redis URL; {ENCODE}"))
}

/// Checks the URL of an HTTP interface. A login has settings of its own, so that no password stands in a URL that is shown.
///
/// # Errors
/// What is wrong, and how to write the URL.
pub fn http(text: &str) -> Result<(), String> {
    let rest = after_scheme(text, &["http", "https"]).ok_or("not an HTTP URL: it begins with http:// or https://")?;
    let host = rest.split('/').next().unwrap_or_default();
    if rest.contains(['?', '#', '@']) || host.is_empty() || host.contains(char::is_whitespace) {
        return Err("not plainly right: write http://host:port; user name and password have settings of their own".into());
    }
    Ok(())
}

pub(super) fn after_scheme<'a>(text: &'a str, schemes: &[&str]) -> Option<&'a str> {
    let (scheme, rest) = text.split_once("://")?;
    schemes.contains(&scheme).then_some(rest)
}

/// The parts of a URL behind the host.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Splits a URL. An `@` behind the end of the host, except in the value of a parameter, means that a user name or password ended too
    /// early.
    fn of(rest: &'a str) -> Result<Self, String> {
        let (before, fragment) = rest.split_once('#').map_or((rest, None), |(before, fragment)| (before, Some(fragment)));
        let (before, query) = before.split_once('?').map_or((before, None), |(before, query)| (before, Some(query)));
        let path = before.split_once('/').map_or("", |(_, path)| path);
        let parts = Self { query, fragment };
        let has_at = |text: &str| text.contains('@');
        if has_at(path) || fragment.is_some_and(has_at) || parts.parameters().any(|(name, _)| has_at(name)) {
            return Err(not_plainly_right());
        }
        Ok(parts)
    }

    fn parameters(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let parameters = self.query.unwrap_or_default().split('&').filter(|parameter| !parameter.is_empty());
        parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
    }

    /// Checks the names of the parameters. An error gives the number of an unknown parameter and not its name, because a password with a
    /// `?` or `&` ends up there.
    fn check_parameters(self, is_known: impl Fn(&str) -> bool, known: &[&str]) -> Result<(), String> {
        let Some((number, (name, value))) = self.parameters().enumerate().find(|(_, (name, _))| !is_known(name)) else { return Ok(()) };
        if value.contains('@') {
            return Err(not_plainly_right());
        }
        let meant = nearest(name, known.iter().copied()).map(|meant| format!("did you mean {meant}? "));
        Err(format!("its parameter {} is unknown; {}known: {}", number + 1, meant.unwrap_or_default(), known.join(", ")))
    }
}

fn not_plainly_right() -> String {
    format!("not a URL that is plainly right: an @ stands behind the first / or ? or #; {ENCODE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_right_is_taken() {
        for right in [
            "postgres://u:p@h:5432/orders?sslmode=verify-full&sslrootcert=/ca.pem&application_name=shop",
            "postgresql://u%40tenant:p%2Fw%23%3F@h/orders",
            "postgres://u:p@ss@h/orders",
            "postgres://h/orders?user=u@tenant&password=p@ss",
            "postgres://u@%2Fvar%2Frun%2Fpostgresql/orders",
            "postgres://u@h/orders?options=-c%20search_path%3Dx&options[a]=b",
        ] {
            assert_eq!(postgres(right), Ok(()), "{right}");
        }
        for right in ["redis://h", "redis://:p%40@h:6380/1?protocol=resp3", "rediss://u:p@h", "unix:///run/redis.sock?db=1&pass=x"] {
            assert_eq!(redis(right), Ok(()), "{right}");
        }
    }

    #[test]
    fn the_url_of_an_http_interface_has_no_login() {
        for right in ["http://connect:8083", "https://connect.example/prefix/", "http://[::1]:8083"] {
            assert_eq!(http(right), Ok(()), "{right}");
        }
        for wrong in ["connect:8083", "ftp://connect", "http://", "http://u:secret@connect", "http://connect/?a=b"] {
            assert!(!http(wrong).unwrap_err().contains("secret"), "{wrong}");
        }
    }

    #[test]
    fn a_password_that_ends_the_url_too_early_is_refused_with_the_way_to_write_it() {
        for password in ["se/cret", "se#cret", "se?cret", "12/cret", "12#cret", "12?cret", "s@e/cret", "12#se=cret", "12?se=cret"] {
            let refused = [postgres(&format!("postgres://u:{password}@h:5432/orders")), redis(&format!("redis://u:{password}@h/1"))];
            for refused in refused {
                let what = refused.unwrap_err();
                assert!(
                    what.contains("%40") && what.contains("%2F") && what.contains("%23") && !what.contains("cret"),
                    "{password}: {what}"
                );
            }
        }
    }

    #[test]
    fn certificates_that_would_have_no_effect_are_refused() {
        for (parameters, words) in [
            ("sslrootcert=/ca.pem", "no effect with sslmode=prefer"),
            ("sslmode=require&ssl-ca=/ca.pem", "no effect with sslmode=require"),
            ("sslmode=verify-full&sslcert=/a.crt", "go together"),
            ("sslcert=/a.crt&sslkey=/a.key", "may connect in plain text"),
            ("sslmode=allow&sslcert=/a.crt&sslkey=/a.key", "may connect in plain text"),
        ] {
            let what = postgres(&format!("postgres://u:p@h/orders?{parameters}")).unwrap_err();
            assert!(what.contains(words), "{parameters}: {what}");
        }
        let with = "sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/a.crt&sslkey=/a.key";
        assert_eq!(postgres(&format!("postgres://u@h/orders?{with}")), Ok(()));
    }

    #[test]
    fn unknown_parameters_and_misspelt_modes_are_refused() {
        let what = postgres("postgres://u:p@h/orders?application_name=a&sslmod=require").unwrap_err();
        assert!(what.contains("parameter 2 is unknown; did you mean sslmode?"), "{what}");
        let what = postgres("postgres://u:p@h/orders?sslmode=required").unwrap_err();
        assert!(what.contains("verify-full") && !what.contains("required"), "{what}");
        assert!(postgres("postgres://u:p@h/orders?channel_binding=require").unwrap_err().contains("known: sslmode"));
        assert!(redis("redis://h/0?db=1").unwrap_err().contains("known: protocol"));
        assert!(redis("redis://h/0#insecure").unwrap_err().contains("behind a #"));
        assert!(redis("rediss://h/0#insecure").unwrap_err().contains("always checked"));
    }
}
