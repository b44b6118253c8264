//! The guard before each route of the page: which host is asked, who asks, whether they may, whether another page makes them ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::http::{Connection, is_loopback};

use super::{Caller, Role, Unknown, Via};
use crate::page::Page;
use crate::page::error::ApiError;

/// What a page of ours may load: its own files and this server's answers; and no text becomes code. Source: Content Security Policy Level
/// 3, Trusted Types.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The headers of a proxy, or how they begin. With one of them the client behind a connection of this machine is not of this machine.
const FORWARDED: [&str; 6] = ["forwarded", "x-forwarded-", "x-real-ip", "x-envoy-", "x-original-", "via"];

/// Lets a request pass if the role of whoever asks suffices; `need` is `None` for what everybody may ask. The handler gets the [`Caller`].
pub async fn guard(State((page, need)): State<(Arc<Page>, Option<Role>)>, mut request: Request, next: Next) -> Response {
    match admitted(&page, need, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Adds the headers that every answer of the page has.
pub async fn own_headers(request: Request, next: Next) -> Response {
    let is_data = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_data {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn admitted(page: &Page, need: Option<Role>, request: &Request) -> Result<Caller, ApiError> {
    let headers = request.headers();
    let host = text(headers, "host").unwrap_or_default();
    if !page.access.hosts.allow(host) {
        let how = "this server is not asked by that name; add the name to page.hosts if it is yours";
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", how));
    }
    let peer = request.extensions().get::<Connection>().map(Connection::peer);
    let peer = peer.ok_or_else(|| ApiError::new(StatusCode::FORBIDDEN, "unknown_address", "the address of the client is not known"))?;
    let caller = caller(page, request.version(), headers, host, Caller::nobody(peer))?;
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD);
    // The page itself may be opened by a link from anywhere.
    if request.uri().path().starts_with("/api/") {
        not_from_elsewhere(headers, host, is_write, &caller)?;
    }
    match need {
        Some(role) if !caller.may(role) => Err(refused(page, role, &caller)),
        _ => Ok(caller),
    }
}

fn caller(page: &Page, version: Version, headers: &HeaderMap, host: &str, nobody: Caller) -> Result<Caller, ApiError> {
    let (now, peer) = (Instant::now(), nobody.peer);
    if let Some(shown) = text(headers, "authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        return match page.access.by_token(shown.trim(), &nobody, now) {
            Ok(token) => Ok(Caller { name: Some(token.name), role: Some(token.role), via: Via::Bearer, until: None, peer }),
            Err(unknown) => Err(unknown.into()),
        };
    }
    if let Some(session) = cookie(headers, &cookie_name(host)).and_then(|cookie| page.access.by_cookie(cookie, now)) {
        return Ok(Caller { name: Some(session.name), role: Some(session.role), via: Via::Cookie, until: Some(session.until), peer });
    }
    if page.access.trusts_loopback && peer.ip().to_canonical().is_loopback() && is_loopback(host) && !is_by_proxy(version, headers) {
        Ok(Caller { role: Some(Role::Read), via: Via::Loopback, ..nobody })
    } else {
        Ok(nobody)
    }
}

/// What somebody may do now whose request had these headers, and was let in then.
pub(in crate::page) fn role_of(page: &Page, headers: &HeaderMap, peer: SocketAddr) -> Option<Role> {
    let host = text(headers, "host").unwrap_or_default();
    caller(page, Version::HTTP_11, headers, host, Caller::nobody(peer)).ok()?.role
}

/// Whether a proxy has sent the request. No browser and no tool of today speaks HTTP/1.0, which some proxies do by default.
fn is_by_proxy(version: Version, headers: &HeaderMap) -> bool {
    let of_proxy = |name: &str| FORWARDED.iter().any(|known| name == *known || (known.ends_with('-') && name.starts_with(known)));
    version < Version::HTTP_11 || headers.keys().any(|name| of_proxy(name.as_str()))
}

/// Refuses what another page makes a browser ask. Source: Fetch Metadata, "Sec-Fetch-Site"; the rule for writes is that of Go's
/// `http.CrossOriginProtection`. Browsers send `Sec-Fetch-Site` to HTTPS and the loopback alone, and `Origin` with every write. What comes
/// with neither is no browser, or an old one: a session does not count there.
fn not_from_elsewhere(headers: &HeaderMap, host: &str, is_write: bool, caller: &Caller) -> Result<(), ApiError> {
    let elsewhere = Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", "a page from elsewhere has no business here"));
    match (text(headers, "sec-fetch-site"), text(headers, "origin")) {
        (Some("same-origin" | "none"), _) => Ok(()),
        (Some(_), _) => elsewhere,
        (None, Some(origin)) if origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(host)) => Ok(()),
        (None, Some(_)) => elsewhere,
        (None, None) if is_write && caller.via == Via::Cookie => {
            let how = "a change without Origin needs a token in the header Authorization";
            Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", how))
        }
        (None, None) => Ok(()),
    }
}

fn refused(page: &Page, role: Role, caller: &Caller) -> ApiError {
    let how = page.access.how(caller);
    match caller.via {
        Via::Nothing if page.access.has_tokens() => ApiError::new(StatusCode::UNAUTHORIZED, "no_token", how),
        Via::Nothing => ApiError::new(StatusCode::FORBIDDEN, "no_tokens", how),
        _ => ApiError::new(StatusCode::FORBIDDEN, "role", page.access.needs(role, caller)),
    }
}

impl super::Access {
    /// That something needs a role which the caller does not have, and what the caller does about it.
    fn needs(&self, role: Role, caller: &Caller) -> String {
        let role = role.as_str();
        match self.has_tokens() {
            true => format!("This needs the role {role}: log in with a token of that role."),
            false => format!("This needs the role {role}. {}", self.how(caller)),
        }
    }

    /// What somebody does for more rights, in one sentence.
    #[must_use]
    pub fn how(&self, caller: &Caller) -> &'static str {
        match (self.has_tokens(), caller.role) {
            (_, Some(Role::Operate)) => "You may do everything that this page offers.",
            (true, Some(Role::Read | Role::Reveal)) => "Log in with a token whose role is reveal or operate to do more.",
            (true, None) => "Log in with a token.",
            (false, Some(_)) => MAKE_FOR_MORE,
            (false, None) => MAKE_FIRST,
        }
    }
}

const MAKE_FOR_MORE: &str = "No token is configured: `orderstream page token --name NAME --role operate` makes one, for page.tokens.";
const MAKE_FIRST: &str = "From elsewhere than this machine a token is needed, and none is configured: `orderstream page token --name NAME --role \
                          read` makes one, for page.tokens (PAGE_TOKENS or PAGE_TOKENS_FILE).";

impl From<Unknown> for ApiError {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Token => {
                Self::new(StatusCode::UNAUTHORIZED, "wrong_token", "That token is not known; page.tokens has the known ones.")
            }
            Unknown::TooMany(wait) => {
                let seconds = wait.div_ceil(1_000);
                Self::busy(format!("Too many wrong tokens came from this address; the next one is looked at in {seconds} s."), wait)
            }
        }
    }
}

/// The name of the session's cookie. Cookies are shared by all ports of a host, so the name has the port.
pub(in crate::page) fn cookie_name(host: &str) -> String {
    let port =
        host.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()));
    format!("orderstream_{}", port.unwrap_or("0"))
}

/// The value of a cookie.
pub(in crate::page) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(of, _)| *of == name)
        .map(|(_, value)| value)
}

/// The text of a header.
pub(in crate::page) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
