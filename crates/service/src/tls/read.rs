//! Finds out of an error of rustls what was wrong.

use std::error::Error;
use std::io;
use std::sync::Arc;

use chrono::DateTime;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::Trouble;

/// How deep an error may be wrapped.
const DEPTH: usize = 16;

impl Trouble {
    /// What was wrong, if the error comes from rustls, however deep in the error that stands.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        Self::of_rustls(innermost(error)?)
    }

    fn of_rustls(error: &rustls::Error) -> Option<Self> {
        match error {
            rustls::Error::InvalidCertificate(error) => Some(Self::of_certificate(error)),
            rustls::Error::AlertReceived(alert) => Self::of_alert(*alert),
            // The first byte of a server that speaks another protocol is no type of TLS.
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(Self::NoTls),
            _ => None,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            // Another authority under the same name is found out by its signature.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownAuthority,
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(day(*not_after)),
            CertificateError::NotValidYet => Self::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid(day(*not_before)),
            CertificateError::NotValidForName => Self::OtherHost { asked: None, presented: Vec::new() },
            CertificateError::NotValidForNameContext { expected, presented } => {
                let presented = presented.iter().map(|name| plain(name)).collect();
                Self::OtherHost { asked: Some(expected.to_str().into_owned()), presented }
            }
            other => Self::Unsuitable(other.to_string()),
        }
    }

    fn of_alert(alert: AlertDescription) -> Option<Self> {
        Some(match alert {
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => Self::OwnWanted,
            AlertDescription::UnknownCA => Self::OwnRefused("it is signed by no authority that the server trusts"),
            AlertDescription::CertificateExpired => Self::OwnRefused("it is not valid now"),
            AlertDescription::CertificateRevoked => Self::OwnRefused("it is revoked"),
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied => Self::OwnRefused("the server does not say why"),
            _ => return None,
        })
    }
}

/// The error of rustls inside of an error. An error of input and output does not count what it wraps among its sources.
fn innermost<'a>(mut error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    for _ in 0..DEPTH {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        error = if let Some(shared) = error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
            &**shared
        } else if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            inner
        } else {
            error.source()?
        };
    }
    None
}

fn day(time: UnixTime) -> Option<String> {
    let seconds = i64::try_from(time.as_secs()).ok()?;
    Some(DateTime::from_timestamp(seconds, 0)?.format("%Y-%m-%d").to_string())
}

/// A name of a certificate as rustls shows it, `DnsName("localhost")`, without what stands around it.
fn plain(name: &str) -> String {
    let inner = name.split_once('(').map_or(name, |(_, rest)| rest.trim_end_matches(')'));
    inner.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    #[test]
    fn an_error_is_found_inside_of_others() {
        let error = || wrapped(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert_eq!(Trouble::of(&error()), Some(Trouble::UnknownAuthority));
        let shared: Arc<dyn Error + Send + Sync> = Arc::new(error());
        assert_eq!(Trouble::of(&shared), Some(Trouble::UnknownAuthority));
        assert_eq!(Trouble::of(&io::Error::other(error())), Some(Trouble::UnknownAuthority));
        assert_eq!(Trouble::of(&io::Error::other("another")), None);
    }

    #[test]
    fn what_is_wrong_with_the_servers_certificate_is_told_with_day_and_names() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let of = |error| Trouble::of(&wrapped(rustls::Error::InvalidCertificate(error)));
        let expired = CertificateError::ExpiredContext { time: at(2_000_000_000), not_after: at(1_577_836_800) };
        assert_eq!(of(expired), Some(Trouble::Expired(Some("2020-01-01".into()))));
        let expected = rustls::pki_types::ServerName::try_from("shop.example").unwrap();
        let presented = vec!["DnsName(\"localhost\")".to_owned(), "IpAddress(127.0.0.1)".to_owned()];
        let other = of(CertificateError::NotValidForNameContext { expected, presented });
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        assert_eq!(other, Some(Trouble::OtherHost { asked: Some("shop.example".into()), presented: names }));
    }

    #[test]
    fn what_the_server_says_of_the_clients_certificate_is_told() {
        let of = |alert| Trouble::of(&wrapped(rustls::Error::AlertReceived(alert)));
        assert_eq!(of(AlertDescription::CertificateRequired), Some(Trouble::OwnWanted));
        assert!(matches!(of(AlertDescription::UnknownCA), Some(Trouble::OwnRefused(_))));
        assert_eq!(of(AlertDescription::InternalError), None);
    }
}
