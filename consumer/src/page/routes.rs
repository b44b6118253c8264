//! All routes of the page, each with the role that it needs.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
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
    /// Each route's method and path, and the role that it needs; `None` if everybody may ask.
    pub known: Vec<(Method, &'static str, Option<Role>)>,
}

/// All routes.
pub fn all(page: Arc<Page>) -> Routes {
    let routes = Routes { page, router: Router::new(), known: Vec::new() };
    routes
        .open("/", get(assets::index))
        .open("/assets/{*path}", get(assets::asset))
        .open("/api/session", get(session::shown).post(session::begun).delete(session::ended))
        .get("/api/overview", Role::Read, overview::handler::overview)
        .get("/api/history", Role::Read, overview::handler::history)
        .get("/api/partitions", Role::Read, overview::handler::partitions)
        .get("/api/alerts", Role::Read, overview::handler::alerts)
        .get("/api/stream", Role::Read, stream::stream)
        .get("/api/redis", Role::Read, redis::day)
        .post("/api/letters/list", Role::Read, letters::list)
        .get("/api/letters/{id}", Role::Read, letters::one)
        .get("/api/letters/{id}/payload", Role::Reveal, letters::payload)
        .get("/api/orders/{id}", Role::Read, orders::order)
        .post("/api/orders/{id}/search", Role::Read, orders::search)
        .post("/api/customers/trace", Role::Read, orders::customer)
        .get("/api/actions", Role::Read, actions::list)
        .post("/api/actions/preview", Role::Operate, actions::preview)
        .get("/api/actions/{id}", Role::Read, actions::one)
        .post("/api/actions/{id}", Role::Operate, actions::execute)
        .post("/api/actions/{id}/stop", Role::Operate, actions::stop)
}

impl Routes {
    /// A reading route for whoever has the role.
    fn get<H: Handler<T, Arc<Page>>, T: 'static>(self, path: &'static str, role: Role, handler: H) -> Self {
        self.with(&Method::GET, path, Some(role), get(handler))
    }

    /// A route for whoever has the role, whose question or order is in its body.
    fn post<H: Handler<T, Arc<Page>>, T: 'static>(self, path: &'static str, role: Role, handler: H) -> Self {
        self.with(&Method::POST, path, Some(role), post(handler))
    }

    /// A route for everybody who asks this server by one of its names.
    fn open(self, path: &'static str, handler: MethodRouter<Arc<Page>>) -> Self {
        self.with(&Method::GET, path, None, handler)
    }

    fn with(mut self, method: &Method, path: &'static str, role: Option<Role>, handler: MethodRouter<Arc<Page>>) -> Self {
        let guarded = handler.layer(from_fn_with_state((Arc::clone(&self.page), role), guard));
        self.known.push((method.clone(), path, role));
        Self { router: self.router.route(path, guarded), ..self }
    }

    /// The router, without a listener.
    pub fn into_router(self) -> Router {
        self.router.layer(DefaultBodyLimit::max(LARGEST)).layer(from_fn(own_headers)).with_state(self.page)
    }
}
