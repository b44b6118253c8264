//! Checks the commands that the documentation shows: those of the program against its own help, those of make against the Makefile, and
//! those of Cargo's tests against files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::markdown::Document;

/// The words that a shell takes for the end of a command.
const ENDS: [&str; 6] = ["|", "||", "&&", ";", ">", "<"];

/// The commands, targets and tests that exist.
pub(crate) struct Known {
    program: Node,
    targets: BTreeSet<String>,
    tests: BTreeSet<String>,
}

/// A command of the program: its flags and the commands below it.
#[derive(Default)]
struct Node {
    flags: BTreeSet<String>,
    below: BTreeMap<String, Node>,
}

impl Known {
    pub(crate) fn of_repository(root: &Path) -> Self {
        let makefile = fs::read_to_string(root.join("Makefile")).unwrap();
        let target = |line: &str| Some(line.split_once(':')?.0.to_owned()).filter(|name| is_plain(name));
        let packages = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path().join("tests"));
        let tests = packages.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        Self { program: node(&[]), targets: makefile.lines().filter_map(target).collect(), tests: tests.map(name).collect() }
    }

    /// Every command of the program, those below others too: `dlq`, `dlq replay`.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.program.commands()
    }

    /// Whether all words of a command are known.
    pub(crate) fn judge(&self, command: &str) -> Result<(), String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[..] {
            ["make", ref words @ ..] => {
                let absent = words.iter().find(|word| !word.contains('=') && !self.targets.contains(**word));
                absent.map_or(Ok(()), |target| Err(format!("the Makefile has no target {target}")))
            }
            ["cargo", ref words @ ..] => {
                let named = words.windows(2).filter(|pair| pair[0] == "--test").map(|pair| pair[1]);
                let absent = named.into_iter().find(|name| is_plain(&name.replace('_', "-")) && !self.tests.contains(*name));
                absent.map_or(Ok(()), |name| Err(format!("no package has a test {name}")))
            }
            ["orderstream", ref words @ ..] => self.program.judge(words),
            _ => self.program.judge(&words),
        }
    }
}

impl Node {
    fn commands(&self) -> Vec<String> {
        let with_those_below = |(name, node): (&String, &Self)| {
            let below = node.commands().into_iter().map(|below| format!("{name} {below}"));
            [name.clone()].into_iter().chain(below).collect::<Vec<_>>()
        };
        self.below.iter().flat_map(with_those_below).collect()
    }

    fn judge(&self, words: &[&str]) -> Result<(), String> {
        let mut at = self;
        for word in words {
            let word = word.trim_matches(['[', ']', '(', ')', ',', '.']);
            if word.starts_with("--") {
                let flag = word.split('=').next().unwrap_or(word);
                if !at.flags.contains(flag) {
                    return Err(format!("no flag {flag}"));
                }
            } else if let Some(below) = at.below.get(word) {
                at = below;
            } else if !at.below.is_empty() && is_plain(word) {
                return Err(format!("no command {word}"));
            }
        }
        Ok(())
    }
}

/// Whether the word looks like a command or a target. Values are written in capitals, or have digits, dots and the like.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// What the program prints for these arguments.
pub(crate) fn of_program(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_orderstream")).args(words).output().unwrap();
    assert!(output.status.success(), "orderstream {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Reads the command of these words from its help.
fn node(words: &[&str]) -> Node {
    let help = of_program(&[words, &["--help"]].concat());
    let mut node = Node::default();
    let mut is_list = false;
    for line in help.lines() {
        is_list = if line.starts_with(|c: char| c.is_ascii_alphabetic()) { line == "Commands:" } else { is_list };
        let first = line.split_whitespace().next().unwrap_or_default();
        if first.starts_with('-') {
            let flags = line.split_whitespace().map(|word| word.trim_end_matches(','));
            node.flags.extend(flags.filter(|word| word.starts_with("--")).map(str::to_owned));
        } else if is_list && line.starts_with("  ") && !line.starts_with("   ") && is_plain(first) && first != "help" {
            node.below.insert(first.to_owned(), self::node(&[words, &[first]].concat()));
        }
    }
    node
}

/// The commands of a document: in code spans, and at the beginning of lines in fences.
pub(crate) fn shown(document: &Document, known: &Known) -> Vec<String> {
    let spans = document.code_spans();
    let fenced = document.fenced_lines().map(|line| line.strip_prefix("$ ").unwrap_or(line).to_owned());
    spans.into_iter().chain(fenced).filter_map(|text| command(&text, known)).collect()
}

/// The command at the beginning of a text, if it is a known one. The documentation may leave out the program's name: `dlq list`.
fn command(text: &str, known: &Known) -> Option<String> {
    let is_setting = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let words: Vec<&str> = text.split_whitespace().skip_while(is_setting).collect();
    let words: Vec<&str> = words.into_iter().take_while(|word| !ENDS.contains(word) && !word.starts_with('#')).collect();
    let is_more = words.len() > 1;
    match words.first().copied()? {
        "make" | "cargo" if is_more => Some(words.join(" ")),
        "docker" => {
            let at = words.iter().rposition(|word| *word == "orderstream")?;
            (words.contains(&"exec") || words.contains(&"run")).then(|| words[at..].join(" "))
        }
        first if first == "orderstream" || first.ends_with("/orderstream") => {
            Some(["orderstream"].iter().chain(&words[1..]).copied().collect::<Vec<_>>().join(" "))
        }
        first if is_more && known.program.below.contains_key(first) => Some(words.join(" ")),
        _ => None,
    }
}

#[test]
fn a_command_a_flag_and_a_target_that_do_not_exist_are_found() {
    let known = Known::of_repository(Path::new(crate::ROOT));
    for (text, why) in [
        ("orderstream dlq reply --execute", "no command reply"),
        ("orderstream dlq replay --exekute", "no flag --exekute"),
        ("orderstream --config a.toml chek", "no command chek"),
        ("dlq reply --execute", "no command reply"),
        ("docker compose exec orderstream orderstream stats", "no command stats"),
        ("make tests", "the Makefile has no target tests"),
        ("ROUNDS=3 make chaoss", "the Makefile has no target chaoss"),
        ("cargo test --workspace --test promise", "no package has a test promise"),
    ] {
        let command = command(text, &known).unwrap();
        assert_eq!(known.judge(&command), Err(why.to_owned()), "{text}");
    }
    for text in [
        "orderstream",
        "orderstream dlq resolve ID --because TEXT --execute",
        "orderstream offsets reset --topic t --partition 2 --to 7",
        "reconcile [--source URL]",
        "make chaos ROUNDS=3",
        "cargo test --workspace --test promises",
    ] {
        assert_eq!(command(text, &known).map(|command| known.judge(&command)).unwrap_or(Ok(())), Ok(()), "{text}");
    }
    assert_eq!(command("orderstream_records_total", &known), None);
}
