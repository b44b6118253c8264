//! What the process shows of itself to others: the endpoints, the operator's port, the traces. All of them begin before any work and end
//! after it, so that they can report both.

use std::sync::Arc;

use service::logging::Level;
use service::tasks::Tasks;
use service::traces::Exporter;
use tokio::sync::watch;

use super::admin;
use super::endpoints::{Endpoints, router};
use crate::config::Config;
use crate::page::actions::Actions;
use crate::page::asked::Asked;
use crate::page::sampler::Sampled;
use crate::page::{self, Page};
use crate::shared::Shared;

/// The outlets, running.
pub(super) struct Outlets {
    tasks: Tasks,
    stop: watch::Sender<bool>,
}

impl Outlets {
    /// Listens before any work begins, so that a port in use is found at once.
    pub(super) async fn open(
        config: &Config,
        shared: &Shared,
        exporter: Option<Exporter>,
        level: Level,
        sampled: Sampled,
        asked: Arc<Asked>,
        actions: Actions,
    ) -> anyhow::Result<Self> {
        let mut outlets = Self { tasks: Tasks::default(), stop: watch::Sender::new(false) };
        if let Some(address) = &config.http.listen {
            let listener = service::http::bind("http.listen", address).await?;
            let endpoints = Endpoints { health: shared.health.clone(), metrics: shared.metrics.clone() };
            let page = Page::new(&config.page, shared.health.clone(), sampled, asked, outlets.stop.subscribe());
            let server = service::http::serve(listener, router(endpoints).merge(page::router(page, actions)), outlets.stopped());
            outlets.tasks.spawn("the HTTP server", server);
        }
        if let Some(address) = &config.admin.listen {
            let listener = service::http::bind("admin.listen", address).await?;
            let server = service::http::serve(listener, admin::router(level), outlets.stopped());
            outlets.tasks.spawn("the operator's HTTP server", server);
        }
        if let Some(exporter) = exporter {
            let sender = exporter.run(outlets.stopped());
            outlets.tasks.spawn("the sender of traces", sender);
        }
        Ok(outlets)
    }

    /// Does `work`, which is given up when an outlet ends.
    ///
    /// # Errors
    /// An error of `work`, or that an outlet has ended.
    pub(super) async fn while_running<T>(&mut self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        self.tasks.while_running(work).await
    }

    /// Ends the outlets, each within about a second.
    pub(super) async fn close(self) {
        self.stop.send_replace(true);
        self.tasks.finish().await;
    }

    fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            // If the owner of the sender is gone, the outlet is to end too.
            stop.wait_for(|stop| *stop).await.ok();
        }
    }
}
