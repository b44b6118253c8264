//! Texts that never appear in output: secrets, and passwords inside URLs (P11).

/// The trait with the one call that gives the text.
pub use secrecy::ExposeSecret;
/// A text that `Debug` does not show, that has no `Display`, and whose memory is wiped.
pub use secrecy::SecretString as Secret;

/// What is printed in place of a secret.
pub const REDACTED: &str = "<redacted>";

/// A URL without its password, in whichever part of the URL that stands.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let mut shown = redact_user_info(base);
    if let Some(query) = query {
        let parts: Vec<String> = query.split('&').map(redact_parameter).collect();
        shown = format!("{shown}?{}", parts.join("&"));
    }
    shown
}

fn redact_user_info(base: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://") else { return REDACTED.into() };
    // The last @ ends the user info, because an @ inside the password may have been left unencoded.
    match rest.rsplit_once('@') {
        Some((user_info, host)) => match user_info.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:{REDACTED}@{host}"),
            None => base.to_owned(),
        },
        None => base.to_owned(),
    }
}

fn redact_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.contains("pass") => format!("{name}={REDACTED}"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_password_and_keep_the_rest() {
        assert_eq!(redact_url("postgres://u:s3cret@h:5432/d?sslmode=require"), "postgres://u:<redacted>@h:5432/d?sslmode=require");
        assert_eq!(redact_url("postgres://u@h/d?password=s3cret&sslmode=require"), "postgres://u@h/d?password=<redacted>&sslmode=require");
        assert_eq!(redact_url("redis://:s3@cret@h/1"), "redis://:<redacted>@h/1");
        assert_eq!(redact_url("redis://h"), "redis://h");
        assert_eq!(redact_url("s3cret"), REDACTED);
    }
}
