//! Asks the process that listens on this machine, without an HTTP client: one request, one answer, the connection closes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(2);
/// The longest answer that is read. An answer is a few kilobytes, but another program that listens there may send anything (P10).
const LONGEST: u64 = 4 << 20;

/// What the process answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The address that was asked.
    pub(super) address: String,
    /// The status code: 200, 503 and so on.
    pub(super) status: u16,
    /// The body.
    pub(super) body: String,
}

/// Asks the process that listens at `http.listen` for a path. The error says why there is no answer.
pub(super) async fn ask(listen: Option<&str>, path: &str) -> Result<Answer, String> {
    let Some(listen) = listen else { return Err("http.listen is not set".into()) };
    let address = reachable(listen);
    let answer = tokio::time::timeout(DEADLINE, get(&address, path)).await;
    let text = answer.map_err(|_| format!("none answers at {address} in time"))?.map_err(|_| format!("none answers at {address}"))?;
    let (status, body) = parsed(&text).ok_or_else(|| foreign(&address))?;
    Ok(Answer { address, status, body: body.to_owned() })
}

/// The sentence for an answer that orderstream does not give.
pub(super) fn foreign(address: &str) -> String {
    format!("what listens at {address} is not orderstream")
}

/// The address at which a process can be reached: one that listens on all addresses is reached on this machine.
fn reachable(listen: &str) -> String {
    match listen.rsplit_once(':') {
        Some(("0.0.0.0" | "", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => listen.to_owned(),
    }
}

async fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The status code and the body of an answer; `None` for what is no HTTP.
fn parsed(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let code = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some((code.get(..3)?.parse().ok()?, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_here() {
        assert_eq!(reachable("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reachable("[::]:8080"), "[::1]:8080");
        assert_eq!(reachable("10.0.0.7:80"), "10.0.0.7:80");
    }

    #[test]
    fn the_code_and_the_body_of_an_answer_are_read() {
        for (answer, expected) in [
            ("HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nok\n", Some((200, "ok\n"))),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\nkafka: down\n", Some((503, "kafka: down\n"))),
            ("HTTP/1.1 204\r\n\r\n", Some((204, ""))),
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", None),
            ("HTTP/1.1 2\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(parsed(answer), expected, "{answer}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_an_answer_too() {
        assert!(ask(Some("127.0.0.1:1"), "/status").await.unwrap_err().contains("none answers"));
        assert!(ask(None, "/status").await.unwrap_err().contains("http.listen"));
    }
}
