//! Whether the user of `redis.url` may do what orderstream does: each command is tried, so that nothing need be known of the user's rules,
//! and on keys that nobody else has or in a way that changes nothing.

use std::collections::BTreeSet;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Script};

use super::Findings;

/// What is tried; it calls nothing itself.
const SCRIPT: &str = "return 1";

/// A key of this check's own, among those that orderstream keeps for itself.
const OWN: &str = "orderstream:check";

/// A command on the keys of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Right {
    /// As rules of an ACL name it.
    command: &'static str,
    /// Of the keys; empty where the command has none.
    keys: &'static str,
}

const fn right(command: &'static str, keys: &'static str) -> Right {
    Right { command, keys }
}

/// Everything that orderstream's scripts and pipelines send, in an order that leaves nothing behind.
fn trials() -> Vec<(Right, Cmd)> {
    let command = |name: &str, arguments: &[&str]| {
        let mut command = redis::cmd(name);
        command.arg(arguments);
        command
    };
    let evalsha = ["1", OWN];
    vec![
        (right("info", ""), command("INFO", &["server"])),
        (right("ping", ""), command("PING", &[])),
        (right("script|load", ""), command("SCRIPT", &["LOAD", SCRIPT])),
        (right("evalsha", "orderstream:*"), command("EVALSHA", &[&[Script::new(SCRIPT).get_hash()], &evalsha[..]].concat())),
        (right("hmget", "customer:*"), command("HMGET", &["customer:check", "version"])),
        (right("hget", "recent_orders"), command("HGET", &["recent_orders", "version"])),
        (right("hgetall", "orderstream:*"), command("HGETALL", &[OWN])),
        (right("hexists", "order:*"), command("HEXISTS", &["order:check", "version"])),
        // Without a dump: refused after the rights were looked at.
        (right("restore", "order:*"), command("RESTORE", &["order:check", "0", "", "REPLACE"])),
        (right("set", "orderstream:*"), command("SET", &[OWN, "", "PX", "1000"])),
        (right("del", "orderstream:*"), command("DEL", &[OWN])),
        (right("hset", "orderstream:*"), command("HSET", &[OWN, "checked", "1"])),
        (right("expire", "orderstream:*"), command("EXPIRE", &[OWN, "1"])),
        (right("del", "orderstream:*"), command("DEL", &[OWN])),
        (right("rpush", "orderstream:*"), command("RPUSH", &[OWN, "checked"])),
        (right("expire", "orderstream:*"), command("EXPIRE", &[OWN, "1"])),
        (right("del", "orderstream:*"), command("DEL", &[OWN])),
        (right("del", "customer:*"), command("DEL", &["customer:check"])),
        (right("del", "order:*"), command("DEL", &["order:check"])),
    ]
}

/// What the user may not do.
pub(super) async fn denied(connection: &mut MultiplexedConnection) -> Result<Vec<Right>, String> {
    let mut denied = Vec::new();
    for (right, command) in trials() {
        match command.exec_async(connection).await {
            Err(error) if error.code() == Some("NOPERM") => denied.push(right),
            Err(error) if error.is_io_error() => return Err(error.to_string()),
            // An empty dump, a list that is no hash, a replica that takes no writes: allowed all the same.
            Ok(()) | Err(_) => {}
        }
    }
    Ok(denied)
}

pub(super) fn judge(denied: &[Right], findings: &mut Findings) {
    if denied.is_empty() {
        return findings.ok("the user may run every command that is needed");
    }
    let what: BTreeSet<String> = denied.iter().map(Right::in_words).collect();
    let rules: BTreeSet<String> = denied.iter().flat_map(Right::rules).collect();
    let list = |words: BTreeSet<String>, between: &str| words.into_iter().collect::<Vec<_>>().join(between);
    findings.failed(format!("the user may not run {}; give it the rules {} (ACL SETUSER)", list(what, ", "), list(rules, " ")));
}

impl Right {
    fn in_words(&self) -> String {
        let name = self.command.to_uppercase().replace('|', " ");
        if self.keys.is_empty() { name } else { format!("{name} on {}", self.keys) }
    }

    /// The command may be missing, or the keys: nothing but the server's words tells which.
    fn rules(&self) -> impl Iterator<Item = String> {
        let keys = (!self.keys.is_empty()).then(|| format!("~{}", self.keys));
        std::iter::once(format!("+{}", self.command)).chain(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade;

    #[test]
    fn what_is_denied_is_told_once_with_the_rules_that_allow_it() {
        let mut findings = Findings::new("redis");
        judge(&[right("restore", "order:*"), right("del", "order:*"), right("script|load", ""), right("del", "order:*")], &mut findings);
        assert_eq!(findings.lines[0].grade, Grade::Failed);
        let told = "the user may not run DEL on order:*, RESTORE on order:*, SCRIPT LOAD; \
                    give it the rules +del +restore +script|load ~order:* (ACL SETUSER)";
        assert_eq!(findings.lines[0].what, told);
    }

    #[test]
    fn whoever_may_do_everything_is_fine() {
        let mut findings = Findings::new("redis");
        judge(&[], &mut findings);
        assert_eq!(findings.lines[0].grade, Grade::Ok);
    }
}
