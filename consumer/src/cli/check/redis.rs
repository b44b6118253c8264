//! `orderstream check` of Redis: what the server says and does, asked over a connection like that of `orderstream run`.

use service::settings::{ExposeSecret, redact_url};

use super::{Findings, in_time};
use crate::config::{Config, Sentinels};
use crate::redis::link::{Facts, RedisError, RedisLink, SentinelsView, Weight};
use crate::run::assemble::link_settings;

/// What was learned of a server, and through whom.
struct Asked {
    facts: Facts,
    /// What is to be told of the Sentinels and the master; `None` without Sentinels.
    through: Option<Through>,
}

struct Through {
    /// The master's name and address.
    master: String,
    troubles: Vec<String>,
    longest_lag: Option<u64>,
}

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("redis");
    let place = place(config);
    match in_time(async { Ok(ask(config).await) }).await {
        Ok(Ok(asked)) => report(&asked, &place, &mut findings),
        // These say themselves what to do.
        Ok(Err(error @ (RedisError::Cluster | RedisError::Tls(_) | RedisError::Login(_) | RedisError::NoMaster(_)))) => {
            findings.failed(format!("{place}: {error}"));
        }
        Ok(Err(error)) => unreachable(&place, &error.to_string(), &mut findings),
        Err(silence) => unreachable(&place, &silence, &mut findings),
    }
    findings
}

/// Where Redis is looked for: the URL, or the Sentinels.
fn place(config: &Config) -> String {
    match &config.redis.sentinels {
        Some(Sentinels { addresses, master, .. }) => format!("the master {master:?} of the Sentinels {addresses}"),
        None => redact_url(config.redis.url.now().expose_secret()),
    }
}

async fn ask(config: &Config) -> Result<Asked, RedisError> {
    let link = RedisLink::new(&link_settings(config))?;
    let facts = link.facts().await?;
    let server = link.in_use().map(|server| server.to_string()).unwrap_or_default();
    let through = match (&config.redis.sentinels, link.look_for_master().await) {
        (Some(Sentinels { master, .. }), Some(SentinelsView { troubles, .. })) => Some(Through {
            master: format!("{server}, the master {master:?} by its Sentinels"),
            troubles,
            longest_lag: link.longest_lag().await,
        }),
        _ => None,
    };
    Ok(Asked { facts, through })
}

fn unreachable(place: &str, error: &str, findings: &mut Findings) {
    findings.failed(format!("{place}: {error}; check redis.url, and that the server runs and lets this user in"));
}

fn report(asked: &Asked, url: &str, findings: &mut Findings) {
    let Asked { facts, through } = asked;
    let at = through.as_ref().map_or(url, |through| &through.master);
    findings.ok(format!("Redis {} at {at}", facts.version));
    through.iter().flat_map(|through| &through.troubles).for_each(|trouble| findings.warning(trouble));
    let as_master = through.as_ref().map(|through| facts.judged_as_master(through.longest_lag)).unwrap_or_default();
    for (weight, what) in facts.judged().into_iter().chain(as_master) {
        match weight {
            Weight::Fine => findings.ok(what),
            Weight::Note | Weight::Slows => findings.warning(what),
            Weight::Harms | Weight::Stops => findings.failed(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade;

    #[test]
    fn what_does_harm_has_failed_and_what_is_only_good_to_know_is_a_warning() {
        let mut findings = Findings::new("redis");
        let facts = Facts { version: "7.0.15".into(), policy: Some("allkeys-lru".into()), is_append_only: Some(false), ..Facts::default() };
        report(&Asked { facts, through: None }, "redis://h", &mut findings);
        let grades: Vec<Grade> = findings.lines.iter().map(|finding| finding.grade).collect();
        assert_eq!(grades, [Grade::Ok, Grade::Ok, Grade::Failed, Grade::Warning]);
    }
}
