//! Redis: version, role, what the user may do, what may be evicted, persistence.

use std::time::Duration;

use redis::{AsyncConnectionConfig, InfoDict};

use super::{DEADLINE, Findings, in_time};
use crate::config::Redis;
use crate::config::secret::redact_url;

mod rights;

use rights::Right;

pub(super) async fn check(config: &Redis) -> Findings {
    let mut findings = Findings::new("redis");
    let url = redact_url(config.url.expose());
    match in_time(facts(config.url.expose())).await {
        Ok(facts) => judge(&facts, &url, &mut findings),
        Err(error) => findings.failed(format!("{url}: {error}; check redis.url, and that the server runs and lets this user in")),
    }
    findings
}

/// What `INFO` tells, and what the user may not do. Managed services leave some of it out.
#[derive(Debug, Default)]
struct Facts {
    version: String,
    is_replica: bool,
    policy: Option<String>,
    max_bytes: Option<u64>,
    used_bytes: Option<u64>,
    is_append_only: Option<bool>,
    last_save_failed: bool,
    denied: Vec<Right>,
}

async fn facts(url: &str) -> Result<Facts, String> {
    let client = redis::Client::open(url).map_err(|error| error.to_string())?;
    let limits = AsyncConnectionConfig::new().set_connection_timeout(Some(DEADLINE)).set_response_timeout(Some(Duration::from_secs(3)));
    let mut connection = client.get_multiplexed_async_connection_with_config(&limits).await.map_err(|error| error.to_string())?;
    let denied = rights::denied(&mut connection).await?;
    let info: InfoDict = match redis::cmd("INFO").query_async(&mut connection).await {
        // It is among what is denied.
        Err(error) if error.code() == Some("NOPERM") => {
            return Ok(Facts { version: "of unknown version".into(), denied, ..Facts::default() });
        }
        answer => answer.map_err(|error| error.to_string())?,
    };
    let text = |name: &str| info.get::<String>(name);
    Ok(Facts {
        version: text("redis_version").unwrap_or_else(|| "unknown".into()),
        is_replica: text("role").is_some_and(|role| role != "master"),
        policy: text("maxmemory_policy"),
        max_bytes: info.get("maxmemory"),
        used_bytes: info.get("used_memory"),
        is_append_only: text("aof_enabled").map(|flag| flag == "1"),
        last_save_failed: text("rdb_last_bgsave_status").is_some_and(|status| status != "ok"),
        denied,
    })
}

fn judge(facts: &Facts, url: &str, findings: &mut Findings) {
    let version = format!("Redis {} at {url}", facts.version);
    if facts.is_replica {
        findings.failed(format!("{version} is a replica and takes no writes; point redis.url at the primary"));
    } else {
        findings.ok(version);
    }
    rights::judge(&facts.denied, findings);
    eviction(facts, findings);
    match facts.is_append_only {
        Some(true) => findings.ok("append-only file is on"),
        Some(false) => findings.warning(
            "append-only file is off: a restart loses what the last dump does not hold, and it is rebuilt from Kafka and Postgres",
        ),
        None => findings.warning("the server does not tell about its persistence"),
    }
    if facts.last_save_failed {
        findings.warning("the last dump failed; see the server's log (disk full?)");
    }
}

/// An evicted customer is looked up as missing although it exists (P8).
fn eviction(facts: &Facts, findings: &mut Findings) {
    let megabytes = |bytes: u64| format!("{} MB", bytes / 1_048_576);
    let limit = match facts.max_bytes {
        Some(0) => "no memory limit".to_owned(),
        Some(bytes) => format!("memory limit {}, {} used", megabytes(bytes), megabytes(facts.used_bytes.unwrap_or(0))),
        None => "memory limit unknown".to_owned(),
    };
    match facts.policy.as_deref() {
        Some(policy) if policy == "noeviction" || policy.starts_with("volatile-") => {
            findings.ok(format!("maxmemory-policy {policy}, {limit}"));
        }
        Some(policy) => {
            findings.failed(format!("maxmemory-policy {policy} evicts customers ({limit}); set it to volatile-lru or noeviction"));
        }
        None => findings.warning(format!("the server does not tell its maxmemory-policy ({limit}); it must be noeviction or volatile-*")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade;

    fn grades(facts: &Facts) -> Vec<Grade> {
        let mut findings = Findings::new("redis");
        judge(facts, "redis://h", &mut findings);
        findings.lines.iter().map(|finding| finding.grade).collect()
    }

    fn good() -> Facts {
        Facts {
            version: "7.0.15".into(),
            policy: Some("volatile-lru".into()),
            max_bytes: Some(1 << 30),
            is_append_only: Some(true),
            ..Facts::default()
        }
    }

    #[test]
    fn a_server_that_evicts_only_what_expires_is_fine() {
        assert_eq!(grades(&good()), [Grade::Ok; 4]);
        assert_eq!(grades(&Facts { policy: Some("noeviction".into()), max_bytes: Some(0), ..good() })[2], Grade::Ok);
    }

    #[test]
    fn a_server_that_evicts_customers_fails() {
        assert_eq!(grades(&Facts { policy: Some("allkeys-lru".into()), ..good() })[2], Grade::Failed);
    }

    #[test]
    fn a_replica_fails() {
        assert_eq!(grades(&Facts { is_replica: true, ..good() })[0], Grade::Failed);
    }

    #[test]
    fn what_is_not_told_or_may_be_lost_is_a_warning() {
        assert_eq!(grades(&Facts { policy: None, is_append_only: None, last_save_failed: true, ..good() })[2..], [Grade::Warning; 3]);
        assert_eq!(grades(&Facts { is_append_only: Some(false), ..good() })[3], Grade::Warning);
    }
}
