//! `orderstream ready`: asks the process on this machine whether it is ready, as its `/readyz` says. The health check of a container runs
//! this command, so the image needs neither a shell nor an HTTP client.

use std::process::ExitCode;

use super::http::{Answer, ask, foreign};
use super::{FAILED, print};
use crate::config::Config;

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let answer = ask(config.http.listen.as_deref(), "/readyz").await.map_err(anyhow::Error::msg)?;
    let code = code(&answer)?;
    print(answer.body)?;
    Ok(code)
}

/// Ready or not, by the status code; other codes come from other programs.
fn code(answer: &Answer) -> anyhow::Result<ExitCode> {
    match answer.status {
        200 => Ok(ExitCode::SUCCESS),
        503 => Ok(ExitCode::from(FAILED)),
        _ => Err(anyhow::Error::msg(foreign(&answer.address))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ready_process_is_success_and_another_program_is_named() {
        let of = |status| code(&Answer { address: "127.0.0.1:8080".into(), status, body: String::new() });
        assert_eq!(of(200).unwrap(), ExitCode::SUCCESS);
        assert_eq!(of(503).unwrap(), ExitCode::from(FAILED));
        assert!(of(404).unwrap_err().to_string().contains("127.0.0.1:8080 is not orderstream"));
    }
}
