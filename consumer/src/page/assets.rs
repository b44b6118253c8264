//! The built page: the files of `dashboard/dist`, embedded in the program, so that a build needs no Node. Each file may have copies that are
//! compressed already; the best one that the browser takes is sent.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::access::header_text;

#[derive(RustEmbed)]
#[folder = "../dashboard/dist"]
struct Dist;

/// The kind of content by the end of a name; other files are not served.
const KINDS: [(&str, &str); 4] = [
    (".html", "text/html; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".svg", "image/svg+xml"),
];

/// The name of a file changes with its content, so a browser may keep it for a year.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /`
pub async fn index(headers: HeaderMap) -> Response {
    file("index.html", "no-cache", &headers)
}

/// `GET /assets/..`
pub async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("assets/{path}"), FOR_EVER, &headers)
}

fn file(name: &str, cached: &'static str, headers: &HeaderMap) -> Response {
    let Some((_, kind)) = KINDS.iter().find(|(end, _)| name.ends_with(end)) else { return absent() };
    let accepted = header_text(headers, "accept-encoding").unwrap_or_default();
    let takes = |coding: &str| accepted.split(',').any(|part| part.split(';').next().is_some_and(|word| word.trim() == coding));
    let copies = [("br", ".br"), ("gzip", ".gz")].into_iter().filter(|(coding, _)| takes(coding));
    let compressed = copies.into_iter().find_map(|(coding, end)| Some((coding, Dist::get(&format!("{name}{end}"))?)));
    let plain = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, cached), (header::VARY, "accept-encoding")];
    match (compressed, Dist::get(name)) {
        (Some((coding, file)), Some(_)) => (plain, [(header::CONTENT_ENCODING, coding)], file.data).into_response(),
        (None, Some(file)) => (plain, file.data).into_response(),
        (_, None) => absent(),
    }
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "there is no such file\n").into_response()
}
