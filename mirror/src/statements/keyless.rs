//! The statements that write one mirrored table without a key. Its rows are counted: each event adds rows and removes equal ones, once, in whatever order
//! the events of several partitions come.
//!
//! `seen_<id>` has the events of the log that were counted, so that none counts twice, and so that a truncate or a snapshot which comes late knows what
//! came behind it. `owed_<id>` has the rows that have gone before they came. Rows are equal whose columns have equal texts, because types such as `json`
//! have no equality of their own. One transaction at a time writes the table.

use std::fmt::Write as _;

use super::{OVERRIDING, POSITION, POSITION_TYPES, arrays, casts_named, names, places, rounds};
use crate::layout::{Column, Layout};
use crate::quote::{quote_identifier as identifier, quote_literal as literal};

/// The statements that make what the mirror keeps of a table without a key.
#[must_use]
pub fn create_seen(layout: &Layout) -> String {
    let (seen, owed) = (layout.seen(), layout.owed());
    format!(
        "create table if not exists {seen} (epoch int not null, commit_lsn bigint, lsn bigint not null, number bigint not null, partition int not null,\n    \
             source_ms bigint not null, removed jsonb, added jsonb, counted_at timestamptz not null default now(),\n    \
             primary key (lsn, number, partition, source_ms));\n\
         create table if not exists {owed} (id bigint generated always as identity primary key, gone jsonb not null, rows bigint not null)"
    )
}

/// The statement that writes the rows of events which tell these columns. With `counts` equal rows are looked for: of those that go in the table, and of
/// those that come among those that are owed. The parameters are, of each row, the columns as text, whether it has come (1) or gone (-1), and the place
/// of its event from 1; and of each event its position, its number, and the partition of its number. The answer is one row: how many events were counted;
/// the place of an event that is older than a truncate or a snapshot although it was committed clearly later by the source's clock, and the position
/// (epoch, LSN, time) that it is older than; whether the type of a column would round a value.
#[must_use]
pub fn write(layout: &Layout, columns: &[&Column], counts: bool) -> String {
    let (input, counted) = (rows(columns), counted(layout, columns.len()));
    let written = if counts { balance(layout, columns) } else { append(layout, columns) };
    let (rounds, contradiction) = (rounds(columns), contradiction(layout.id, columns.len() + 12));
    format!(
        "with {input},\n{counted},\n{written}\n\
         select (select count(*) from counted), x.n, x.epoch, x.lsn, x.source_ms, {rounds} from (select) as one left join lateral ({contradiction}) x on true"
    )
}

/// The statements that begin a table anew with the events behind a truncate or a snapshot that was noted just now.
#[must_use]
pub fn begin_anew(layout: &Layout) -> [String; 4] {
    let (seen, owed, target) = (layout.seen(), layout.owed(), &layout.target);
    let columns: Vec<&Column> = layout.written().collect();
    let kept = kept(layout.id, "i", "'w'::\"char\"");
    let names = names(&columns);
    let casts = columns.iter().enumerate().map(|(at, column)| format!("{} as c{at}", of_doc(column))).collect::<Vec<_>>().join(", ");
    let selected = selected(columns.len());
    let anew = format!(
        "with i as materialized (\n    select {casts}, sign, doc from {seen}, lateral (values (-1, removed), (1, added)) as u (sign, doc) where doc is not null),\n\
         k as materialized (select i.*, {key} as k, row_number() over () as n from i),\n\
         net as materialized (select k, sum(sign) as more, min(n) as n from k group by k),\n\
         w as (insert into {target} ({names}) {OVERRIDING} select {selected} from net join k using (n), generate_series(1, net.more))\n\
         insert into {owed} (gone, rows) select doc, -net.more from net join k using (n) where net.more < 0",
        key = key(&layout.compared(&columns), |at| format!("c{at}")),
    );
    [format!("delete from {seen} i where not ({kept})"), format!("delete from {target}"), format!("delete from {owed}"), anew]
}

/// The statement that tells whether a truncate at the epoch, the commit, the LSN and the time in the parameters is newer than every snapshot and every other
/// truncate of a higher epoch.
#[must_use]
pub fn counts_truncate(layout: &Layout) -> String {
    format!(
        "select {} from (select $1::int as epoch, $2::bigint as commit_lsn, $3::bigint as lsn, $4::bigint as source_ms) i",
        kept(layout.id, "i", "'w'::\"char\"")
    )
}

/// The statement that notes a snapshot at the epoch, the LSN and the time in the parameters. The answer is a row if it is newer than what was noted.
pub const NOTE_SNAPSHOT: &str = "
insert into mirror_snapshots as s (table_id, epoch, lsn, source_ms)
select $1, $2, $3, $4 where not exists (
    select from mirror_truncates t where t.table_id = $1 and precedes_truncate($2, 's', null, $3, t.epoch, t.lsn))
    and not exists (select from mirror_snapshots o where o.table_id = $1 and o.epoch > $2)
on conflict (table_id, epoch) do update set lsn = excluded.lsn, source_ms = excluded.source_ms
where excluded.lsn > s.lsn returning true";

/// The statement that forgets events which nobody can send again, and behind which no truncate is on its way: every partition of the topic has had a record
/// that was sent a day after they were counted. It forgets a few at a time, the oldest first.
#[must_use]
pub fn forget(layout: &Layout) -> String {
    let (seen, key) = (layout.seen(), "lsn, number, partition, source_ms");
    format!(
        "with passed as (\n    select to_timestamp(min(coalesce(last_ms, 0)) / 1000.0) - interval '1 day' as at from consumer_offsets where epoch = $1 and topic = $2),\n\
         first as (select counted_at from {seen} order by {key} limit 1),\n\
         many as (select case when exists (select from first, passed where counted_at < at) then 5000 else 0 end as rows)\n\
         delete from {seen} where ({key}) in (\n    \
             select {key} from (select * from {seen} order by {key} limit (select rows from many)) old, passed where counted_at < at)"
    )
}

/// The rows of the batch, cast to the types of their columns, and as documents of their texts.
fn rows(columns: &[&Column]) -> String {
    let keys = columns.iter().map(|column| literal(&column.name)).collect::<Vec<_>>().join(", ");
    let (count, casts) = (columns.len(), casts_named(columns));
    let comma = if count == 0 { "" } else { ", " };
    let (arrays, texts) = (arrays(columns), places(count));
    let (sign, of) = (count + 1, count + 2);
    format!(
        "i as materialized (\n    select {casts}{comma}jsonb_object(array[{keys}]::text[], array[{texts}]::text[]) as doc, sign, of, m::int as m\n    \
             from unnest({arrays}{comma}${sign}::int[], ${of}::int[]) with ordinality as u ({texts}{comma}sign, of, m))"
    )
}

/// The events that count: those that no truncate and no newer snapshot has overtaken, and that were not counted before. The rows of a snapshot are counted as
/// they come, because a snapshot that is sent again is another one.
fn counted(layout: &Layout, columns: usize) -> String {
    let seen = layout.seen();
    let position = POSITION.join(", ");
    let first = columns + 3;
    let positions: String = POSITION_TYPES.iter().enumerate().fold(String::new(), |mut text, (at, type_)| {
        write!(text, "${}::{type_}[], ", first + at).ok();
        text
    });
    let (number, partition) = (first + POSITION.len(), first + POSITION.len() + 1);
    let same = "(lsn, number, id_partition, ms)";
    let kept = kept(layout.id, "i", "i.kind");
    format!(
        "e as materialized (\n    select *, coalesce(source_ms, -1) as ms, n::int as event\n    \
             from unnest({positions}${number}::bigint[], ${partition}::int[]) with ordinality as u ({position}, number, id_partition, n)),\n\
         valid as materialized (select i.* from e i where {kept}),\n\
         fresh as (\n    insert into {seen} (epoch, commit_lsn, lsn, number, partition, source_ms, removed, added)\n    \
             select v.epoch, v.commit_lsn, v.lsn, v.number, v.id_partition, v.ms, gone.doc, come.doc from valid v\n    \
             left join i gone on gone.of = v.event and gone.sign < 0 left join i come on come.of = v.event and come.sign > 0\n    \
             where v.kind = 'w' on conflict do nothing returning lsn, number, partition as id_partition, source_ms as ms),\n\
         counted as materialized (\n    select event from valid where kind <> 'w'\n    \
             union all select min(event) from valid join fresh using {same} where kind = 'w' group by lsn, number, id_partition, ms)"
    )
}

/// Rows have only come, and none is owed.
fn append(layout: &Layout, columns: &[&Column]) -> String {
    let (target, names, selected) = (&layout.target, names(columns), selected(columns.len()));
    format!("w as (insert into {target} ({names}) {OVERRIDING} select {selected} from i join counted on counted.event = i.of)")
}

/// Counts equal rows: those that come pay what is owed, and then are added; those that go are removed, and then are owed.
fn balance(layout: &Layout, columns: &[&Column]) -> String {
    let (target, owed, names, selected) = (&layout.target, layout.owed(), names(columns), selected(columns.len()));
    let compared = layout.compared(columns);
    let of_row = key(&compared, |at| format!("c{at}"));
    let stored: Vec<String> = compared.iter().map(|(_, column)| format!("x.{}", identifier(&column.name))).collect();
    let of_stored = key_of(&compared, &stored);
    let docs: Vec<String> = compared.iter().map(|(_, column)| of_doc(column)).collect();
    let of_owed = key_of(&compared, &docs);
    format!(
        "k as materialized (select i.*, {of_row} as k from i join counted on counted.event = i.of),\n\
         debts as materialized (select * from (select id, rows, {of_owed} as k from (select id, rows, gone as doc from {owed}) o) d where k in (select k from k)),\n\
         net as materialized (\n    select k, sum(sign) as more, coalesce((select sum(rows) from debts where debts.k = k.k), 0) as debt from k group by k),\n\
         there as materialized (\n    select o, c, k, row_number() over (partition by k) as nth from (\n        \
             select tableoid as o, ctid as c, {of_stored} as k from {target} x where (select bool_or(more < 0) from net)) x\n    \
             where k in (select k from net where more < 0)),\n\
         gone as (\n    delete from {target} x using there join net using (k) where there.nth <= -net.more and x.tableoid = there.o and x.ctid = there.c),\n\
         w as (\n    insert into {target} ({names}) {OVERRIDING} select {selected} from (\n        \
             select k.*, row_number() over (partition by k order by m) as nth from k where sign > 0) a join net using (k)\n    \
             where a.nth <= net.more - net.debt),\n\
         due as materialized (\n    select k, greatest(debt - more - (select count(*) from there where there.k = net.k), 0) as rows from net where more < 0\n    \
             union all select k, greatest(debt - more, 0) from net where more > 0 and debt > 0),\n\
         paid as (delete from {owed} o using debts join due using (k) where o.id = debts.id),\n\
         owe as (\n    insert into {owed} (gone, rows) select (select doc from k where k.k = due.k limit 1), rows from due where rows > 0)"
    )
}

/// An event that is older than a truncate or a snapshot, and was committed clearly later.
fn contradiction(id: i32, tolerance: usize) -> String {
    let later = |floor: &str| format!("e.source_ms > {floor}.source_ms + ${tolerance}::bigint");
    format!(
        "select e.event as n, t.epoch, t.lsn, t.source_ms from e join mirror_truncates t on t.table_id = {id} and t.epoch = e.epoch\n    \
             where e.kind = 'w' and {of_truncate} and {before_truncate}\n    \
         union all select e.event, s.epoch, s.lsn, s.source_ms from e join mirror_snapshots s on s.table_id = {id} and s.epoch = e.epoch\n    \
             where e.kind in ('w', 's') and {of_snapshot} and {before_snapshot} limit 1",
        before_truncate = before_truncate("e", "e.kind"),
        before_snapshot = before_snapshot("e", "e.kind"),
        of_truncate = later("t"),
        of_snapshot = later("s")
    )
}

/// The condition that neither a truncate nor a newer snapshot has overtaken the event `event`.
fn kept(id: i32, event: &str, kind: &str) -> String {
    format!(
        "not exists (select from mirror_truncates t where t.table_id = {id} and {}) and not exists (select from mirror_snapshots s where s.table_id = {id} and {})",
        before_truncate(event, kind),
        before_snapshot(event, kind)
    )
}

fn before_truncate(event: &str, kind: &str) -> String {
    format!("precedes_truncate({event}.epoch, {kind}, {event}.commit_lsn, {event}.lsn, t.epoch, t.lsn)")
}

fn before_snapshot(event: &str, kind: &str) -> String {
    format!("precedes_snapshot({event}.epoch, {kind}, {event}.commit_lsn, {event}.lsn, {event}.source_ms, s.epoch, s.lsn, s.source_ms)")
}

/// The value of a column in a document of texts.
fn of_doc(column: &Column) -> String {
    let (name, type_) = (literal(&column.name), &column.cast_type);
    let value = format!("(doc ->> {name})::{type_}");
    match &column.missing {
        Some(missing) => format!("case when doc ? {name} then {value} else {}::{type_} end", literal(missing)),
        None => value,
    }
}

/// The text by which equal rows are known. A column that a row does not have is null.
fn key(compared: &[(Option<usize>, &Column)], value: impl Fn(usize) -> String) -> String {
    let values: Vec<String> = compared.iter().map(|(at, _)| at.map_or_else(|| "null".to_owned(), &value)).collect();
    key_of(compared, &values)
}

/// Values as they are stored, with the digits that the type of the column keeps.
fn key_of(compared: &[(Option<usize>, &Column)], values: &[String]) -> String {
    let texts = compared.iter().zip(values).map(|((_, column), value)| format!("(({value})::{})::text", column.sql_type));
    format!("(row({}))::text", texts.collect::<Vec<_>>().join(", "))
}

fn selected(columns: usize) -> String {
    (0..columns).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ")
}
