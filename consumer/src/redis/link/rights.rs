//! Finds out which commands the server runs for this user, by trying each of them: so nothing need be known of access rules and renamed
//! commands. The trials use keys that nobody else has, or change nothing.

use std::collections::BTreeSet;

use redis::{Cmd, Script, Value};

use super::{RedisError, meet, reply};

/// The script that is tried, which calls no command.
const SCRIPT: &str = "return 1";

/// The key that the trials write, with the prefix of the keys that orderstream keeps for itself.
const OWN: &str = "orderstream:check";

/// A command on the keys of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// The command as the rules of an ACL name it.
    command: &'static str,
    /// The pattern of the keys; empty if the command has no keys.
    keys: &'static str,
}

/// Why a command does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    /// This user may not run the command.
    Forbidden,
    /// The server has no such command under this name.
    Unknown,
    /// The server does not read dumps of this version.
    OtherVersion,
}

/// A command that the server does not run for this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    right: Right,
    because: Because,
}

const fn right(command: &'static str, keys: &'static str) -> Right {
    Right { command, keys }
}

const RESTORE: Right = right("restore", "order:*");
/// The commands that take the place of [`RESTORE`].
const INSTEAD: [Right; 2] = [right("hset", "order:*"), right("expire", "order:*")];

/// Everything that orderstream's scripts and pipelines send, in an order that leaves nothing behind.
pub(super) fn trials() -> impl Iterator<Item = (Right, Cmd)> {
    let command = |name: &str, arguments: &[&str]| {
        let mut command = redis::cmd(name);
        command.arg(arguments);
        command
    };
    let evalsha = ["1", OWN];
    let trials = [
        (right("info", ""), command("INFO", &["server"])),
        (right("ping", ""), command("PING", &[])),
        (right("script|load", ""), command("SCRIPT", &["LOAD", SCRIPT])),
        (right("evalsha", "orderstream:*"), command("EVALSHA", &[&[Script::new(SCRIPT).get_hash()], &evalsha[..]].concat())),
        (right("hmget", "customer:*"), command("HMGET", &["customer:check", "version"])),
        (right("exists", "customer:*"), command("EXISTS", &["customer:check"])),
        (right("hget", "recent_orders"), command("HGET", &["recent_orders", "version"])),
        (right("hgetall", "orderstream:*"), command("HGETALL", &[OWN])),
        (right("hexists", "order:*"), command("HEXISTS", &["order:check", "version"])),
        (right("set", "orderstream:*"), command("SET", &[OWN, "", "PX", "1000"])),
        (right("del", "orderstream:*"), command("DEL", &[OWN])),
        (right("hset", "orderstream:*"), command("HSET", &[OWN, "checked", "1"])),
        (right("expire", "orderstream:*"), command("EXPIRE", &[OWN, "1"])),
        (right("del", "orderstream:*"), command("DEL", &[OWN])),
        (right("rpush", "orderstream:*"), command("RPUSH", &[OWN, "checked"])),
        (right("expire", "orderstream:*"), command("EXPIRE", &[OWN, "1"])),
        (right("del", "orderstream:*"), command("DEL", &[OWN])),
        (right("del", "customer:*"), command("DEL", &["customer:check"])),
        (RESTORE, meet::restore()),
        (INSTEAD[0], command("HSET", &["order:check", "version", "0"])),
        (INSTEAD[1], command("EXPIRE", &["order:check", "1"])),
        (right("del", "order:*"), command("DEL", &["order:check"])),
    ];
    trials.into_iter()
}

/// What the answers to [`trials`] say is missing.
pub(super) fn missing(answers: impl Iterator<Item = Value>) -> Vec<Missing> {
    let of = |((right, _), answer): ((Right, Cmd), Value)| Some(Missing { right, because: because(right, &answer)? });
    let mut missing: Vec<Missing> = trials().zip(answers).filter_map(of).collect();
    if !missing.iter().any(Missing::is_restore) {
        missing.retain(|missing| !INSTEAD.contains(&missing.right));
    }
    missing
}

/// Why the answer to a trial says that the command does nothing; `None` if the command is allowed. Other errors (a key of another type, a
/// replica that takes no writes) mean that the command is allowed.
fn because(right: Right, answer: &Value) -> Option<Because> {
    let error = reply::error(answer)?;
    match RedisError::from_reply(error) {
        RedisError::Denied(words) if words == "unknown command" => Some(Because::Unknown),
        RedisError::Denied(_) if error.code() == "NOPERM" => Some(Because::Forbidden),
        RedisError::Denied(_) if right == RESTORE => Some(Because::OtherVersion),
        _ => None,
    }
}

impl Missing {
    /// Whether the missing command is `RESTORE`, the only one that orderstream can do without.
    #[must_use]
    pub fn is_restore(&self) -> bool {
        self.right == RESTORE
    }
}

/// One clause for each: what the user may not run, with the rules that would allow it, and what the server does not have.
pub(super) fn in_words(missing: &[Missing]) -> Option<String> {
    let of = |because: Because| missing.iter().filter(move |missing| missing.because == because).map(|missing| missing.right);
    let list = |words: BTreeSet<String>, between: &str| words.into_iter().collect::<Vec<_>>().join(between);
    let names = |because| list(of(because).map(Right::in_words).collect(), ", ");
    let mut clauses = Vec::new();
    if of(Because::Forbidden).next().is_some() {
        let rules = list(of(Because::Forbidden).flat_map(Right::rules).collect(), " ");
        clauses.push(format!("the user may not run {}; give it the rules {rules} (ACL SETUSER)", names(Because::Forbidden)));
    }
    if of(Because::Unknown).next().is_some() {
        clauses.push(format!("the server does not know {} (rename-command, or a service that leaves it out)", names(Because::Unknown)));
    }
    if of(Because::OtherVersion).next().is_some() {
        clauses.push(format!("the server does not take what {} is given (dumps of Redis 7.0)", names(Because::OtherVersion)));
    }
    (!clauses.is_empty()).then(|| clauses.join("; "))
}

impl Right {
    fn in_words(self) -> String {
        let name = self.command.to_uppercase().replace('|', " ");
        if self.keys.is_empty() { name } else { format!("{name} on {}", self.keys) }
    }

    /// The rules that allow the command on its keys. The user may lack the command or the keys, and only the words of the server's error
    /// tell which.
    fn rules(self) -> impl Iterator<Item = String> {
        let keys = (!self.keys.is_empty()).then(|| format!("~{}", self.keys));
        std::iter::once(format!("+{}", self.command)).chain(keys)
    }
}

#[cfg(test)]
pub(super) fn without(forbidden: &[&'static str], unknown: &[&'static str]) -> Vec<Missing> {
    let of = |names: &[&'static str], because| {
        let named = trials().map(|(right, _)| right).filter(|right| names.contains(&right.command));
        named.map(|right| Missing { right, because }).collect::<Vec<_>>()
    };
    [of(forbidden, Because::Forbidden), of(unknown, Because::Unknown)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_once_with_what_mends_it() {
        let told = "the user may not run RESTORE on order:*, SCRIPT LOAD; give it the rules +restore +script|load ~order:* (ACL SETUSER); \
                    the server does not know HMGET on customer:* (rename-command, or a service that leaves it out)";
        assert_eq!(in_words(&without(&["restore", "script|load"], &["hmget"])).as_deref(), Some(told));
        assert_eq!(in_words(&[]), None);
        let dels = in_words(&without(&[], &["del"])).unwrap();
        assert_eq!(dels.matches("DEL on orderstream:*").count(), 1, "{dels}");
    }
}
