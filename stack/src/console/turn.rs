//! The turns of a document's session: each command or statement that is typed, and the answer that the document prints for it.

/// What psql prints behind the name of the database where a statement begins.
const SQL: &str = "=# ";
const SHELL: &str = "$ ";

/// One command or statement of the session, with all of its lines and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The database in which a statement of SQL is typed; `None` for a command of a shell.
    pub database: Option<String>,
    /// What is typed.
    pub typed: String,
    /// What the document prints for it.
    pub answer: String,
}

impl Turn {
    /// Whether the statement or command is complete: a statement ends with a semicolon, and a command goes on after a pipe or a
    /// backslash.
    fn is_complete(&self) -> bool {
        let typed = self.typed.trim_end();
        if self.database.is_some() { typed.ends_with(';') } else { !typed.ends_with('|') && !typed.ends_with('\\') }
    }
}

/// The turns of the fences in a text, in their order. The line that opens psql is not a turn, because each statement is run by a psql of its
/// own.
#[must_use]
pub fn turns(text: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for block in text.split("```").skip(1).step_by(2) {
        let mut is_open = false;
        for line in block.lines().filter(|line| !line.starts_with("$ psql postgres:")) {
            let typed =
                statement(line).map(|(database, typed)| (Some(database), typed)).or_else(|| Some((None, line.strip_prefix(SHELL)?)));
            match (typed, turns.last_mut()) {
                (Some((database, typed)), _) => {
                    turns.push(Turn { database: database.map(str::to_owned), typed: typed.to_owned(), answer: String::new() });
                    is_open = true;
                }
                (None, Some(turn)) if is_open && !turn.is_complete() => turn.typed = format!("{}\n{line}", turn.typed),
                (None, Some(turn)) if is_open => turn.answer = format!("{}{line}\n", turn.answer),
                (None, _) => {}
            }
        }
    }
    turns
}

/// The database and the text of a statement at the prompt of psql.
fn statement(line: &str) -> Option<(&str, &str)> {
    line.split_once(SQL).filter(|(database, _)| !database.is_empty() && database.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_commands_are_taken_with_what_they_print() {
        let text = "
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
mirror=# delete from orders;
```";
        let turn = |database: &str, typed: &str, answer: &str| Turn {
            database: Some(database.to_owned()).filter(|name| !name.is_empty()),
            typed: typed.into(),
            answer: answer.into(),
        };
        assert_eq!(
            turns(text),
            [
                turn("orders", "select 1,\n  2;", " 1 | 2\n\n"),
                turn("", "printf a |\n    cat      # docker compose run cat", "a\n"),
                turn("mirror", "delete from orders;", ""),
            ]
        );
    }
}
