//! The statements that write one mirrored table, made of its columns. Values travel as arrays of text, one per column, and Postgres casts each to the
//! column's own type, so that Postgres alone judges what a value is.
//!
//! Each statement moves the guard first: the position of the event that a row owes its state to (P5). Only rows whose guard has moved are written.

use std::fmt::Write as _;

use crate::layout::{Column, Layout};
use crate::quote::quote_identifier as identifier;

pub mod keyless;

/// The columns of a position, in the order of [`ledger::arrays::Positions`].
const POSITION: [&str; 7] = ["epoch", "partition", "\"offset\"", "kind", "commit_lsn", "lsn", "source_ms"];
/// The types of the columns of a position, as arrays.
const POSITION_TYPES: [&str; 7] = ["int", "int", "bigint", "\"char\"", "bigint", "bigint", "bigint"];

/// The statement that writes rows of which these columns are known. With `is_partial` a row must be there, because other columns keep their
/// values. The parameters are one array of text for each of the columns, and then the
/// arrays of the positions. The answer is one row: how many rows were written; the places (from 1) of those that were not, because what is
/// stored is newer; the places of those whose unknown columns are stored nowhere; the version of the table; whether the type of a column would
/// round a value.
#[must_use]
pub fn upsert(layout: &Layout, columns: &[&Column], is_partial: bool) -> String {
    let input = input(layout, columns);
    let guarded = guarded(layout, "null");
    let same_row = same_row(layout, "t", "g");
    let written = if is_partial { update(layout, columns) } else { insert(layout, columns) };
    let target = layout.target.to_string();
    let unresolved = if is_partial {
        format!("array(select i.n from i join g on {} where not exists (select from {target} t where {same_row}))", same_input(layout))
    } else {
        "'{}'::int[]".to_owned()
    };
    let id = layout.id;
    format!(
        "with {input},\ng as ({guarded}),\nw as ({written})\n\
         select (select count(*) from g), {stale}, {unresolved}, (select version from mirror_tables where id = {id}), {rounds}",
        stale = stale(layout),
        rounds = rounds(columns)
    )
}

/// The statement that removes rows. The parameters are one array of text for each column of the key, and then the arrays of the positions. The
/// answer has the shape of that of [`upsert`].
#[must_use]
pub fn delete(layout: &Layout) -> String {
    let key: Vec<&Column> = layout.key_columns().collect();
    let input = input(layout, &key);
    // A tombstone alone removes what is there, and says nothing of a row that is not.
    let guarded = guarded(layout, "now()");
    let (target, same_row, id) = (&layout.target, same_row(layout, "t", "g"), layout.id);
    format!(
        "with {input},\ng as ({guarded}),\nw as (delete from {target} t using g where {same_row})\n\
         select (select count(*) from g), {stale}, '{{}}'::int[], (select version from mirror_tables where id = {id}), false",
        stale = stale(layout)
    )
}

/// The statement that takes rows away before they are written again, so that two rows may swap values of a unique index. The parameters are those of
/// [`delete`]. Only rows whose event is newer than what is stored are taken away.
#[must_use]
pub fn clear(layout: &Layout) -> String {
    let key: Vec<&Column> = layout.key_columns().collect();
    let (input, guard, target) = (input(layout, &key), layout.guard(), &layout.target);
    let is_newer = format!("position_supersedes({}, {})", position_of("i"), position_of("g"));
    let (same_guard, same_row) = (same_keys(layout, "g", "i"), same_row(layout, "t", "n"));
    let keys = (0..layout.key.len()).map(|at| format!("i.k{at}")).collect::<Vec<_>>().join(", ");
    format!(
        "with {input},\nn as (select {keys} from i join {guard} g on {same_guard} where g.gone_at is null and {is_newer} for update of g)\n\
         delete from {target} t using n where {same_row}"
    )
}

/// The statement that finds what is stored of a row, if it is older by the source's clock than a change that was kept out. The parameters are those of
/// [`delete`], then the places of the changes, and the difference of the clock in milliseconds that means nothing. The answer is the stored position and
/// the place of the change.
#[must_use]
pub fn contradiction(layout: &Layout) -> String {
    let key: Vec<&Column> = layout.key_columns().collect();
    let (input, guard, same) = (input(layout, &key), layout.guard(), same_keys(layout, "g", "i"));
    let (places, tolerance) = (key.len() + POSITION.len() + 1, key.len() + POSITION.len() + 2);
    let stored = POSITION.iter().map(|column| format!("g.{column}")).collect::<Vec<_>>().join(", ");
    format!(
        "with {input}\nselect {stored}, i.n from i join {guard} g on {same}\n\
         where i.n = any(${places}::int[]) and i.kind = 'w' and g.kind = 'w' and g.source_ms < i.source_ms - ${tolerance}::bigint limit 1"
    )
}

/// The statement that notes a truncate at the position in the parameters (epoch, partition, offset, kind, commit, LSN, time), if it is newer than the last.
#[must_use]
pub fn note_truncate(layout: &Layout) -> String {
    let id = layout.id;
    format!(
        "insert into mirror_truncates as t (table_id, epoch, partition, \"offset\", commit_lsn, lsn, source_ms) values ({id}, $1, $2, $3, $5, $6, $7)\n\
         on conflict (table_id, epoch) do update set partition = excluded.partition, \"offset\" = excluded.\"offset\", commit_lsn = excluded.commit_lsn,\n    \
             lsn = excluded.lsn, source_ms = excluded.source_ms\n\
         where excluded.lsn > t.lsn"
    )
}

/// The statement that removes every row that is not newer than a truncate, of which the parameters are those of [`note_truncate`].
#[must_use]
pub fn truncate(layout: &Layout) -> String {
    let (target, guard) = (&layout.target, layout.guard());
    let older = "precedes_truncate(g.epoch, g.kind, g.commit_lsn, g.lsn, $1, $6)";
    format!(
        "with old as (\n    update {guard} g set gone_at = now(), epoch = $1, partition = $2, \"offset\" = $3, kind = $4, commit_lsn = $5, lsn = $6, source_ms = $7\n    \
             where {older})\n\
         delete from {target} t where not exists (select from {guard} g where {same} and g.gone_at is null and not {older})",
        same = same_row(layout, "t", "g")
    )
}

/// The statement that makes the guard of a table with a key.
#[must_use]
pub fn create_guard(layout: &Layout) -> String {
    let columns: String = layout.key_columns().enumerate().fold(String::new(), |mut text, (at, column)| {
        let collation = column.collation.as_ref().map(|collation| format!(" collate {collation}")).unwrap_or_default();
        write!(text, "k{at} {}{collation} not null, ", column.sql_type).ok();
        text
    });
    let key = (0..layout.key.len()).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ");
    format!(
        "create table if not exists {} ({columns}epoch int not null, partition int not null, \"offset\" bigint not null, kind \"char\" not null,\n    \
             commit_lsn bigint, lsn bigint, source_ms bigint, gone_at timestamptz, primary key ({key})) with (fillfactor = 80)",
        layout.guard()
    )
}

/// An identity column that the source has filled keeps the source's value.
const OVERRIDING: &str = "overriding system value";

/// The rows of the batch, cast to the types of their columns: `c0, c1, ..` in the order of `columns`, the key again as `k0, k1, ..`, their positions, and
/// their place `n`. Rows that a truncate has removed already are left out.
fn input(layout: &Layout, columns: &[&Column]) -> String {
    let mut casts = casts_named(columns);
    for (at, column) in layout.key_columns().enumerate() {
        let place = columns.iter().position(|known| known.name == column.name).unwrap_or_default();
        write!(casts, ", a{place}::{} as k{at}", column.cast_type).ok();
    }
    let positions: String = POSITION_TYPES.iter().enumerate().fold(String::new(), |mut text, (at, type_)| {
        write!(text, ", ${}::{type_}[]", columns.len() + at + 1).ok();
        text
    });
    let (arrays, places, position) = (arrays(columns), places(columns.len()), POSITION.join(", "));
    format!(
        "i as materialized (\n    select {casts}, {position}, n::int as n\n    \
             from unnest({arrays}{positions}) with ordinality as u ({places}, {position}, n))"
    )
}

/// Moves the guard to the position of each row of the batch that is newer than what is stored.
fn guarded(layout: &Layout, gone_at: &str) -> String {
    let (guard, id) = (layout.guard(), layout.id);
    let keys = (0..layout.key.len()).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ");
    let position = POSITION.join(", ");
    let set = POSITION.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
    let (mine, theirs) = (position_of("excluded"), position_of("g"));
    let (is_newer, not_truncated) = if gone_at == "null" {
        let is_newer =
            format!("case when g.gone_at is null then position_supersedes({mine}, {theirs}) else position_outlives({mine}, {theirs}) end");
        (is_newer, not_truncated(id))
    } else {
        // A tombstone alone says nothing of a row that is not there.
        let known = format!("where i.kind <> 't' or exists (select from {guard} s where {})", same_keys(layout, "s", "i"));
        (format!("position_supersedes({mine}, {theirs}) and not (excluded.kind = 't' and g.gone_at is not null)"), known)
    };
    format!(
        "insert into {guard} as g ({keys}, {position}, gone_at)\n    select {keys}, {position}, {gone_at}::timestamptz from i {not_truncated}\n    \
         on conflict ({keys}) do update set {set}, gone_at = excluded.gone_at\n    where {is_newer}\n    returning {keys}"
    )
}

/// Whether the type of a column would round a value of the batch, which an insert does without a word. The source's type is wider then.
fn rounds(columns: &[&Column]) -> String {
    let rounding = columns.iter().enumerate().filter(|(_, column)| column.rounds);
    let differs: Vec<String> = rounding.map(|(at, column)| format!("c{at} is distinct from c{at}::{}", column.sql_type)).collect();
    if differs.is_empty() { "false".to_owned() } else { format!("exists (select from i where {})", differs.join(" or ")) }
}

/// The condition that no truncate has removed a row already.
fn not_truncated(id: i32) -> String {
    format!(
        "where not exists (select from mirror_truncates t where t.table_id = {id} and precedes_truncate(i.epoch, i.kind, i.commit_lsn, i.lsn, t.epoch, t.lsn))"
    )
}

/// The places of the rows whose guard has not moved. They are looked for only if there are any.
fn stale(layout: &Layout) -> String {
    let same = same_input(layout);
    format!(
        "case when (select count(*) from g) = (select count(*) from i) then '{{}}'::int[] \
         else array(select i.n from i where not exists (select from g where {same})) end"
    )
}

fn insert(layout: &Layout, columns: &[&Column]) -> String {
    let (target, names) = (&layout.target, names(columns));
    let selected = (0..columns.len()).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
    let key = layout.key_columns().map(|column| identifier(&column.name)).collect::<Vec<_>>().join(", ");
    let set =
        columns.iter().filter(|column| !column.is_fixed).map(|column| format!("{name} = excluded.{name}", name = identifier(&column.name)));
    let set = set.collect::<Vec<_>>().join(", ");
    let on_conflict = if set.is_empty() { "do nothing".to_owned() } else { format!("do update set {set}") };
    format!(
        "insert into {target} ({names}) {OVERRIDING} select {selected} from i join g on {same}\n    on conflict ({key}) {on_conflict}",
        same = same_input(layout)
    )
}

/// Rows of which an event leaves out unchanged values are there already. Their other columns stay.
fn update(layout: &Layout, columns: &[&Column]) -> String {
    let known = columns.iter().enumerate().filter(|(_, column)| !column.is_fixed);
    let set = known.map(|(at, column)| format!("{} = c{at}", identifier(&column.name))).collect::<Vec<_>>().join(", ");
    let (target, same_input, same_row) = (&layout.target, same_input(layout), same_row(layout, "t", "i"));
    format!("update {target} t set {set} from i join g on {same_input} where {same_row}")
}

fn position_of(table: &str) -> String {
    POSITION[..6].iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}

fn same_input(layout: &Layout) -> String {
    same_keys(layout, "i", "g")
}

fn same_keys(layout: &Layout, one: &str, other: &str) -> String {
    layout
        .key_columns()
        .enumerate()
        .map(|(at, column)| format!("{one}.k{at} {} {other}.k{at}", column.equals))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// The condition that a row of the target has the key of a row of `other`.
fn same_row(layout: &Layout, target: &str, other: &str) -> String {
    let pairs = layout
        .key_columns()
        .enumerate()
        .map(|(at, column)| format!("{target}.{} {} {other}.k{at}", identifier(&column.name), column.equals));
    pairs.collect::<Vec<_>>().join(" and ")
}

fn names(columns: &[&Column]) -> String {
    columns.iter().map(|column| identifier(&column.name)).collect::<Vec<_>>().join(", ")
}

fn casts_named(columns: &[&Column]) -> String {
    columns.iter().enumerate().map(|(at, column)| format!("a{at}::{} as c{at}", column.cast_type)).collect::<Vec<_>>().join(", ")
}

fn arrays(columns: &[&Column]) -> String {
    (1..=columns.len()).map(|at| format!("${at}::text[]")).collect::<Vec<_>>().join(", ")
}

fn places(columns: usize) -> String {
    (0..columns).map(|at| format!("a{at}")).collect::<Vec<_>>().join(", ")
}
