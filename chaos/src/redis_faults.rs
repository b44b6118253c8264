//! The faults of Redis and its data, beside those that can happen to any process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use stack::Stack;

const PATIENCE: Duration = Duration::from_secs(2);
/// The memory settings that redis/redis.conf has. The memory is set before the policy: with the usual policy and without memory Redis
/// would evict the hashes of orders at once, and nobody promises to notice such an eviction.
const MEMORY: [(&str, &str); 2] = [("maxmemory", "1gb"), ("maxmemory-policy", "volatile-lru")];
/// Settings with which Redis refuses every write. The policy is set before the memory, so that Redis evicts no hash.
const NO_MEMORY: [(&str, &str); 2] = [("maxmemory-policy", "noeviction"), ("maxmemory", "1")];

/// A connection that does not wait for a Redis that hangs.
pub(crate) fn connect(stack: &Stack) -> Result<redis::Connection> {
    let connection = redis::Client::open(stack.redis_url())?.get_connection_with_timeout(PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    Ok(connection)
}

fn command(stack: &Stack, words: &[&str]) -> Result<()> {
    let mut command = redis::cmd(words[0]);
    for word in &words[1..] {
        command.arg(word);
    }
    Ok(command.exec(&mut connect(stack)?)?)
}

fn configure(stack: &Stack, settings: [(&str, &str); 2]) -> Result<()> {
    settings.iter().try_for_each(|(name, value)| command(stack, &["CONFIG", "SET", name, value]))
}

/// Removes every key.
pub(crate) fn flush(stack: &Stack) -> Result<()> {
    command(stack, &["FLUSHALL"])
}

/// Leaves no memory for any write.
pub(crate) fn fill(stack: &Stack) -> Result<()> {
    configure(stack, NO_MEMORY)
}

/// Makes Redis the replica of a server that does not exist, so that Redis takes no writes.
pub(crate) fn make_read_only(stack: &Stack) -> Result<()> {
    command(stack, &["REPLICAOF", "127.0.0.1", "1"])
}

/// Takes from the Redis user the right to use the command.
pub(crate) fn forbid(stack: &Stack, name: &str) -> Result<()> {
    command(stack, &["ACL", "SETUSER", "default", &format!("-{name}")])
}

/// Makes Redis writable again, with as much memory as it should have, and gives its user every right.
pub(crate) fn heal(stack: &Stack) -> Result<()> {
    command(stack, &["ACL", "SETUSER", "default", "+@all"])?;
    command(stack, &["REPLICAOF", "NO", "ONE"])?;
    configure(stack, MEMORY)
}

/// Kills Redis and starts it again without its data.
pub(crate) fn lose_data(stack: &Stack) -> Result<()> {
    stack.redis().kill();
    let data = data(stack);
    fs::remove_dir_all(&data)?;
    fs::create_dir(&data)?;
    stack.redis().launch()
}

/// Copies the data that Redis has now, for [`return_to_backup`].
pub(crate) fn back_up(stack: &Stack) -> Result<()> {
    let backup = backup(stack);
    if backup.exists() {
        fs::remove_dir_all(&backup)?;
    }
    stack.redis().stop()?;
    copy(&data(stack), &backup)?;
    stack.redis().launch()
}

/// Kills Redis and starts it again with the data of the backup.
pub(crate) fn return_to_backup(stack: &Stack) -> Result<()> {
    stack.redis().kill();
    fs::remove_dir_all(data(stack))?;
    fs::rename(backup(stack), data(stack))?;
    stack.redis().launch()
}

fn data(stack: &Stack) -> PathBuf {
    stack.folder().join("redis")
}

fn backup(stack: &Stack) -> PathBuf {
    stack.folder().join("redis-before")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    ensure!(status.success(), "{} cannot be copied", from.display());
    Ok(())
}
