//! The process with the browser: `node dashboard/e2e/run.mjs`, one for all tests.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use stack::wait::{Attempt, until};

use crate::tokens;

/// The browser that waits for its next scenario. A browser in which a scenario has failed is not used again.
static WAITS: Mutex<Option<Browser>> = Mutex::new(None);

#[derive(Debug)]
pub struct Browser {
    node: Child,
    /// `None` once there are no more orders.
    orders: Option<ChildStdin>,
    news: BufReader<ChildStdout>,
}

/// Whether there is a browser. If not, the sentence says so, and a run of `CI` fails.
///
/// # Panics
/// When Node is there and something else is missing, or when `CI` is set.
pub fn is_here() -> bool {
    let node = Command::new("node").arg("--version").output().ok().filter(|told| told.status.success());
    let version = node.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    let major = version.as_deref().and_then(|text| text.trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < 20) {
        let why = format!("the page's tests need Node 20 or later; here is {}", version.unwrap_or_else(|| "none".to_owned()));
        assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty() || ci == "false"), "{why}");
        not_tested(&why);
        return false;
    }
    let dashboard = stack::root().join("dashboard");
    assert!(dashboard.join("node_modules/playwright-core").exists(), "run `npm ci --ignore-scripts` in {}", dashboard.display());
    assert!(chromium().is_some(), "there is no Chromium: run stack/packages.sh, or set CHROMIUM to a Chromium");
    true
}

/// The browser that `CHROMIUM` names, that of Debian, or Chrome, which Ubuntu's machines have instead.
fn chromium() -> Option<String> {
    let known = ["/usr/bin/chromium", "/usr/bin/google-chrome"].map(str::to_owned);
    let places = std::env::var("CHROMIUM").map_or_else(|_| known.to_vec(), |named| vec![named]);
    places.into_iter().find(|path| Path::new(path).exists())
}

#[expect(clippy::print_stderr, reason = "a test that is left out has to be seen")]
fn not_tested(why: &str) {
    eprintln!("NOT TESTED: {why}");
}

/// Runs a scenario on the page at `url`. `world` does what the scenario asks for, and answers.
///
/// # Panics
/// When the scenario fails, with what the page showed.
#[track_caller]
pub fn sees(scenario: &str, url: &str, mut world: impl FnMut(&str, &str) -> String) {
    let waiting = WAITS.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut browser = waiting.unwrap_or_else(Browser::start);
    let images = std::env::var_os("SCREENSHOTS").map(|_| stack::root().join("docs/images"));
    browser.tell(&json!({ "scenario": scenario, "url": url, "tokens": tokens::by_role(), "images": images }));
    loop {
        let news = browser.hear();
        if let Some(what) = news["ask"].as_str() {
            let answer = world(what, news["with"].as_str().unwrap_or_default());
            browser.tell(&json!({ "answer": answer }));
        } else if news["passed"].is_object() {
            told(scenario, &news["passed"]);
            *WAITS.lock().unwrap_or_else(PoisonError::into_inner) = Some(browser);
            return;
        } else {
            panic!("{scenario}: {}", news["failed"].as_str().unwrap_or("the browser's process has ended"));
        }
    }
}

#[expect(clippy::print_stdout, reason = "the counts of a scenario are what its run says of itself")]
fn told(scenario: &str, counts: &Value) {
    println!("{scenario}: {counts}");
}

impl Browser {
    fn start() -> Self {
        let run = stack::root().join("dashboard/e2e/run.mjs");
        let mut command = Command::new("node");
        command.arg(run).stdin(Stdio::piped()).stdout(Stdio::piped());
        // The page shows moments in the browser's own time zone.
        let mut node = command.env("TZ", "UTC").env("CHROMIUM", chromium().unwrap()).spawn().unwrap();
        let (orders, news) = (node.stdin.take(), BufReader::new(node.stdout.take().unwrap()));
        Self { node, orders, news }
    }

    fn tell(&mut self, what: &Value) {
        writeln!(self.orders.as_mut().unwrap(), "{what}").unwrap();
    }

    /// The next line; null if the process has ended.
    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.news.read_line(&mut line).unwrap();
        if line.is_empty() { Value::Null } else { serde_json::from_str(&line).unwrap() }
    }
}

impl Drop for Browser {
    /// Ends Node in order, by the end of its orders, so that its browser ends too and leaves no files.
    fn drop(&mut self) {
        drop(self.orders.take());
        let has_ended = || Attempt::when(!matches!(self.node.try_wait(), Ok(None)));
        if until("the browser's process has ended", Duration::from_secs(10), has_ended).is_err() {
            self.node.kill().ok();
            self.node.wait().ok();
        }
    }
}
