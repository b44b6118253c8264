//! The proof that the rounds would notice if the guard of positions were gone (P5): without it, old records that come again win.

use anyhow::{Result, ensure};
use fastrand::Rng;

use super::checks;
use super::fault::send_again;
use super::world::World;

/// Lets each event replace what is stored, whatever its position.
const TAKEN_AWAY: &str = "alter function orderstream_mirror.position_supersedes(int, int, bigint, \"char\", bigint, bigint, int, int, bigint, \"char\", bigint, bigint)
    rename to kept_position_supersedes;
create function orderstream_mirror.position_supersedes(int, int, bigint, \"char\", bigint, bigint, int, int, bigint, \"char\", bigint, bigint)
    returns boolean language sql immutable as 'select true'";

/// Takes the guard away, sends old records again, and fails unless the checks find what has become of the rows.
pub(super) fn is_noticed(world: &mut World, seed: u64) -> Result<()> {
    world.set_active(1)?;
    world.stack.psql_in("mirror", TAKEN_AWAY)?;
    send_again(world, "accounts", &mut Rng::with_seed(seed))?;
    // The checks look until they find nothing, so the lag is gone when they give up.
    let findings = checks::settle_within(world, std::time::Duration::from_secs(20));
    findings.iter().for_each(|finding| println!("  found: {finding}"));
    ensure!(!findings.is_empty(), "the guard was taken away, old records came again, and no check has found anything");
    Ok(())
}
