//! What one Sentinel says, and the order in which the servers that all of them name are tried. The order is pure.

use std::cmp::Reverse;
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Pipeline, Value};
use service::settings::ExposeSecret;

use super::SentinelSettings;
use crate::redis::link::access::Access;
use crate::redis::link::server::Server;
use crate::redis::link::{RedisError, reply};

/// A server that a Sentinel names as the master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) server: Server,
    /// The number of the failover that made this server the master; 0 if the Sentinel does not tell.
    pub(super) epoch: u64,
}

/// What a Sentinel said: a server, or why none.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) sentinel: Server,
    pub(super) named: Result<Named, String>,
    patience: Duration,
}

/// A server that was named, by how many Sentinels, and with which epoch at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) server: Server,
    pub(super) epoch: u64,
    pub(super) votes: usize,
}

impl Said {
    /// Makes the answer of a Sentinel that has not answered yet.
    pub(super) fn nothing(patience: Duration) -> impl Fn(Server) -> Self {
        move |sentinel| Self { sentinel, named: Err(silence(patience)), patience }
    }

    /// Whether the Sentinel has not answered.
    pub(super) fn is_open(&self) -> bool {
        self.named.as_ref().err() == Some(&silence(self.patience))
    }
}

fn silence(patience: Duration) -> String {
    format!("did not answer within {} ms", patience.as_millis())
}

/// Whether more than half of the Sentinels name the same server with the same epoch.
pub(super) fn agreed(said: &[Said]) -> bool {
    let named: Vec<&Named> = said.iter().filter_map(|said| said.named.as_ref().ok()).collect();
    named.iter().any(|one| 2 * named.iter().filter(|other| other == &one).count() > said.len())
}

/// The servers that are named, in the order in which they are tried: the highest epoch first, then the most votes, then the Sentinels' own
/// order.
pub(super) fn candidates(said: &[Said]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for Named { server, epoch } in said.iter().filter_map(|said| said.named.as_ref().ok()) {
        match found.iter_mut().find(|known| known.server == *server) {
            Some(known) => {
                known.epoch = known.epoch.max(*epoch);
                known.votes += 1;
            }
            None => found.push(Candidate { server: server.clone(), epoch: *epoch, votes: 1 }),
        }
    }
    // The sort is stable, so that equals stay in the order in which they were named.
    found.sort_by_key(|candidate| Reverse((candidate.epoch, candidate.votes)));
    found
}

/// Asks one Sentinel. Its connection is closed afterwards: a Sentinel is asked seldom, and a standing connection to one that went away
/// without a word would be one more thing that hangs.
pub(super) async fn ask(settings: &SentinelSettings, access: &Access, sentinel: &Server) -> Result<Named, String> {
    let password = settings.password.as_ref().map(|password| password.now().expose_secret().to_owned());
    let mut connection =
        access.sentinel(sentinel, settings.user.as_deref(), password.as_deref()).await.map_err(|error| in_words(&error))?;
    let mut questions = Pipeline::new();
    questions.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(&settings.master);
    questions.cmd("SENTINEL").arg("MASTER").arg(&settings.master);
    let answers = connection.req_packed_commands(&questions, 0, questions.len()).await;
    let answers = answers.map_err(|error| in_words(&RedisError::from_crate(&error)))?;
    let [address, master] = <[Value; 2]>::try_from(answers).map_err(|_| "gave another number of answers than questions".to_owned())?;
    named(&address, &master, &settings.master)
}

fn in_words(error: &RedisError) -> String {
    match error {
        RedisError::Login(code) => {
            format!(
                "does not let this user in ({code}); set redis.sentinel_user and redis.sentinel_password, which are not those of the server"
            )
        }
        RedisError::Connection(why) => format!("cannot be reached: {why}"),
        other => format!("cannot be asked: {other}"),
    }
}

/// The address tells which server it is, also while a failover is under way. The epoch tells which failover; a user who may not ask for it
/// leaves it out.
fn named(address: &Value, master: &Value, name: &str) -> Result<Named, String> {
    if let Some(error) = reply::error(address) {
        return Err(match error.code() {
            "NOPERM" => "refuses the question; give its user the rules +sentinel|get-master-addr-by-name +sentinel|master".to_owned(),
            "NOAUTH" => in_words(&RedisError::Login("NOAUTH".to_owned())),
            _ => format!("is no Sentinel: it refuses the question ({})", error.code()),
        });
    }
    match address {
        Value::Nil => Err(format!("does not know a master of the name {name:?}; correct redis.sentinel_master")),
        Value::Array(parts) => {
            let text = |number: usize| parts.get(number).and_then(bytes).and_then(|text| str::from_utf8(text).ok());
            let server = text(0).zip(text(1).and_then(|port| port.parse().ok()));
            let (host, port) = server.ok_or("names something that is no address")?;
            Ok(Named { server: Server { host: host.to_owned(), port }, epoch: epoch(master).unwrap_or(0) })
        }
        _ => Err("names something that is no address".to_owned()),
    }
}

fn epoch(master: &Value) -> Option<u64> {
    let of = |(name, value): (&Value, &Value)| {
        (bytes(name)? == b"config-epoch").then(|| str::from_utf8(bytes(value)?).ok()?.parse().ok()).flatten()
    };
    master.as_map_iter()?.find_map(of)
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(port: u16) -> Server {
        Server { host: "h".to_owned(), port }
    }

    fn all(said: &[Option<(u16, u64)>]) -> Vec<Said> {
        let nothing = Said::nothing(Duration::from_secs(1));
        let of = |said: &Option<(u16, u64)>| match said {
            Some((port, epoch)) => Said { named: Ok(Named { server: server(*port), epoch: *epoch }), ..nothing(server(1)) },
            None => nothing(server(1)),
        };
        said.iter().map(of).collect()
    }

    fn order(said: &[Option<(u16, u64)>]) -> Vec<u16> {
        candidates(&all(said)).into_iter().map(|candidate| candidate.server.port).collect()
    }

    #[test]
    fn the_highest_epoch_comes_first_then_the_most_votes_then_the_order_of_the_list() {
        assert_eq!(order(&[Some((7000, 4)), Some((7000, 4)), Some((7001, 5))]), [7001, 7000], "one Sentinel knows of a newer failover");
        assert_eq!(order(&[Some((7002, 0)), Some((7001, 0)), Some((7001, 0))]), [7001, 7002], "a failover has never happened");
        assert_eq!(order(&[Some((7002, 0)), None, Some((7001, 0))]), [7002, 7001]);
        assert_eq!(order(&[None, None]), [] as [u16; 0]);
    }

    #[test]
    fn more_than_half_of_all_sentinels_have_to_say_the_same() {
        assert!(agreed(&all(&[Some((7000, 4)), None, Some((7000, 4))])));
        assert!(!agreed(&all(&[Some((7000, 4)), None, Some((7000, 5))])), "they tell of two failovers");
        assert!(!agreed(&all(&[Some((7000, 4)), None])), "one of two is not more than half");
    }

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn an_answer_is_an_address_with_its_epoch_or_a_clause_that_says_what_to_do() {
        let address = Value::Array(vec![text("10.0.0.1"), text("6379")]);
        let master = Value::Array(vec![text("name"), text("shop"), text("config-epoch"), text("7")]);
        let expected = |epoch| Ok(Named { server: Server { host: "10.0.0.1".to_owned(), port: 6379 }, epoch });
        assert_eq!(named(&address, &master, "shop"), expected(7));
        assert_eq!(named(&address, &Value::Nil, "shop"), expected(0), "a user may lack the right to ask for the epoch");
        assert!(named(&Value::Nil, &Value::Nil, "shop").unwrap_err().contains("redis.sentinel_master"));
        assert!(named(&Value::Array(vec![text("h"), text("x")]), &master, "shop").is_err());
    }
}
