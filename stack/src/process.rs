//! Processes as the kernel shows them: signals for a whole family, and the end of a log.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process and all of its descendants. A process group would not do, because each of Postgres' children makes a group of its own.
pub(crate) fn family(root: i32) -> Vec<i32> {
    let parents = parents();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    family
}

/// Stops a family by SIGSTOP. The parent is stopped first, so that it starts no more children while they are looked up.
pub(crate) fn freeze(root: i32) -> Vec<i32> {
    signal(root, Signal::SIGSTOP);
    let family = family(root);
    for &pid in &family[1..] {
        signal(pid, Signal::SIGSTOP);
    }
    family
}

/// Sends the signal. A process that ended before the signal needs none, so an error is ignored.
pub(crate) fn signal(pid: i32, signal: Signal) {
    let _: Result<(), Errno> = kill(Pid::from_raw(pid), signal);
}

/// Whether the process exists and is not a zombie that its parent has not collected.
pub(crate) fn is_alive(pid: i32) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// Whether the process exists and runs `program`, and is not another process that got its number.
pub(crate) fn is_alive_as(pid: i32, program: &str) -> bool {
    is_alive(pid) && fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == program)
}

/// Whether the process has been stopped by SIGSTOP, or is gone.
pub(crate) fn is_stopped(pid: i32) -> bool {
    matches!(state(pid), None | Some('T' | 'Z' | 'X'))
}

/// The last `lines` lines of a file, as far as they fit into its last 64 KiB.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(String::from_utf8_lossy(&end).into_owned())
    };
    let text = read().unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn parents() -> Vec<(i32, i32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| Some((pid, stat_field(pid, 1)?.parse().ok()?)))
        .collect()
}

fn state(pid: i32) -> Option<char> {
    stat_field(pid, 0)?.chars().next()
}

/// A field of `/proc/<pid>/stat` after the program's name, which may itself hold spaces and brackets.
fn stat_field(pid: i32, index: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    after_name.split_whitespace().nth(index).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    #[test]
    fn the_family_includes_a_child_that_left_the_group() {
        let script = "setsid tail -f /dev/null & echo ready; wait";
        let mut parent =
            Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let mut first_byte = [0];
        parent.stdout.as_mut().unwrap().read_exact(&mut first_byte).unwrap();
        let family = family(i32::try_from(parent.id()).unwrap());
        assert_eq!(family.len(), 2, "{family:?}");
        for &pid in family.iter().rev() {
            signal(pid, Signal::SIGKILL);
        }
        parent.wait().unwrap();
        assert!(!is_alive(family[0]));
    }

    #[test]
    fn the_end_of_a_log_is_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&log, 2), "two\nthree");
        assert_eq!(tail(&log, 9), "one\ntwo\nthree");
        assert_eq!(tail(&folder.path().join("absent"), 9), "");
    }
}
