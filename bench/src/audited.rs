//! The cases `audited-create` and `audited-mixed`: the drains while `audit.history` is on, so that each change of a row is a second row.

use anyhow::Result;

use crate::drain::drain;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// Measures a drain with the trail. The process that empties the tables before the next drain switches the trail off.
pub(crate) fn audited(ground: &Ground, filled: &Filled) -> Result<Measures> {
    drain(ground, filled, &[("AUDIT_HISTORY", "on".to_owned())])
}
