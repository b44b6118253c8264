//! P11: no personal data in logs, metrics and error headers.

use std::fs;

use anyhow::Result;

use super::{Finding, Read};
use crate::process::Process;
use crate::statements::{PLANTED_DOMAIN, PLANTED_NAME};
use crate::world::World;

const PAGES: [&str; 4] = ["/metrics", "/health", "/status", "/readyz"];

pub(super) fn found(world: &World, read: &Read) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for process in &world.processes {
        let log = fs::read(&process.log).unwrap_or_default();
        findings.extend(leak(process.service.name(), &String::from_utf8_lossy(&log)));
    }
    for process in world.workers() {
        findings.extend(PAGES.iter().filter_map(|page| leak_on(process, page)));
    }
    let headers = read.letters.values().flat_map(|letter| &letter.headers);
    let headers: Vec<u8> = headers.flat_map(|(_, value)| [value.as_deref().unwrap_or_default(), b"\n"].concat()).collect();
    findings.extend(leak("a header on dlq-errors", &String::from_utf8_lossy(&headers)));
    findings.extend(leak("dead_letters", &world.stack.psql("select message from dead_letters")?));
    Ok(findings)
}

fn leak_on(process: &Process, page: &str) -> Option<Finding> {
    leak(&format!("{page} of {}", process.service.name()), &process.get(page).unwrap_or_default())
}

fn leak(place: &str, text: &str) -> Option<Finding> {
    let line = text.lines().find(|line| line.contains(PLANTED_NAME) || line.contains(PLANTED_DOMAIN))?;
    Some(Finding::new("P11", format!("{place} has a customer's data: {line}")))
}
