//! The metrics of the process itself: version, start, memory. The names without a prefix are Prometheus' own.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Unit;

#[derive(Debug)]
pub(super) struct Process {
    started: f64,
}

impl Process {
    pub(super) fn started_now() -> Self {
        Self { started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        build.encode(encoder.encode_descriptor("build", "The program", None, build.metric_type())?)?;
        let started = ConstGauge::new(self.started);
        started.encode(encoder.encode_descriptor(
            "process_start_time",
            "When the process started",
            Some(&Unit::Seconds),
            started.metric_type(),
        )?)?;
        if let Some(bytes) = resident_memory() {
            let resident = ConstGauge::new(bytes);
            let unit = Some(&Unit::Bytes);
            resident.encode(encoder.encode_descriptor("process_resident_memory", "Memory in use", unit, resident.metric_type())?)?;
        }
        Ok(())
    }
}

/// The resident memory in bytes; `None` where the system does not tell. Source: proc(5), `VmRSS` of /proc/self/status in kB.
fn resident_memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
