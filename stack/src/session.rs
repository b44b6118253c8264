//! The walk through the session of a document, line by line: each command is run, and its output is compared with the document's. The README has
//! the session of orders, docs/mirror.md that of the mirror.
//!
//! A command that only reads is run again until it prints what the document says, because the effects of an insert need some milliseconds.
//! Times and versions, which differ from run to run, are compared by their shape.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use stack::console::{Turn, has, shell, turns, typed};
use stack::wait::{self, Attempt};
use stack::{Job, Ports};

const README: &str = include_str!("../../README.md");
const OF_MIRROR: &str = include_str!("../../docs/mirror.md");
/// The heading before the session; [`END`] begins the heading after it.
const BEGIN: &str = "### A session to follow";
const END: &str = "\n## ";
/// The beginning of a comment that says what is typed instead if the services are containers.
const IN_CONTAINERS: &str = "# docker compose";
/// The beginnings of lines that only read, and so may be run again.
const QUESTIONS: [&str; 4] = ["select", "redis-cli H", "kcat -C", "curl"];
/// The longest time that a machine with other work takes from an insert to the last of its effects.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the session takes place.
pub(crate) struct Scene {
    /// The job whose session it is.
    pub(crate) job: Job,
    /// The ports of the services and of orderstream.
    pub(crate) ports: Ports,
    /// The port of the Postgres that has the mirror's tables.
    pub(crate) target_port: u16,
    /// The command that talks to the containers, such as `docker compose`; `None` if the services are local processes.
    pub(crate) compose: Option<String>,
    /// The file that a shell reads first to find into a secured stack.
    pub(crate) shell_file: Option<PathBuf>,
}

/// Walks through the session.
///
/// # Errors
/// At the first line that fails or does not print what the document says.
pub(crate) fn walk(scene: &Scene) -> Result<()> {
    let document = match scene.job {
        Job::Orders => README,
        Job::Mirror => OF_MIRROR,
    };
    let turns = session(document)?;
    for turn in &turns {
        let typed = scene.here(turn);
        println!("{}", typed.lines().next().unwrap_or_default());
        wait::until(&format!("`{typed}` answers as in the document"), PATIENCE, || attempt(scene, turn, &typed))?;
    }
    println!("{} lines of the session do what the document says", turns.len());
    Ok(())
}

/// The turns of the session, in their order.
fn session(document: &str) -> Result<Vec<Turn>> {
    let (_, session) = document.split_once(BEGIN).unwrap_or_default();
    let session = turns(session.split_once(END).map_or(session, |(session, _)| session));
    ensure!(!session.is_empty(), "the document has no session below {BEGIN:?}");
    Ok(session)
}

/// Whether the line only reads, and so may be run again.
fn is_question(turn: &Turn) -> bool {
    QUESTIONS.iter().any(|question| turn.typed.starts_with(question))
}

/// What is typed instead if the services are containers.
fn in_containers(turn: &Turn) -> Option<&str> {
    turn.typed.find(IN_CONTAINERS).map(|at| turn.typed[at + 2..].trim())
}

fn attempt(scene: &Scene, turn: &Turn, typed: &str) -> Attempt<()> {
    let answered = run(scene, turn, typed);
    match answered {
        Ok(answer) if has(&answer, &turn.answer) => Attempt::Ready(()),
        Ok(answer) if is_question(turn) => Attempt::NotYet(answer),
        Ok(answer) => Attempt::Hopeless(anyhow::anyhow!("`{typed}` answers\n{answer}\ninstead of\n{}", turn.answer)),
        Err(error) if is_question(turn) => Attempt::NotYet(format!("{error:#}")),
        Err(error) => Attempt::Hopeless(error),
    }
}

fn run(scene: &Scene, turn: &Turn, text: &str) -> Result<String> {
    let mut command = shell();
    // bash reads this file before anything else that is not typed by hand.
    if let Some(file) = &scene.shell_file {
        command.env("BASH_ENV", file);
    }
    if let Some(database) = &turn.database {
        let port = if database == "mirror" { scene.target_port } else { scene.ports.postgres };
        let url = format!("postgres://postgres:postgres@localhost:{port}/{database}");
        command.args(["-c", "exec psql -X -v ON_ERROR_STOP=1 \"$0\"", &url]);
    }
    let answer = typed(&mut command, text)?;
    if !answer.succeeded {
        bail!("`{text}` failed: {}{}", answer.printed, answer.complained);
    }
    Ok(answer.printed)
}

impl Scene {
    /// The command for this scene: with the ports of this stack, or for containers the command that the README's comment gives instead.
    fn here(&self, turn: &Turn) -> String {
        let Ports { postgres, redis, kafka, connect, orderstream, .. } = self.ports;
        if let (Some(compose), Some(other)) = (&self.compose, in_containers(turn)) {
            return other.replace("docker compose", compose);
        }
        turn.typed
            .replace("localhost:15432", &format!("localhost:{postgres}"))
            .replace("localhost:9092", &format!("localhost:{kafka}"))
            .replace("localhost:8083", &format!("localhost:{connect}"))
            .replace("localhost:8080", &format!("localhost:{orderstream}"))
            .replace("redis-cli ", &format!("redis-cli -p {redis} "))
            .replace("*6379", &format!("*{redis}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_a_session() {
        for document in [README, OF_MIRROR] {
            assert!(session(document).unwrap().len() > 10);
        }
    }

    #[test]
    fn a_session_ends_at_the_next_heading_and_each_of_its_lines_is_known() {
        let readme = "\n### A session to follow\n```\n$ printf a |\n    cat      # docker compose run cat\na\norders=# select 1;\n```\n## More\n```\n$ never\n```";
        let session = session(readme).unwrap();
        assert_eq!(session.len(), 2, "{session:?}");
        assert_eq!(in_containers(&session[0]), Some("docker compose run cat"));
        assert!(is_question(&session[1]) && !is_question(&session[0]));
    }

    #[test]
    fn a_document_without_a_session_is_an_error() {
        assert!(session("# nothing").is_err());
    }
}
