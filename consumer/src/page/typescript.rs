//! The types of the page's JSON for TypeScript: `dashboard/src/api.ts` is what stands here. `STORE_TYPES=1 cargo test -p orderstream --lib
//! typescript` writes it anew; the page's formatter may then change spaces and separators, which do not count.

use std::path::Path;

use ts_rs::{Config, TS};

use super::actions::{handler::ActionPage, plan, state};
use super::alerts::{self, Alert};
use super::letters::{Letter, LetterFilter, LetterPage, ReasonCount};
use super::overview::shapes as overview;
use super::redis::{RedisDay, Transition};
use super::session::Session;
use crate::trace::customer::{self, report as of_customer};
use crate::trace::moment::Moment;
use crate::trace::records::{self, search};
use crate::trace::report::{self as of_order, OrderReport};
use crate::trace::{events, verdict};

const HEAD: &str = "\
// The shapes of the JSON below /api, generated from the program's own types: change those and not this file (consumer/src/page/typescript.rs).
// Numbers of 64 bits and amounts are strings, an unknown number is null and never 0, moments are milliseconds since 1970 unless they are
// strings.
";

/// What has no type of its own in Rust, or one for each action.
const TAIL: &str = r#"
/** The steps of a batch, and what else passes between the servers. */
export type EdgeName = keyof Edges;

/** `GET /api/history`: the last 15 minutes, a point a second, columns of equal length; `t` in seconds since 1970. */
export type History = { t: number[]; series: Record<string, (number | null)[]> };

/** `GET /api/letters/{id}/payload`: text, escaped by the server. */
export type Payload = { headers: [string, string][]; key: string | null; value: string | null; truncated: boolean };

/** `POST /api/actions/preview`. */
export type ActionRequest =
  | { action: "replay"; parameters: LetterFilter & { ids?: string[]; rate?: number; max?: number }; reason: string }
  | { action: "pause"; parameters: { topic: string; partition: number; minutes: number }; reason: string }
  | { action: "resume"; parameters: { topic: string; partition: number }; reason: string }
  | { action: "hold_breaker"; parameters: { state: "open" | "closed"; minutes: number }; reason: string }
  | { action: "release_breaker"; parameters: Record<string, never>; reason: string }
  | { action: "rebuild"; parameters: { what: "cache" | "customers" }; reason: string }
  | { action: "restart_connector"; parameters: Record<string, never>; reason: string };

/** Every answer of /api that is no success. */
export type ApiError = { error: string; code: string; retry_after_ms: number | null };
"#;

/// A declaration with the docs of its type.
fn declared<T: TS>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("\n{docs}export {}\n", T::decl(config))
}

macro_rules! all {
    ($config:ident, $($type:ty),* $(,)?) => { [$(declared::<$type>(&$config)),*].concat() };
}

fn generated() -> String {
    let config = Config::new().with_large_int("number");
    let shown = all!(
        config,
        Session,
        overview::Overview,
        overview::Verdict,
        overview::Lag,
        overview::Quantiles,
        overview::Bottleneck,
        overview::Edges,
        overview::Edge,
        overview::Nodes,
        overview::Shop,
        overview::Slot,
        overview::Connector,
        overview::Task,
        overview::Server,
        overview::Due,
        overview::LetterCount,
        overview::Partition,
        overview::Paused,
        overview::FateCounts,
        overview::Process,
        overview::LatestOrder,
        overview::RedisNow,
        overview::RedisLookups,
        overview::Rebuilding,
        overview::BreakerNow,
        overview::Held,
        overview::AsOf,
        Alert,
        alerts::Severity,
        RedisDay,
        Transition,
    );
    let answered = all!(
        config,
        LetterFilter,
        LetterPage,
        ReasonCount,
        Letter,
        plan::Plan,
        plan::Detail,
        ActionPage,
        state::Action,
        state::Progress,
        Moment,
        of_order::Columns,
        OrderReport,
        of_order::Took,
        verdict::Verdict,
        verdict::Code,
        of_order::Step,
        of_order::Due,
        of_order::Hash,
        of_order::Diff,
        of_order::Letter,
        of_order::Partition,
        of_order::NotAnswered,
        events::Event,
        events::Changed,
        records::Found,
        records::Change,
        records::Column,
        search::Searched,
        of_customer::CustomerReport,
        of_customer::Orders,
        customer::CustomerVerdict,
        customer::CustomerCode,
    );
    [HEAD, &shown, &answered, TAIL].concat()
}

/// A text without what a formatter may change: spaces, separators, the quotes of names, a bar before the first of several types.
fn canonical(text: &str) -> String {
    let solid: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | ';' | '*' | '/')).collect();
    solid.replace("=|", "=").replace(":|", ":").replace("\"action\"", "action")
}

#[test]
fn the_types_of_the_page_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboard/src/api.ts");
    let generated = generated();
    if std::env::var_os("STORE_TYPES").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    let (stored, generated) = (canonical(&stored), canonical(&generated));
    let differs = stored.chars().zip(generated.chars()).take_while(|(one, other)| one == other).count();
    let near = |text: &str| text.chars().skip(differs.saturating_sub(60)).take(120).collect::<String>();
    assert!(stored == generated, "STORE_TYPES=1 stores them anew\nstored:    {}\ngenerated: {}", near(&stored), near(&generated));
}
