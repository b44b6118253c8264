//! The health of a service over HTTP.

use std::time::Duration;

use anyhow::{Result, bail};

/// Fails unless a GET of `url` is answered with 200.
///
/// # Errors
/// When the answer has another status, which the error names, or when there is no answer.
pub fn answers(url: &str) -> Result<()> {
    answers_to(url, "")
}

/// Does the same with this header `Authorization`.
pub(crate) fn answers_to(url: &str, authorization: &str) -> Result<()> {
    let response = ureq::get(url)
        .header("Authorization", authorization)
        .config()
        .timeout_global(Some(Duration::from_secs(2)))
        .http_status_as_error(false)
        .build()
        .call()?;
    if response.status().as_u16() != 200 {
        bail!("{url} answers {}", response.status());
    }
    Ok(())
}
