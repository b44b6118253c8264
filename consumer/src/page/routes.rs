//! All routes of the page, each with the role that it needs.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use super::access::{Role, guard, own_headers};
use super::actions::handler as actions;
use super::{Page, assets, letters, orders, overview, redis, session, stream};

/// The largest body of a request in bytes (P10).
const LARGEST: usize = 64 << 10;

/// Routes with the roles that they need.
#[derive(Debug)]
pub struct Routes {
    page: Arc<Page>,
    router: Router<Arc<Page>>,
    /// Each route's path, and the role that it needs; `None` if everybody may ask.
    pub known: Vec<(&'static str, Option<Role>)>,
}

/// All routes.
#[must_use]
pub fn all(page: Arc<Page>) -> Routes {
    let routes = Routes { page, router: Router::new(), known: Vec::new() };
    routes
        .open("/", get(assets::index))
        .open("/assets/{*path}", get(assets::asset))
        .open("/api/session", get(session::shown).post(session::begun).delete(session::ended))
        .add("/api/overview", Role::Read, get(overview::handler::overview))
        .add("/api/history", Role::Read, get(overview::handler::history))
        .add("/api/partitions", Role::Read, get(overview::handler::partitions))
        .add("/api/alerts", Role::Read, get(overview::handler::alerts))
        .add("/api/stream", Role::Read, get(stream::stream))
        .add("/api/redis", Role::Read, get(redis::day))
        .add("/api/letters/list", Role::Read, post(letters::list))
        .add("/api/letters/{id}", Role::Read, get(letters::one))
        .add("/api/letters/{id}/payload", Role::Reveal, get(letters::payload))
        .add("/api/orders/{id}", Role::Read, get(orders::order))
        .add("/api/orders/{id}/search", Role::Read, post(orders::search))
        .add("/api/customers/trace", Role::Read, post(orders::customer))
        .add("/api/actions", Role::Read, get(actions::list))
        .add("/api/actions/preview", Role::Operate, post(actions::preview))
        .add("/api/actions/{id}", Role::Read, get(actions::one))
        .add("/api/actions/{id}", Role::Operate, post(actions::execute))
        .add("/api/actions/{id}/stop", Role::Operate, post(actions::stop))
}

impl Routes {
    /// A route for whoever has the role.
    #[must_use]
    pub fn add(self, path: &'static str, role: Role, handler: MethodRouter<Arc<Page>>) -> Self {
        self.with(path, Some(role), handler)
    }

    /// A route for everybody who asks this server by one of its names.
    #[must_use]
    pub fn open(self, path: &'static str, handler: MethodRouter<Arc<Page>>) -> Self {
        self.with(path, None, handler)
    }

    fn with(mut self, path: &'static str, role: Option<Role>, handler: MethodRouter<Arc<Page>>) -> Self {
        let guarded = handler.layer(from_fn_with_state((Arc::clone(&self.page), role), guard));
        self.known.push((path, role));
        Self { router: self.router.route(path, guarded), ..self }
    }

    /// The router, without a listener.
    #[must_use]
    pub fn into_router(self) -> Router {
        self.router.layer(DefaultBodyLimit::max(LARGEST)).layer(from_fn(own_headers)).with_state(self.page)
    }
}
