//! The metrics of the process itself: version, start, memory, processor time. The names without a prefix are Prometheus' own.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Unit;

/// The collector of a process that was started at a moment and is of a version.
#[derive(Debug)]
pub struct Process {
    version: &'static str,
    revision: &'static str,
    started: f64,
}

impl Process {
    /// A process that starts now.
    #[must_use]
    pub fn started_now(version: &'static str, revision: &'static str) -> Self {
        Self { version, revision, started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let build = Info::new([("version", self.version), ("revision", self.revision)]);
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
        if let Some(seconds) = processor_time() {
            let used = ConstCounter::new(seconds);
            let unit = Some(&Unit::Seconds);
            used.encode(encoder.encode_descriptor("process_cpu", "Processor time used since the start", unit, used.metric_type())?)?;
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

/// The processor time in seconds; `None` where the system does not tell. Source: proc(5), `utime` and `stime` of /proc/self/stat in clock
/// ticks, of which Linux shows a hundred a second on every architecture.
fn processor_time() -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field, the program's name in brackets, may itself have spaces. Behind the name stands the third field, the state.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |number: usize| fields.get(number - 3)?.parse::<u32>().ok().map(f64::from);
    Some((ticks(14)? + ticks(15)?) / TICKS_PER_SECOND)
}
