//! The turns of the README's session: each command or statement that is typed, and the answer that the README prints for it.

use anyhow::{Result, ensure};

/// The heading before the session; [`END`] begins the heading after it.
const BEGIN: &str = "### A session to follow";
const END: &str = "\n## ";
const SQL: &str = "orders=# ";
const SHELL: &str = "$ ";
/// The beginning of a comment that says what is typed instead if the services are containers.
const IN_CONTAINERS: &str = "# docker compose";
/// The beginnings of lines that only read, and so may be run again.
const QUESTIONS: [&str; 4] = ["select", "redis-cli H", "kcat -C", "curl"];

/// One command or statement of the session, with all of its lines and its answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) is_sql: bool,
    pub(super) typed: String,
    pub(super) answer: String,
}

impl Turn {
    /// Whether the line only reads, and so may be run again.
    pub(super) fn is_question(&self) -> bool {
        QUESTIONS.iter().any(|question| self.typed.starts_with(question))
    }

    /// What is typed instead if the services are containers.
    pub(super) fn in_containers(&self) -> Option<&str> {
        self.typed.find(IN_CONTAINERS).map(|at| self.typed[at + 2..].trim())
    }

    /// Whether the statement or command is complete: a statement ends with a semicolon, and a command goes on after a pipe or a
    /// backslash.
    fn is_complete(&self) -> bool {
        let typed = self.typed.trim_end();
        if self.is_sql { typed.ends_with(';') } else { !typed.ends_with('|') && !typed.ends_with('\\') }
    }
}

/// The turns of the session, in their order. The line that opens psql is not a turn, because each statement is run by a psql of its own.
pub(super) fn turns(readme: &str) -> Result<Vec<Turn>> {
    let (_, session) = readme.split_once(BEGIN).unwrap_or_default();
    let session = session.split_once(END).map_or(session, |(session, _)| session);
    let mut turns: Vec<Turn> = Vec::new();
    for block in session.split("```").skip(1).step_by(2) {
        let mut is_open = false;
        for line in block.lines().filter(|line| !line.starts_with("$ psql ")) {
            let typed = line.strip_prefix(SQL).map(|typed| (true, typed)).or_else(|| Some((false, line.strip_prefix(SHELL)?)));
            match (typed, turns.last_mut()) {
                (Some((is_sql, typed)), _) => {
                    turns.push(Turn { is_sql, typed: typed.to_owned(), answer: String::new() });
                    is_open = true;
                }
                (None, Some(turn)) if is_open && !turn.is_complete() => turn.typed = format!("{}\n{line}", turn.typed),
                (None, Some(turn)) if is_open => turn.answer = format!("{}{line}\n", turn.answer),
                (None, _) => {}
            }
        }
    }
    ensure!(!turns.is_empty(), "the README has no session below {BEGIN:?}");
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_commands_are_taken_with_what_they_print() {
        let readme = "
### A session to follow
```
$ psql postgres://localhost/orders
orders=# select 1,
  2;
 1 | 2

$ printf a |
    cat      # docker compose run cat
a
```
between
```
orders=# delete from orders;
```
## More
```
$ never
```";
        let turn = |is_sql, typed: &str, answer: &str| Turn { is_sql, typed: typed.into(), answer: answer.into() };
        let found = turns(readme).unwrap();
        assert_eq!(
            found,
            [
                turn(true, "select 1,\n  2;", " 1 | 2\n\n"),
                turn(false, "printf a |\n    cat      # docker compose run cat", "a\n"),
                turn(true, "delete from orders;", ""),
            ]
        );
        assert_eq!(found[1].in_containers(), Some("docker compose run cat"));
        assert!(found[0].is_question() && !found[2].is_question());
    }

    #[test]
    fn a_readme_without_a_session_is_an_error() {
        assert!(turns("# nothing").is_err());
    }
}
