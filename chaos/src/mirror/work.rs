//! What the shop does to its tables while a round lasts: small transactions, large ones, keys that change, values that swap.

use fastrand::Rng;
use stack::Stack;

use crate::workload::Clock;

/// The tables, each of another kind: long values and a clock; a key of two columns that changes; a topic that is compacted; a table of partitions; a
/// row whose long value no update sends; equal rows without a key.
pub(super) const TABLES: [&str; 6] = ["accounts", "moves", "items", "sales", "papers", "visits"];

/// Makes the tables. Each but `papers` sends the whole row before a change.
pub(super) const CREATE: &str = "
create sequence ids start 100000;
create table accounts (id int primary key, n bigint not null, hits int not null default 0, note varchar(40), big text, ratio numeric(10,2),
    at timestamptz not null default clock_timestamp(), twice bigint generated always as (n * 2) stored);
create table moves (a int, b numeric(20,2), v text, primary key (b, a));
create table items (\"Item\" text primary key, tags text[], doc jsonb);
create table sales (id int, region text, amount numeric(12,3), primary key (id, region)) partition by list (region);
create table sales_n partition of sales for values in ('n');
create table sales_s partition of sales for values in ('s');
create table papers (id int primary key, text text not null, read int not null);
create table visits (who int, page text, weight json);
alter table visits replica identity full;
alter table accounts replica identity full;
alter table moves replica identity full;
alter table items replica identity full;
alter table sales replica identity full;
alter table sales_n replica identity full;
alter table sales_s replica identity full;
insert into accounts (id, n) select g, 0 from generate_series(1, 200) g;
insert into papers select g, (select string_agg(md5(g::text || i), '') from generate_series(1, 200) i), 0 from generate_series(1, 50) g";

/// Works until the time is over, and returns how many transactions were committed. What Postgres refuses while it is away or locked is left out.
pub(super) fn run(stack: &Stack, mut rng: Rng, clock: Clock) -> usize {
    let mut done = 0;
    while !clock.is_over() {
        done += usize::from(stack.psql_in("shop", &transaction(&mut rng)).is_ok());
    }
    done
}

/// One transaction.
fn transaction(rng: &mut Rng) -> String {
    let (id, other, n) = (rng.u32(1..250), rng.u32(1..250), rng.u32(1..1000));
    let statement = match rng.u8(0..21) {
        0..=2 => {
            format!("insert into accounts (id, n, note) values ({id}, 1, 'made {n}') on conflict (id) do update set n = accounts.n + 1")
        }
        3..=4 => format!("update accounts set n = n + 1, hits = hits + 1, at = clock_timestamp() where id between {id} and {id} + 5"),
        5 => format!("update accounts set ratio = {n}.25, big = repeat(md5('{n}'), 300) where id = {id}"),
        6 => format!("delete from accounts where id = {id}"),
        7 => format!("update accounts set id = nextval('ids') where id = {id}"),
        8 => {
            format!("insert into moves select {id}, g, 'v{n}' from generate_series(1, 8) g on conflict (b, a) do update set v = excluded.v")
        }
        9 => format!("update moves set b = b + 1000 where a = {id}; delete from moves where a = {other}"),
        10 => format!(
            "insert into items values ('I{id}', array['a', null, '{n}'], '{{\"n\": {n}}}')
             on conflict (\"Item\") do update set tags = excluded.tags, doc = excluded.doc"
        ),
        11 => format!(
            "delete from items where \"Item\" = 'I{other}'; update items set doc = doc || '{{\"again\": {n}}}' where \"Item\" = 'I{id}'"
        ),
        12 => format!("insert into sales values ({id}, 'n', {n}) on conflict (id, region) do update set amount = sales.amount + 1"),
        13 => format!("update sales set region = 's' where id = {id} and not exists (select from sales where id = {id} and region = 's')"),
        14 => format!("delete from sales where id = {other}; update papers set read = read + 1 where id = {id} % 50"),
        15 => format!("update papers set read = read + 1 where id between {id} % 50 and {id} % 50 + 3"),
        16 => format!(
            "insert into moves select -{n}, g, 'large' from generate_series(1, 600) g on conflict do nothing; update accounts set n = n + 1"
        ),
        17 => format!("insert into visits select {id} % 9, 'p' || g % 3, '{{\"a\": 1}}' from generate_series(1, 1 + {n} % 5) g"),
        18 => format!("update visits set page = 'q{n}' where ctid = (select ctid from visits where who = {id} % 9 limit 1)"),
        19 => format!("delete from visits where ctid in (select ctid from visits where who = {other} % 9 limit 3)"),
        _ => format!("update accounts set n = -1 where id = {id}; insert into items values ('never {n}', null, null); rollback; select 1"),
    };
    format!("begin; set local lock_timeout = '2s'; {statement}; commit")
}
