//! Makes records of the customers' topic into changes: decode and reject. The functions are pure.

use change::effect::Effect;
use change::record::{Ended, Record};

use crate::orders::absent::Tally;
use crate::orders::customer::CustomerChange;
use crate::orders::decode::{Decoded, Decoder};
use crate::orders::refusal::{Refusal, Refusals};

/// The decoded records of a batch.
#[derive(Debug, Default)]
pub struct CustomerChanges {
    /// The changes, in order of their records.
    pub changes: Vec<CustomerChange>,
    /// The columns that the events do not have.
    pub absent: Tally,
    /// The records that cannot be decoded.
    pub refusals: Refusals,
    /// The number of tombstones and heartbeats.
    pub ignored: u64,
}

/// Decodes a batch. `ended` tells of the record before the batch, and afterwards of its last record.
#[must_use]
pub fn decode(decoder: &Decoder, records: &[Record], ended: &mut Ended) -> CustomerChanges {
    let mut out = CustomerChanges::default();
    for (index, record) in records.iter().enumerate() {
        let is_told = ended.is_followed_by(record);
        *ended = Ended::by(record);
        if is_told {
            out.ignored += 1;
            continue;
        }
        match decoder.customer(record) {
            Ok(Decoded::Change(change)) => {
                if let Effect::Put(row) = &change.effect {
                    out.absent.add(row.absent());
                    *ended = Ended::default();
                }
                out.changes.push(change);
            }
            Ok(Decoded::Ignored | Decoded::Truncate(_)) => out.ignored += 1,
            Err(rejection) => {
                out.refusals.insert(index, Refusal::of_customer(rejection, decoder.customer_of_key(record)));
            }
        }
    }
    out
}
