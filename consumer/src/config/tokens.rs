//! Tokens: 256 random bits that are shown once. The configuration has only their SHA-256, so nobody who reads it can use them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// The most tokens (P10).
const MOST: usize = 200;

/// The longest name.
const LONGEST_NAME: usize = 40;

/// What somebody may do. Each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See everything, with names and addresses masked.
    Read,
    /// See names, addresses and the bytes of dead letters.
    Reveal,
    /// Change something.
    Operate,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Read, Self::Reveal, Self::Operate];

    /// The word in tokens and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reveal => "reveal",
            Self::Operate => "operate",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// A token as the configuration knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose token it is.
    pub name: String,
    /// What they may do.
    pub role: Role,
    hash: [u8; 32],
}

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// A token that was just made.
#[derive(Debug)]
pub struct NewToken {
    /// The token, to be shown once.
    pub token: String,
    /// The line for `page.tokens`.
    pub line: String,
}

impl Token {
    /// Whether this is the token that was shown. The time that the answer takes says nothing of how much was right.
    #[must_use]
    pub fn is(&self, shown: &str) -> bool {
        // The comparison is of hashes, which nobody can choose byte by byte, so its time gives nothing away.
        hash(shown) == self.hash
    }
}

impl NewToken {
    /// Makes a token.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn make(name: &str, role: Role) -> Result<Self, NoRandomness> {
        let token = random()?;
        let line = format!("{name} {} {}", role.as_str(), hex(&hash(&token)));
        Ok(Self { token, line })
    }
}

/// 256 random bits as text.
///
/// # Errors
/// The system gives no random bytes.
pub fn random() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The SHA-256 of a text.
#[must_use]
pub fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the tokens: `name role sha256`, separated by line ends or commas. What stands behind `#` in a line is left out.
///
/// # Errors
/// What is wrong, and in which entry.
pub fn parse(text: &str) -> Result<Vec<Token>, String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.len() > MOST {
        return Err(format!("more than {MOST} tokens"));
    }
    let tokens: Vec<Token> = entries
        .iter()
        .enumerate()
        .map(|(number, entry)| one(entry).map_err(|why| format!("token {}: {why}", number + 1)))
        .collect::<Result<_, _>>()?;
    for (number, token) in tokens.iter().enumerate() {
        if tokens[..number].iter().any(|before| before.hash == token.hash) {
            return Err(format!("token {}: the same as one before it", number + 1));
        }
    }
    Ok(tokens)
}

fn one(entry: &str) -> Result<Token, String> {
    let words: Vec<&str> = entry.split_whitespace().collect();
    let [name, role, digits] = words[..] else {
        return Err("not `name role sha256`; `orderstream page token` prints such a line".to_owned());
    };
    let is_plain = name.len() <= LONGEST_NAME && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !is_plain {
        return Err(format!("the name has other characters than letters, digits, `.`, `_` and `-`, or more than {LONGEST_NAME}"));
    }
    let role = Role::parse(role).ok_or("the role is none of read, reveal, operate")?;
    let hash = unhex(digits).ok_or("the third word is no SHA-256 in 64 hexadecimal digits")?;
    Ok(Token { name: name.to_owned(), role, hash })
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let is_hex = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let mut bytes = [0; 32];
    for (number, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
        *byte = u8::from_str_radix(&digits[2 * number..2 * number + 2], 16).ok()?;
    }
    is_hex.then_some(bytes)
}

/// The tokens of all entries that are right, and what is wrong with the first that is not.
#[must_use]
pub fn known(text: &str) -> (Vec<Token>, Option<String>) {
    match parse(text) {
        Ok(tokens) => (tokens, None),
        Err(why) => {
            let entries = text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split(','));
            (entries.filter_map(|entry| one(entry).ok()).take(MOST).collect(), Some(why))
        }
    }
}

/// Says what is wrong with the setting `page.tokens`, without repeating any of it.
///
/// # Errors
/// What is wrong.
pub(super) fn check(text: &str) -> Result<(), String> {
    parse(text).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_is_known_by_its_line_and_nothing_else_is() {
        let made = NewToken::make("alice", Role::Operate).unwrap();
        let known = parse(&format!("# people\nbob read {}\n{} # on call\n", "0".repeat(64), made.line)).unwrap();
        assert_eq!(
            known.iter().map(|token| (&*token.name, token.role)).collect::<Vec<_>>(),
            [("bob", Role::Read), ("alice", Role::Operate)]
        );
        assert!(known[1].is(&made.token) && !known[0].is(&made.token) && !known[1].is(""));
        assert!(!made.line.contains(&made.token) && made.token.len() == 43);
        assert_ne!(NewToken::make("alice", Role::Operate).unwrap().token, made.token);
    }

    #[test]
    fn beside_a_wrong_entry_the_right_ones_are_known() {
        let made = NewToken::make("alice", Role::Read).unwrap();
        let (tokens, why) = known(&format!("bob operate none\n{}\n", made.line));
        assert_eq!((tokens.len(), tokens[0].is(&made.token)), (1, true));
        assert!(why.unwrap().starts_with("token 1:"));
        assert_eq!(known(""), (Vec::new(), None));
    }

    #[test]
    fn what_is_wrong_with_tokens_is_said_without_repeating_them() {
        let hash = "ab".repeat(32);
        for (text, why) in [
            ("alice read".to_owned(), "not `name role sha256`"),
            (format!("alice admin {hash}"), "none of read"),
            ("alice read s3cret".to_owned(), "no SHA-256"),
            (format!("al=ice read {hash}"), "other characters"),
            (format!("a read {hash}, b operate {hash}"), "token 2: the same"),
            (vec![format!("a read {hash}"); 201].join(","), "more than 200"),
        ] {
            let error = check(&text).unwrap_err();
            assert!(error.contains(why) && !error.contains("s3cret") && !error.contains(&hash), "{text}: {error}");
        }
        assert_eq!(check(""), Ok(()));
    }
}
