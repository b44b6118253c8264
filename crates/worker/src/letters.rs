//! Sends the dead letters of a batch, and waits for their acknowledgement before the offset moves past them (P7).

use std::collections::HashMap;
use std::time::Duration;

use change::record::Record;
use kafka::dead_letter::{DeadLetter, DeadLetterError, Landed, Undeliverable};

use crate::letter_cap::{Refusals, Refused};
use crate::{Revoked, Tenure};

/// What the process has to know of letters that wait.
#[derive(Debug)]
pub enum Told<'a> {
    /// An operator has to act, because no retry within seconds helps. Each reason is told once, and was logged.
    Waits(String),
    /// Kafka does not acknowledge, which passes by itself. Told at each attempt, and not logged.
    Troubled(&'a DeadLetterError),
    /// The letters that had waited for an operator are accepted.
    GoesOn,
}

/// The letters that were acknowledged so far, by index of the record, so that a transaction that is tried again does not send them again.
#[derive(Debug, Default)]
pub struct Letters {
    landed: HashMap<usize, Landed>,
    /// The reason that was last reported for the letters that are left, so that each reason is reported once.
    told: Option<String>,
}

/// What the broker answers: the fate of each letter, in order.
pub type Sent = Result<Vec<Result<Landed, Undeliverable>>, DeadLetterError>;

impl Letters {
    /// Sends the refused records that are not on the dead letter `topic` yet, until all are. Waits while Kafka is away (P6). `send` sends letters,
    /// `tell` is told why they wait, `next_delay` says how long until the next attempt.
    ///
    /// # Errors
    /// The partition was taken away.
    pub async fn acknowledge<'r, R: Refused, Sending: Future<Output = Sent>>(
        &mut self,
        (tenure, topic): (&Tenure, &str),
        records: &'r [Record],
        refusals: &'r Refusals<R>,
        mut send: impl FnMut(Vec<DeadLetter<'r>>) -> Sending,
        mut tell: impl FnMut(Told<'_>),
        mut next_delay: impl FnMut() -> Duration,
    ) -> Result<(), Revoked> {
        let epoch = tenure.claim.epoch;
        loop {
            let open: Vec<usize> = refusals.keys().copied().filter(|index| !self.landed.contains_key(index)).collect();
            if open.is_empty() {
                break;
            }
            let letter = |index: &usize| DeadLetter { record: &records[*index], rejection: refusals[index].rejection(), epoch };
            match send(open.iter().map(letter).collect()).await {
                Ok(fates) => {
                    let refused = fates.iter().find_map(|fate| fate.as_ref().err().cloned());
                    self.landed.extend(open.into_iter().zip(fates).filter_map(|(index, fate)| Some((index, fate.ok()?))));
                    if let Some(refused) = refused {
                        let left = refusals.keys().filter(|index| !self.landed.contains_key(index)).count();
                        let what = format!("{left} dead letters of the batch wait: {refused}");
                        self.somebody_has_to_act((tenure, topic), &what, &mut tell);
                    }
                }
                Err(error) => match error.remedy() {
                    Some(remedy) => self.somebody_has_to_act((tenure, topic), &format!("{error}; {remedy}"), &mut tell),
                    None => tell(Told::Troubled(&error)),
                },
            }
            // The letters that are left wait, because a record that is neither applied nor on the dead letter topic would be lost.
            if refusals.keys().any(|index| !self.landed.contains_key(index)) {
                tenure.pause(next_delay()).await?;
            }
        }
        if self.told.take().is_some() {
            tracing::info!(topic = %tenure.claim.topic, partition = tenure.claim.partition, "The dead letters are accepted; the partition goes on");
            tell(Told::GoesOn);
        }
        Ok(())
    }

    /// Where the letter of the record with this index landed; `None` if it was not acknowledged.
    #[must_use]
    pub fn landed(&self, index: usize) -> Option<Landed> {
        self.landed.get(&index).copied()
    }

    /// Reports the reason at once: in `/readyz` for as long as it lasts, and in the log once (P9).
    fn somebody_has_to_act(&mut self, (tenure, topic): (&Tenure, &str), what: &str, tell: &mut impl FnMut(Told<'_>)) {
        let reason = format!("dead letter topic {topic}: {what}");
        if self.told.as_ref() != Some(&reason) {
            tracing::error!(topic = %tenure.claim.topic, partition = tenure.claim.partition, reason, "Dead letters are not accepted; the partition waits and nothing is lost");
            tell(Told::Waits(reason.clone()));
            self.told = Some(reason);
        }
    }
}
