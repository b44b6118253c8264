//! The cost of the work: processor time of each family of processes, memory, and bytes written to Postgres' log.

use std::collections::HashMap;
use std::fs;

use anyhow::{Context, Result};

use crate::measures::Measures;

/// Linux counts processor time for user space in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// A family of processes: its name in the table, and the ids of the processes from which all others descend.
pub(crate) type Family = (&'static str, Vec<u32>);

/// Processor time used so far, in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    families: Vec<(&'static str, f64)>,
    /// The processor time of this program.
    own: f64,
    /// The processor time of the whole machine; `stolen` is what other machines on the same host took of it.
    busy: f64,
    stolen: f64,
    /// Bytes that Postgres has written to its log.
    wal: f64,
}

impl Reading {
    /// Reads what each family has used; a process that does not run has used nothing.
    pub(crate) fn now(families: &[Family], wal: f64) -> Result<Self> {
        let processes = processes();
        let used = |roots: &[u32]| roots.iter().map(|root| family_ticks(&processes, *root)).sum::<f64>() / TICKS_PER_SECOND;
        let machine = fs::read_to_string("/proc/stat").context("/proc/stat cannot be read")?;
        let (busy, stolen) = machine_seconds(&machine).context("/proc/stat cannot be understood")?;
        Ok(Self {
            families: families.iter().map(|(name, roots)| (*name, used(roots))).collect(),
            own: used(&[std::process::id()]) - families.iter().map(|(_, roots)| used(roots)).sum::<f64>(),
            busy,
            stolen,
            wal,
        })
    }

    /// Adds what was used since `before`, per event and as shares of the machine.
    pub(crate) fn put_since(&self, before: &Self, events: u64, seconds: f64, out: &mut Measures) {
        let mut ours = self.own - before.own;
        let events = events as f64;
        for ((name, now), (_, then)) in self.families.iter().zip(&before.families) {
            out.put(&format!("cpu_us.{name}"), (now - then) * 1e6 / events);
            ours += now - then;
        }
        out.put("cpu_us.bench", (self.own - before.own) * 1e6 / events);
        out.put("wal_bytes", (self.wal - before.wal) / events);
        self.put_machine_since(before, ours, seconds, out);
    }

    /// Adds what was used since `before` in per cent of one core: all families together, and each.
    pub(crate) fn put_percent_since(&self, before: &Self, seconds: f64, out: &mut Measures) {
        let used = self.families.iter().zip(&before.families).map(|((name, now), (_, then))| (name, now - then));
        let used: Vec<_> = used.map(|(name, seconds_used)| (name, 100.0 * seconds_used / seconds)).collect();
        out.put("idle_percent", used.iter().map(|(_, percent)| percent).sum());
        used.iter().for_each(|(name, percent)| out.put(&format!("idle_percent.{name}"), *percent));
        let ours = self.own - before.own + used.iter().map(|(_, percent)| percent * seconds / 100.0).sum::<f64>();
        self.put_machine_since(before, ours, seconds, out);
    }

    /// Adds the shares of the machine: all that was busy, and what was not `ours`.
    fn put_machine_since(&self, before: &Self, ours: f64, seconds: f64, out: &mut Measures) {
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let share = |used: f64| 100.0 * used / (seconds * cores);
        out.put("machine_busy_percent", share(self.busy - before.busy));
        // The rounding of many small numbers may leave a little less than zero.
        out.put("others_percent", share(self.busy - before.busy - ours).max(0.0));
        out.put("stolen_percent", share(self.stolen - before.stolen));
    }
}

/// The memory that a family has now, without the pages that belong to files, in megabytes of 1,000,000 bytes.
pub(crate) fn family_memory_mb(roots: &[u32]) -> f64 {
    let processes = processes();
    let members = processes.keys().filter(|pid| roots.iter().any(|root| belongs(&processes, **pid, *root)));
    // A process that has just ended has no memory.
    members.filter_map(|pid| field_mb(*pid, "RssAnon:").ok()).sum()
}

/// The most memory that a process has had, in megabytes of 1,000,000 bytes.
pub(crate) fn peak_memory_mb(pid: u32) -> Result<f64> {
    field_mb(pid, "VmHWM:")
}

/// The memory that a process has now, in megabytes of 1,000,000 bytes.
pub(crate) fn memory_mb(pid: u32) -> Result<f64> {
    field_mb(pid, "VmRSS:")
}

fn field_mb(pid: u32, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).with_context(|| format!("there is no {field}"))?;
    Ok(kib * 1024.0 / 1e6)
}

/// Reads for every process its parent, and the ticks of itself and of the children that it has collected.
fn processes() -> HashMap<u32, (u32, f64)> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| Some((pid, parent_and_ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))).collect()
}

/// Reads the parent and the ticks from `/proc/<pid>/stat`. The program's name may itself hold spaces and brackets, so reading begins after
/// the last bracket. Field 4 is the parent, and fields 14 to 17 are the times, as in proc(5).
fn parent_and_ticks(stat: &str) -> Option<(u32, f64)> {
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|ticks| ticks.parse::<f64>()).sum::<Result<f64, _>>().ok()?;
    Some((fields.get(1)?.parse().ok()?, ticks))
}

fn family_ticks(processes: &HashMap<u32, (u32, f64)>, root: u32) -> f64 {
    processes.iter().filter(|(pid, _)| belongs(processes, **pid, root)).map(|(_, (_, ticks))| ticks).sum()
}

/// Whether the process is `root` or descends from it.
fn belongs(processes: &HashMap<u32, (u32, f64)>, mut pid: u32, root: u32) -> bool {
    while pid != root {
        match processes.get(&pid) {
            Some((parent, _)) if *parent != 0 => pid = *parent,
            _ => return false,
        }
    }
    true
}

/// The busy and the stolen seconds of the machine. Busy time is all time but idle, waiting for disks, and stolen; the stolen time has a
/// field of its own. Source: proc(5).
fn machine_seconds(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else { return None };
    Some(((user + nice + system + irq + softirq) / TICKS_PER_SECOND, steal / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_process_are_found_behind_a_name_with_brackets() {
        let stat = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 12345 1 2";
        assert_eq!(parent_and_ticks(stat), Some((7, 127.0)));
    }

    #[test]
    fn a_family_is_a_process_and_all_below_it() {
        let processes = HashMap::from([(1, (0, 1.0)), (2, (1, 10.0)), (3, (2, 100.0)), (4, (1, 1000.0))]);
        assert_eq!(family_ticks(&processes, 2), 110.0);
        assert_eq!(family_ticks(&processes, 9), 0.0);
    }

    #[test]
    fn the_machine_is_busy_when_it_is_neither_idle_nor_waiting() {
        assert_eq!(machine_seconds("cpu  100 200 300 9000 8000 10 20 50 0 0\ncpu0 1"), Some((6.3, 0.5)));
    }

    #[test]
    fn this_process_has_used_memory() -> Result<()> {
        assert!(peak_memory_mb(std::process::id())? > 1.0);
        Ok(())
    }
}
