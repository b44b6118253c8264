//! The check of P11: no personal data in logs, metrics, pages and error headers.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};

use super::{Finding, Read};
use crate::statements::{PLANTED_DOMAIN, PLANTED_ID, PLANTED_NAME};
use crate::world::World;

const PAGES: [&str; 4] = ["/metrics", "/health", "/status", "/readyz"];

pub(crate) fn found(world: &World, read: &Read) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (number, process) in world.processes.iter().enumerate() {
        match fs::read(&process.log) {
            Ok(log) => findings.extend(leak(process.service.name(), &String::from_utf8_lossy(&log))),
            // A process that has not had its first round yet has no log.
            Err(error) if error.kind() == ErrorKind::NotFound && number >= world.active => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", process.log.display())),
        }
    }
    for process in world.workers() {
        for page in PAGES {
            findings.extend(leak(&format!("{page} of {}", process.service.name()), &process.get(page)?));
        }
    }
    let headers = read.letters.values().flat_map(|letter| &letter.headers);
    let headers: Vec<u8> = headers.flat_map(|(_, value)| [value.as_deref().unwrap_or_default(), b"\n"].concat()).collect();
    findings.extend(leak("a header on dlq-errors", &String::from_utf8_lossy(&headers)));
    findings.extend(leak("dead_letters", &world.stack.psql("select message from dead_letters")?));
    Ok(findings)
}

fn leak(place: &str, text: &str) -> Option<Finding> {
    let line = text.lines().find(|line| [PLANTED_NAME, PLANTED_DOMAIN, PLANTED_ID].iter().any(|planted| line.contains(planted)))?;
    Some(Finding::new("P11", format!("{place} has a customer's data: {line}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_name_address_or_id_is_found_and_nothing_else_is() {
        let log = format!("all is well\nthe customer {PLANTED_NAME} 17 is unknown\n");
        assert!(leak("a log", &log).unwrap().to_string().contains("the customer Plantagenet 17 is unknown"));
        assert!(leak("a log", &format!("x=p1@{PLANTED_DOMAIN}")).is_some());
        assert!(leak("a log", &format!("the customer {PLANTED_ID}17 is unknown")).is_some());
        assert!(leak("a log", "a customer is unknown; topic=chaos").is_none());
    }
}
