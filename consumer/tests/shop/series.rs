//! Writes down which series of `/metrics` have moved in a run. Each target that has a shop does so, and `tests/series.rs` reads the files.
//!
//! A series is a name with its labels, apart from topics and partitions. A counter has moved once it is not zero, a gauge once it was seen with
//! two values.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The file of a target's series, in Cargo's folder for tests.
pub fn file(target: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("series-of-{target}"))
}

/// When the program was built, because a run says something about that build alone.
pub fn built() -> String {
    let built = fs::metadata(env!("CARGO_BIN_EXE_orderstream")).unwrap().modified().unwrap();
    built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().to_string()
}

/// What was seen of each series since this process started.
static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

struct Seen {
    file: File,
    values: HashMap<String, (String, bool)>,
}

impl Seen {
    /// Begins the file. The first line says which build of the program was run, and whether all tests of the target were asked for.
    fn begin() -> Self {
        let executable = std::env::current_exe().unwrap();
        let target = executable.file_stem().unwrap().to_string_lossy().rsplit_once('-').unwrap().0.to_owned();
        let path = file(&target);
        fs::write(&path, format!("{} {}\n", built(), if is_whole() { "all" } else { "some" })).unwrap();
        Self { file: OpenOptions::new().append(true).open(path).unwrap(), values: HashMap::new() }
    }

    fn note(&mut self, line: &str) {
        if let Some(family) = line.strip_prefix("# TYPE ").and_then(|of| of.split(' ').next()) {
            if self.values.insert(line.to_owned(), (String::new(), false)).is_none() {
                writeln!(self.file, "family {family}").unwrap();
            }
            return;
        }
        let Some((series, value)) = line.rsplit_once(' ').filter(|_| !line.starts_with('#')) else { return };
        let series = without_places(series);
        if series.contains("_bucket{") || series.ends_with("_sum") || series.contains("_sum{") {
            return;
        }
        let is_counter = ["_total", "_count"].iter().any(|end| series.split('{').next().is_some_and(|name| name.ends_with(end)));
        let known = self.values.entry(series.clone()).or_insert_with(|| {
            writeln!(self.file, "seen {series}").unwrap();
            (if is_counter { "0".to_owned() } else { value.to_owned() }, false)
        });
        if !known.1 && known.0 != value {
            known.1 = true;
            writeln!(self.file, "moved {series}").unwrap();
        }
    }
}

/// Whether all tests of the target were asked for. A filter, or a choice of one test, is an argument without dashes.
fn is_whole() -> bool {
    let mut arguments = std::env::args().skip(1);
    arguments.all(|argument| argument.starts_with("--") && !["--skip", "--ignored", "--exact"].contains(&argument.as_str()))
}

/// Removes the labels of topics and partitions, because these come and go with tests.
fn without_places(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let kept: Vec<&str> =
        labels.trim_end_matches('}').split(',').filter(|label| !label.starts_with("topic=") && !label.starts_with("partition=")).collect();
    if kept.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", kept.join(",")) }
}

/// Writes down what this text of `/metrics` shows.
pub fn note(metrics: &str) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = seen.get_or_insert_with(Seen::begin);
    metrics.lines().for_each(|line| seen.note(line));
}
