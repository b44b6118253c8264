//! The page at `/`: how the stream is, what happened to an order, what failed, and what an operator may do about it.
//!
//! - [`access`]: who asks, and what they may do; each route names the role that it needs
//! - [`routes`]: the routes, in one list
//! - [`actions`]: what an operator may do: a plan, its execution, once, and the record of both
//! - [`alerts`]: what is wrong now, and what to do about it; pure
//! - [`asked`], [`lately`]: the servers that the page asks, with connections of its own; what is asked for all pages together
//! - [`assets`]: the built page, embedded in the program
//! - [`sampler`]: once a second, how the process is, serialised once for all pages
//! - [`overview`]: what the page shows of it; pure
//! - [`rates`], [`memory`], [`history`]: counters to rates, seconds to trends, a quarter of an hour for charts; pure
//! - [`letters`], [`orders`], [`redis`]: dead letters, what happened to one order or customer, the day of the breakers
//! - [`session`]: logging in and out
//! - [`stream`]: the news of each second, to each visible tab
//!
//! The page must not slow down what it shows. A page costs a write to its socket each second, whatever it shows; what needs Postgres has two
//! connections of its own, which are read-only, with a deadline of 250 ms for a statement (P10).

use std::sync::Arc;

use axum::{Extension, Router};
use tokio::sync::watch;

pub mod access;
pub mod actions;
pub mod alerts;
pub mod asked;
pub mod assets;
pub mod body;
pub mod error;
pub mod history;
pub mod lately;
pub mod letters;
pub mod memory;
pub mod orders;
pub mod overview;
pub mod rates;
pub mod redis;
pub mod routes;
pub mod sampler;
pub mod session;
pub mod stream;
#[cfg(test)]
mod typescript;

use crate::config;
use crate::health::Health;
use access::Access;
use actions::Actions;
use asked::Asked;
use sampler::Sampled;

/// What the page's handlers use.
#[derive(Debug)]
pub struct Page {
    /// Who may do what.
    pub access: Access,
    /// What the process knows of itself.
    pub health: Health,
    /// The last sample, and those before it.
    pub sampled: Sampled,
    /// The servers that are asked, and what they have answered.
    pub asked: Arc<Asked>,
    /// True once the process ends, so that open streams end.
    pub stopping: watch::Receiver<bool>,
}

impl Page {
    /// The page of a process that reports to `health` and `sampled`.
    pub fn new(settings: &config::Page, health: Health, sampled: Sampled, asked: Arc<Asked>, stopping: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self { access: Access::new(settings), health, sampled, asked, stopping })
    }
}

/// The routes of the page, without a listener.
pub fn router(page: Arc<Page>, actions: Actions) -> Router {
    routes::all(page).into_router().layer(Extension(actions))
}
