//! The commands of the program, run to their end.

use std::process::{Command, Output};

use super::Shop;

/// The arguments of `reconcile` before the URL of the source, which belongs to a role that may write signals for Debezium. Changes on their
/// way have a second to settle.
const RECONCILE: [&str; 4] = ["reconcile", "--settle", "1", "--source"];

impl Shop {
    /// Runs a command of the program to its end.
    pub fn orderstream(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
        command.args(arguments).envs(self.environment(settings)).output().unwrap()
    }

    /// Runs a command, which must succeed or fail as expected, and returns what it prints on both outputs.
    #[track_caller]
    pub fn says(&self, succeeds: bool, arguments: &[&str]) -> String {
        let output = self.orderstream(arguments, &[("HTTP_LISTEN", "127.0.0.1:1")]);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.success(), succeeds, "{arguments:?}: {text}");
        text
    }

    /// Runs `reconcile` against the shop's own database, and returns what it prints.
    #[track_caller]
    pub fn reconcile(&self, succeeds: bool, arguments: &[&str]) -> String {
        let url = self.stack.database_url();
        self.says(succeeds, &[&RECONCILE[..], &[url.as_str()], arguments].concat())
    }

    /// Runs `reconcile`, whatever it finds, and returns its report for programs.
    pub fn reconcile_report(&self) -> serde_json::Value {
        let url = self.stack.database_url();
        let output = self.orderstream(&[&RECONCILE[..], &[url.as_str(), "--json"]].concat(), &[]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Checks that `check` and `run` refuse this database in one sentence, and that `run` ends.
    #[track_caller]
    pub fn refuses_database(&mut self, url: &str, sentence: &str) {
        let output = self.orderstream(&["check"], &[("DATABASE_URL", url), ("HTTP_LISTEN", "127.0.0.1:1")]);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success() && told.contains(sentence), "{told}");
        let number = self.launch_another(&[("DATABASE_URL", url)]);
        let process = self.process(number).service();
        self.await_that("run ends", || process.died().is_some());
        assert!(process.log_tail(20).contains(sentence), "{}", process.log_tail(20));
    }
}
