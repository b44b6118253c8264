//! Why a connection over TLS was not made, in one sentence with what to do. The clients of the servers each say it in their own riddle, or
//! not at all; the edges to them say it with [`Trouble`].
//!
//! - [`Trouble`]: what was wrong
//! - [`Files`]: what the client itself has
//! - `read`: finds it in an error of rustls
//! - [`probe`]: finds it by asking the server, where the client does not say it

pub mod probe;
mod read;

/// What was wrong with a connection over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server's certificate is signed by nobody who is trusted here.
    UnknownAuthority,
    /// The server's certificate is valid no longer. Holds the last day, if it is known.
    Expired(Option<String>),
    /// The server's certificate is not valid yet. Holds the first day, if it is known.
    NotYetValid(Option<String>),
    /// The server's certificate is for other names than the one by which the server was reached.
    OtherHost {
        /// The name or address by which the server was reached.
        asked: Option<String>,
        /// The names and addresses in the certificate.
        presented: Vec<String>,
    },
    /// The server's certificate cannot be used for another reason.
    Unsuitable(String),
    /// The server wants a certificate of the client, and got none.
    OwnWanted,
    /// The server does not take the client's certificate, and says this about it.
    OwnRefused(&'static str),
    /// The server answers, and not in TLS.
    NoTls,
    /// A file of the client's own cannot be used.
    OwnFile(String),
}

/// The files that a client uses for TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// The authorities that are trusted; `None` for those of the system.
    pub authority: Option<String>,
    /// The client's own certificate, and its key.
    pub own: Option<(String, String)>,
}

/// The settings by which an operator mends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// Names the file with the authorities that are trusted.
    pub authority: &'static str,
    /// Names the client's own certificate.
    pub certificate: &'static str,
}

impl Trouble {
    /// One sentence, without its full stop: what is wrong, and what to do.
    #[must_use]
    pub fn in_words(&self, names: Names) -> String {
        let Names { authority, certificate } = names;
        match self {
            Self::UnknownAuthority => {
                format!(
                    "the server's certificate is signed by no authority that is trusted here; let {authority} name the file with the \
                     certificate of the authority that signed it"
                )
            }
            Self::Expired(day) => format!("the server's certificate has expired{}; renew it on the server", of_day(" on", day)),
            Self::NotYetValid(day) => {
                format!("the server's certificate is not valid yet{}; look at the clocks of both machines", of_day(", but from", day))
            }
            Self::OtherHost { asked, presented } => other_host(asked.as_deref(), presented),
            Self::Unsuitable(why) => format!("the server's certificate cannot be used ({why}); give the server another one"),
            Self::OwnWanted => format!("the server wants a certificate of the client; let {certificate} name it"),
            Self::OwnRefused(why) => {
                format!(
                    "the server does not take the certificate that {certificate} names: {why}; give orderstream one that the server takes"
                )
            }
            Self::NoTls => {
                "the server answers and does not speak TLS there; connect to its port for TLS, or switch TLS on there".to_owned()
            }
            Self::OwnFile(why) => format!("{why}; correct {authority} or {certificate}, or the file"),
        }
    }
}

fn of_day(before: &str, day: &Option<String>) -> String {
    day.as_ref().map(|day| format!("{before} {day}")).unwrap_or_default()
}

fn other_host(asked: Option<&str>, presented: &[String]) -> String {
    let asked = asked.unwrap_or("the name by which the server is reached");
    let whose = if presented.is_empty() { "no name".to_owned() } else { presented.join(", ") };
    format!("the server's certificate is for {whose} and not for {asked}; use a name that it is for, or give the server one for {asked}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_is_one_sentence_with_what_to_do() {
        let names = Names { authority: "a.ca", certificate: "a.crt" };
        let day = Some("2020-01-01".to_owned());
        let host = Trouble::OtherHost { asked: Some("127.0.0.2".into()), presented: vec!["localhost".into(), "127.0.0.1".into()] };
        for (trouble, words) in [
            (Trouble::UnknownAuthority, "no authority that is trusted here; let a.ca name"),
            (Trouble::Expired(day.clone()), "expired on 2020-01-01; renew it"),
            (Trouble::Expired(None), "has expired; renew it"),
            (Trouble::NotYetValid(day), "not valid yet, but from 2020-01-01; look at the clocks"),
            (host, "is for localhost, 127.0.0.1 and not for 127.0.0.2; use a name"),
            (Trouble::OtherHost { asked: None, presented: vec![] }, "is for no name and not for the name by which the server is reached"),
            (Trouble::Unsuitable("it is revoked".into()), "cannot be used (it is revoked); give the server"),
            (Trouble::OwnWanted, "wants a certificate of the client; let a.crt name it"),
            (Trouble::OwnRefused("it has expired"), "the certificate that a.crt names: it has expired; give orderstream"),
            (Trouble::NoTls, "does not speak TLS there; connect to its port for TLS"),
            (Trouble::OwnFile("/x has no key".into()), "/x has no key; correct a.ca or a.crt"),
        ] {
            let sentence = trouble.in_words(names);
            assert!(sentence.contains(words) && !sentence.contains(". "), "{sentence}");
        }
    }
}
