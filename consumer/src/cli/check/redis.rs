//! `orderstream check` of Redis: what the server says and does, asked over a connection like that of `orderstream run`.

use service::settings::{ExposeSecret, redact_url};

use super::{Findings, in_time};
use crate::config::Config;
use crate::redis::link::{Facts, RedisError, RedisLink, Weight};
use crate::run::assemble::link_settings;

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("redis");
    let url = redact_url(config.redis.url.now().expose_secret());
    match in_time(async { Ok(facts(config).await) }).await {
        Ok(Ok(facts)) => report(&facts, &url, &mut findings),
        // These say themselves what to do.
        Ok(Err(error @ (RedisError::Cluster | RedisError::Tls(_) | RedisError::Login(_)))) => findings.failed(format!("{url}: {error}")),
        Ok(Err(error)) => unreachable(&url, &error.to_string(), &mut findings),
        Err(silence) => unreachable(&url, &silence, &mut findings),
    }
    findings
}

async fn facts(config: &Config) -> Result<Facts, RedisError> {
    RedisLink::new(&link_settings(config))?.facts().await
}

fn unreachable(url: &str, error: &str, findings: &mut Findings) {
    findings.failed(format!("{url}: {error}; check redis.url, and that the server runs and lets this user in"));
}

fn report(facts: &Facts, url: &str, findings: &mut Findings) {
    findings.ok(format!("Redis {} at {url}", facts.version));
    for (weight, what) in facts.judged() {
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
        report(&facts, "redis://h", &mut findings);
        let grades: Vec<Grade> = findings.lines.iter().map(|finding| finding.grade).collect();
        assert_eq!(grades, [Grade::Ok, Grade::Ok, Grade::Failed, Grade::Warning]);
    }
}
