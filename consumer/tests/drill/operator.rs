//! The operator: types the commands of docs/operations.md, block by block, and compares what is answered with what the document prints.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stack::console::{Answer, Turn, shell, turns, typed};
use stack::wait::{Attempt, until};

use crate::shop::Shop;

const DOCUMENT: &str = include_str!("../../../docs/operations.md");

/// The beginnings of commands that may be typed again until they answer as in the document, because what they tell needs some seconds.
const QUESTIONS: [&str; 3] = ["orderstream offsets show", "orderstream reconcile", "orderstream check"];

/// How long a question may take to be answered as in the document. A comparison of all orders is one question.
const PATIENCE: Duration = Duration::from_secs(120);

/// An operator with a shell in a folder of its own, who has the programs and the variables that the document names.
pub struct Operator {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Operator {
    /// The operator of this shop, with these variables beside those that the program itself reads.
    pub fn of(shop: &Shop, environment: Vec<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).unwrap();
        symlink(env!("CARGO_BIN_EXE_orderstream"), programs.join("orderstream")).unwrap();
        symlink(stack::root().join("connect"), folder.path().join("connect")).unwrap();
        install_kafka_topics(shop, &programs.join("kafka-topics.sh"));
        let passwords = folder.path().join("pgpass");
        fs::write(&passwords, "*:*:*:postgres:postgres\n*:*:*:orderstream:orderstream\n").unwrap();
        fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600)).unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let own = [("PATH", path), ("PGPASSFILE", passwords.display().to_string()), ("HTTP_LISTEN", "127.0.0.1:1".to_owned())];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self { folder, environment: environment.into_iter().chain(own).collect() }
    }

    /// Sets a variable for all further commands.
    pub fn sets(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Types a block of the document, and returns how long it took.
    pub fn types(&self, block: &str) -> Duration {
        let began = Instant::now();
        for turn in of_block(block) {
            self.type_until_answered(block, &turn);
        }
        began.elapsed()
    }

    /// Types one command of a block, which must fail, and returns what it complains of.
    pub fn is_refused(&self, block: &str, number: usize) -> String {
        let Answer { succeeded, printed, complained } = self.type_once(&of_block(block)[number]);
        assert!(!succeeded, "{printed}");
        complained
    }

    /// A file in the operator's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn type_once(&self, turn: &Turn) -> Answer {
        let mut command = shell();
        if turn.database.is_some() {
            command.args(["-c", "exec psql -X -v ON_ERROR_STOP=1 \"$SHOP_URL\""]);
        }
        command.current_dir(self.folder.path()).envs(self.environment.iter().map(|(name, value)| (name, value)));
        typed(&mut command, &turn.typed).unwrap()
    }

    fn type_until_answered(&self, block: &str, turn: &Turn) {
        let look = || {
            let Answer { succeeded, printed, complained } = self.type_once(turn);
            // A command that shows what is wrong ends with 1, and the document prints what it shows.
            let is_right = if turn.answer.is_empty() { succeeded } else { says(&printed, &turn.answer) };
            let told = || format!("block {block}: `{}` answers\n{printed}{complained}\ninstead of\n{}", turn.typed, turn.answer);
            match is_right {
                true => Attempt::Ready(()),
                false if QUESTIONS.iter().any(|question| turn.typed.starts_with(question)) => Attempt::NotYet(told()),
                false => Attempt::Hopeless(anyhow::anyhow!(told())),
            }
        };
        until(&format!("`{}` answers as in docs/operations.md", turn.typed), PATIENCE, look).unwrap();
    }
}

/// Puts the program by which an operator changes topics where the document's commands find it.
fn install_kafka_topics(shop: &Shop, at: &Path) {
    let program = shop.stack().kafka_program("org.apache.kafka.tools.TopicCommand");
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let quoted: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    fs::write(at, format!("#!/bin/sh\nexec {} \"$@\"\n", quoted.join(" "))).unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The commands of the block that the document marks with this name.
fn of_block(name: &str) -> Vec<Turn> {
    let mark = format!("<!-- drill: {name} -->\n");
    let (_, rest) = DOCUMENT.split_once(&mark).unwrap_or_else(|| panic!("docs/operations.md has no {mark:?}"));
    let fence: Vec<&str> = rest.splitn(3, "```").collect();
    assert!(fence[0].trim().is_empty(), "a fence follows {mark:?}");
    let turns = turns(&format!("```{}```", fence[1]));
    assert!(!turns.is_empty(), "the fence behind {mark:?} has commands");
    turns
}

/// Whether every line of the document's answer was printed, whatever the numbers in it. Two dots at the end of a line stand for more.
fn says(printed: &str, expected: &str) -> bool {
    let printed = shape(printed);
    let lines = expected.lines().map(|line| shape(line.trim_end_matches("..")));
    lines.filter(|line| !line.is_empty()).all(|line| printed.contains(&line))
}

/// The text with one space between words, and each number as one digit.
fn shape(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut shape = String::new();
    for letter in words.join(" ").chars() {
        let letter = if letter.is_ascii_digit() { '0' } else { letter };
        if letter != '0' || !shape.ends_with('0') {
            shape.push(letter);
        }
    }
    shape
}

#[test]
fn numbers_may_differ_and_words_may_not() {
    assert!(says("a: up to 489 events  are gone. More\nb\n", "a: up to 7 events are gone. ..\n"));
    assert!(!says("a: up to 489 events are there", "a: up to 7 events are gone"));
}

#[test]
fn each_block_that_the_document_marks_is_typed_by_a_drill() {
    let drills = [include_str!("cluster.rs"), include_str!("growth.rs"), include_str!("restore.rs"), include_str!("source.rs")].concat();
    let marks: Vec<&str> = DOCUMENT.split("<!-- drill: ").skip(1).map(|rest| rest.split(" -->").next().unwrap()).collect();
    assert!(marks.len() > 5, "{marks:?}");
    let untyped: Vec<&&str> = marks.iter().filter(|mark| !drills.contains(&format!("types(\"{mark}\")"))).collect();
    assert!(untyped.is_empty(), "{untyped:?}");
    marks.into_iter().for_each(|mark| assert!(!of_block(mark).is_empty()));
}
