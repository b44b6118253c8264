//! `orderstream check` of the shop's Postgres, if `source.url` names it: whether its tables are what the contract says.

use service::settings::{ExposeSecret, Secret, redact_url};

use super::{Findings, in_time};
use crate::config::Config;
use crate::shop::catalog;
use crate::shop::contract::{self, Grade};

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("source");
    if let Some(url) = &config.source.url {
        ask(url, config.kafka.customers_topic.is_some(), &mut findings).await;
    }
    findings
}

async fn ask(url: &Secret, customers: bool, findings: &mut Findings) {
    let shown = redact_url(url.expose_secret());
    let catalog = match in_time(catalog::read(url.expose_secret(), customers)).await {
        Ok(catalog) => catalog,
        Err(error) => {
            findings.failed(format!("{shown}: {error}; check source.url, and that the server runs and lets this role in"));
            return;
        }
    };
    findings.ok(format!("Postgres {} at {shown}, role {}", catalog.server.version, catalog.server.role));
    for judged in contract::judge(&catalog, customers) {
        match judged.grade {
            Grade::Fine => findings.ok(judged.what),
            Grade::Concern => findings.warning(judged.what),
            Grade::Wrong => findings.failed(judged.what),
        }
    }
}
