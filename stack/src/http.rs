//! Health as services tell it.

use std::time::Duration;

use anyhow::{Result, bail};

/// Whether a GET of `url` is answered with 200.
///
/// # Errors
/// When it is not, with what came instead.
pub fn answers(url: &str) -> Result<()> {
    let response = ureq::get(url).config().timeout_global(Some(Duration::from_secs(2))).http_status_as_error(false).build().call()?;
    if response.status().as_u16() != 200 {
        bail!("{url} answers {}", response.status());
    }
    Ok(())
}
