//! The tokens of the tests, one for each role, in a file that the processes read again whenever somebody asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use orderstream::config::tokens::{NewToken, Role};

struct Tokens {
    made: Vec<(Role, NewToken)>,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

static TOKENS: OnceLock<Tokens> = OnceLock::new();

fn tokens() -> &'static Tokens {
    TOKENS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let made = Role::ALL.map(|role| (role, NewToken::make(role.as_str(), role).unwrap())).into();
        let tokens = Tokens { made, file: folder.path().join("tokens"), _folder: folder };
        write(&tokens, None);
        tokens
    })
}

fn write(tokens: &Tokens, without: Option<Role>) {
    let known = tokens.made.iter().filter(|(role, _)| Some(*role) != without);
    let lines: Vec<&str> = known.map(|(_, made)| made.line.as_str()).collect();
    // A file that is written in place is empty for a moment, and then nobody is known.
    let new = tokens.file.with_extension("new");
    fs::write(&new, lines.join("\n")).unwrap();
    fs::rename(&new, &tokens.file).unwrap();
}

/// The token of each role.
pub fn by_role() -> BTreeMap<&'static str, &'static str> {
    tokens().made.iter().map(|(role, made)| (role.as_str(), made.token.as_str())).collect()
}

/// The file, for `PAGE_TOKENS_FILE`.
pub fn file() -> String {
    tokens().file.display().to_string()
}

/// Takes the token of a role out of the file.
pub fn take_away(role: Role) {
    write(tokens(), Some(role));
}

/// Puts all tokens into the file again.
pub fn give_back() {
    write(tokens(), None);
}
