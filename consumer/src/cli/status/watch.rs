//! Shows the status again every second, until Ctrl-C. On a terminal each look takes the place of the one before; elsewhere each is a block.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::ctrl_c;
use tokio::time::{MissedTickBehavior, interval};

use super::look;
use crate::cli::print;
use crate::config::Config;
use crate::shared::Shared;

const EVERY: Duration = Duration::from_secs(1);

/// Moves to the first line of the terminal and clears it. Source: ECMA-48, CUP and ED.
const CLEAR: &str = "\x1b[H\x1b[2J";

pub(super) async fn run(shared: &Shared, config: &Config) -> anyhow::Result<ExitCode> {
    let before = if std::io::stdout().is_terminal() { CLEAR } else { "" };
    let mut due = interval(EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let show = async {
        loop {
            due.tick().await;
            // A server that is away is named in the text, and looked for again.
            print(format_args!("{before}{}\n", look(shared, config).await.text))?;
        }
    };
    tokio::select! {
        shown = show => shown,
        asked = ctrl_c() => asked.map(|()| ExitCode::SUCCESS).context("Ctrl-C cannot be listened to"),
    }
}
