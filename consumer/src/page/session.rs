//! Logging in and out: `/api/session`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::Page;
use super::access::{Caller, LIFETIME, Via, cookie, cookie_name, header_text};
use super::error::ApiError;
use super::sampler::unix_ms;
use crate::health::VERSION;

/// Who asks, and what they may do.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Session {
    /// The name of the token; null without a login.
    pub user: Option<String>,
    /// `read`, `reveal` or `operate`, each with those before it; null: nothing.
    #[cfg_attr(test, ts(type = "\"read\" | \"reveal\" | \"operate\" | null"))]
    pub role: Option<&'static str>,
    /// When the login ends by itself, in Unix milliseconds.
    pub expires_at: Option<i64>,
    /// Whether anybody can log in.
    pub has_tokens: bool,
    /// What to do for more rights.
    pub how: &'static str,
    /// The version of the program.
    pub version: &'static str,
}

impl Session {
    fn of(page: &Page, caller: &Caller) -> Self {
        let left = caller.until.map(|until| until.saturating_duration_since(Instant::now()));
        Self {
            user: caller.name.clone(),
            role: caller.role.map(super::access::Role::as_str),
            expires_at: left.map(|left| unix_ms().saturating_add(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))),
            has_tokens: page.access.has_tokens(),
            how: page.access.how(caller),
            version: VERSION,
        }
    }
}

/// A token that is shown for a session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    token: String,
}

/// `GET /api/session`
pub async fn shown(State(page): State<Arc<Page>>, Extension(caller): Extension<Caller>) -> Json<Session> {
    Json(Session::of(&page, &caller))
}

/// `POST /api/session`
///
/// # Errors
/// The token is not known, or too many wrong ones came from the address.
pub async fn begun(
    State(page): State<Arc<Page>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Json(Login { token }): Json<Login>,
) -> Result<Response, ApiError> {
    let now = Instant::now();
    let token = page.access.by_token(token.trim(), &caller, now)?;
    let session = page.access.begin(&token, now).map_err(|error| ApiError::away(error.to_string()))?;
    tracing::info!(name = session.name, role = session.role.as_str(), "Somebody has logged in to the page");
    let known = Caller { name: Some(session.name), role: Some(session.role), via: Via::Cookie, until: Some(session.until), ..caller };
    let cookie = set_cookie(&headers, &session.cookie, LIFETIME.as_secs());
    Ok((cookie, Json(Session::of(&page, &known))).into_response())
}

/// `DELETE /api/session`
pub async fn ended(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    let name = cookie_name(header_text(&headers, "host").unwrap_or_default());
    if let Some(cookie) = cookie(&headers, &name) {
        page.access.end(cookie);
    }
    (StatusCode::NO_CONTENT, set_cookie(&headers, "", 0)).into_response()
}

/// The cookie, which no script can read and no other site's page sends. Behind a proxy that speaks TLS the cookie travels with TLS only.
fn set_cookie(headers: &HeaderMap, value: &str, seconds: u64) -> [(header::HeaderName, HeaderValue); 1] {
    let name = cookie_name(header_text(headers, "host").unwrap_or_default());
    let is_tls = header_text(headers, "x-forwarded-proto") == Some("https")
        || header_text(headers, "origin").is_some_and(|of| of.starts_with("https://"));
    let secure = if is_tls { "; Secure" } else { "" };
    let text = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    [(header::SET_COOKIE, HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("")))]
}
