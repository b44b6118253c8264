//! Finds the master through Sentinels, and says which of them to trust when they disagree (P8).
//!
//! Orderstream asks the Sentinels over plain connections of the crate, and not by the crate's own client for Sentinels, for four reasons.
//! That client takes the first answer, whoever gives it; only the answers of all, side by side, tell a Sentinel that missed a failover from
//! one that has seen it. That client reads the list of all masters, which takes more rights. Its time limits are the crate's, and not what
//! a batch may wait (P10). And its error says that no master was found, and not which Sentinel said what.
//!
//! # Whom to trust
//!
//! - Each failover has a `config-epoch` of its own, for which a majority of the Sentinels has voted, and the epochs grow. So the highest
//!   epoch names the newest master, even if only one Sentinel knows of it yet. Among equal epochs (Sentinels that were set up with
//!   different masters all begin with epoch 0) the server that more Sentinels name comes first, and then the list's own order decides.
//! - The server itself has the last word about its role: one that says that it is no master is passed over.
//! - A server of a lower epoch may be the old master, which takes writes that a failover has already made void. So when the newest master
//!   does not answer, an older one counts only if more than half of all Sentinels name it now.
//!
//! A Sentinel that is away, hangs, does not know the name or refuses the login is passed over; the error that remains says what each said.

mod said;

use std::sync::Arc;
use std::time::Duration;

use service::settings::Renewable;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::access::{Access, Reached};
use super::server::Server;
use super::{RedisError, meet};
use said::{Candidate, Said, agreed, candidates};

/// The share of a call's deadline for the Sentinels; each server that they name gets the same. Two servers are tried at most.
const SHARES: u32 = 3;

/// The Sentinels, and what is asked of them.
#[derive(Debug, Clone)]
pub struct SentinelSettings {
    /// Where the Sentinels listen.
    pub addresses: Vec<Server>,
    /// The name that the Sentinels know the master by.
    pub master: String,
    /// The user at the Sentinels, who is another than the user at the server.
    pub user: Option<String>,
    /// The password at the Sentinels, asked anew for each connection.
    pub password: Option<Renewable>,
}

/// What the Sentinels say of the master.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentinelsView {
    /// The Sentinels that are of no use, and the servers that are no masters, in one clause each.
    pub troubles: Vec<String>,
    /// The server that has taken the place of the one in use; `None` if there is none.
    pub instead: Option<Server>,
}

/// A server to work with.
enum Found {
    /// The server that is in use.
    InUse,
    Another(Box<Reached>),
}

impl SentinelSettings {
    /// A connection to the master. More than half of the Sentinels that say the same are enough, so that one that hangs holds up nobody.
    ///
    /// # Errors
    /// [`RedisError::NoMaster`], with what each Sentinel and each server said.
    pub(super) async fn connect(self: &Arc<Self>, access: &Access, patience: Duration) -> Result<Reached, RedisError> {
        let share = patience / SHARES;
        let said = self.ask(access, share, agreed).await;
        match self.find(access, &said, &[], share).await {
            Ok(Found::Another(reached)) => Ok(*reached),
            Ok(Found::InUse) => Err(RedisError::Unexpected("a master")),
            Err(why) => Err(RedisError::NoMaster(why.join("; "))),
        }
    }

    /// Asks whether the servers in use are the master still. Another server takes their place only if it says itself that it is the master.
    /// All Sentinels are waited for, so that one that hangs is told, and one that alone knows of a newer failover is heard.
    pub(super) async fn look(self: &Arc<Self>, access: &Access, in_use: &[Server], patience: Duration) -> SentinelsView {
        let said = self.ask(access, patience, |_| false).await;
        match self.find(access, &said, in_use, patience).await {
            Ok(Found::Another(reached)) => SentinelsView { troubles: troubles(&said), instead: Some(reached.server) },
            Ok(Found::InUse) => SentinelsView { troubles: troubles(&said), instead: None },
            Err(troubles) => SentinelsView { troubles, instead: None },
        }
    }

    /// Asks all Sentinels at the same time, until all have answered, the time is over, or what was said is enough. Then a Sentinel that was
    /// not waited for has said nothing wrong.
    async fn ask(self: &Arc<Self>, access: &Access, patience: Duration, is_enough: impl Fn(&[Said]) -> bool) -> Vec<Said> {
        let until = Instant::now() + patience;
        let mut said: Vec<Said> = self.addresses.iter().cloned().map(Said::nothing(patience)).collect();
        let mut asking = JoinSet::new();
        for (number, sentinel) in self.addresses.iter().cloned().enumerate() {
            let (settings, access) = (Arc::clone(self), access.clone());
            asking.spawn(async move { (number, said::ask(&settings, &access, &sentinel).await) });
        }
        while let Ok(Some(Ok((number, answer)))) = timeout_at(until, asking.join_next()).await {
            said[number].named = answer;
            if is_enough(&said) {
                said.retain(|said| !said.is_open());
                break;
            }
        }
        said
    }

    /// The first server that is the master, in the order of trust. The errors say why there is none.
    async fn find(&self, access: &Access, said: &[Said], in_use: &[Server], patience: Duration) -> Result<Found, Vec<String>> {
        let mut why = troubles(said);
        let mut newer_is_away = false;
        for Candidate { server, votes, .. } in candidates(said).into_iter().take(SHARES as usize - 1) {
            if newer_is_away && 2 * votes <= self.addresses.len() {
                why.push(format!("{server} is not tried, because a newer master is known"));
                continue;
            }
            if !in_use.is_empty() && in_use.iter().all(|known| *known == server) {
                return Ok(Found::InUse);
            }
            let reached = timeout(patience, access.reach(&server)).await.unwrap_or(Err(RedisError::Timeout(patience)));
            match reached {
                Ok(reached) if reached.met.is_master() => return Ok(Found::Another(Box::new(reached))),
                Ok(Reached { met: meet::Met { role: Some(role), .. }, .. }) => {
                    why.push(format!("{server} is named as the master and says that it is a {role}"));
                }
                Ok(_) => why.push(format!("{server} is named as the master and tells this user no role; allow +info")),
                Err(error) => {
                    newer_is_away = true;
                    why.push(format!("{server} is named as the master, and {error}"));
                }
            }
        }
        Err(why)
    }
}

fn troubles(said: &[Said]) -> Vec<String> {
    said.iter().filter_map(|said| said.named.as_ref().err().map(|why| format!("the Sentinel {} {why}", said.sentinel))).collect()
}
