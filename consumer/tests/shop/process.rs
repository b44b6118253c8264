//! An orderstream process of a test: what it answers and what its metrics show.

use std::time::Duration;

use stack::Service;
use stack::wait::{Attempt, until};

use super::{PATIENCE, series};

/// An orderstream process.
#[derive(Debug)]
pub struct Process {
    pub(super) service: Service,
    pub(super) port: u16,
}

impl Process {
    /// The service, to be stopped, paused and killed.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The address at which the process listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What the endpoint answers, and with which status; `None` if nobody answers.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let patient = ureq::get(&url).config().timeout_global(Some(Duration::from_secs(2))).http_status_as_error(false).build();
        let mut response = patient.call().ok()?;
        let (status, body) = (response.status().as_u16(), response.body_mut().read_to_string().ok()?);
        if path == "/metrics" {
            series::note(&body);
        }
        Some((status, body))
    }

    /// Writes down the series of `/metrics` as they are now.
    pub(super) fn note_series(&self) {
        if self.service.is_running() {
            // An error is ignored, because a process that does not answer may be what the test is about.
            drop(self.get("/metrics"));
        }
    }

    /// Waits until `/readyz` answers with `status` and a body that contains `part`.
    pub fn await_readiness(&self, status: u16, part: &str) {
        let look = || match self.get("/readyz") {
            Some((found, body)) if found == status && body.contains(part) => Attempt::Ready(()),
            other => Attempt::NotYet(format!("it answers {other:?}")),
        };
        until(&format!("/readyz answers {status} with {part:?}"), PATIENCE, look).unwrap();
        self.note_series();
    }

    /// A series of `/metrics`, by its name with its labels as they are printed; zero if there is none.
    pub fn metric(&self, series: &str) -> u64 {
        let (_, metrics) = self.get("/metrics").unwrap();
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }
}
