//! Stops a partition with too many dead letters before it sends more of them (P7). The partition goes on by itself once its letters are within the
//! cap.

use std::time::Duration;

use crate::letter_cap::{Excess, LetterCap, LetterShare, Refusals, Refused, counted};
use crate::{Stopped, Tenure};

/// The time between two looks of a stopped partition at the ledger: letters may be replayed, and the offset may be moved.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns once the dead letters of a batch may be sent; the answer is whether the partition had stopped. `before` looks at the letters directly
/// before the batch: how many are among so many records, and, if it is asked for, whom those in a row are about. `stop` is told of each look that finds
/// too many, with whether it is the first.
///
/// # Errors
/// The partition belongs to another worker, or was taken away.
pub async fn within<R, Looking>(
    cap: &LetterCap,
    tenure: &Tenure,
    records: usize,
    refusals: &Refusals<R>,
    before: impl Fn(u64, bool) -> Looking,
    mut stop: impl FnMut(Excess, bool),
) -> Result<bool, Stopped>
where
    R: Refused,
    Looking: Future<Output = Result<(LetterShare, Vec<String>), Stopped>>,
{
    let batch = LetterShare { records: records as u64, letters: counted(refusals) };
    let mut is_stopped = false;
    if batch.letters == 0 {
        return Ok(is_stopped);
    }
    loop {
        let (share, row) = before(cap.before(batch.records), batch.letters == batch.records).await?;
        let Some(excess) = cap.excess(share, batch).or_else(|| cap.row(row, records, refusals)) else { return Ok(is_stopped) };
        stop(excess, !is_stopped);
        is_stopped = true;
        tenure.pause(PAUSE).await?;
        if tenure.is_fenced() {
            return Err(Stopped::Fenced);
        }
    }
}
