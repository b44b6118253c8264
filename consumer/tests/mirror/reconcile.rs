//! `orderstream mirror reconcile`: equal tables of any key are called equal, and what differs is found with its columns and set right.

use serde_json::Value;

use crate::world::World;

/// Tables with keys of several kinds; keys of numbers are compared by ranges, keys with texts by look-ups.
const TABLES: &str = r#"
create table people (id int primary key, name text, born date, pay numeric(10, 2), age int generated always as (id % 90) stored);
insert into people select i, 'Person ' || i, date '1970-01-01' + i, i * 1.5 from generate_series(1, 2500) as i;
create table pairs (n text, b int, a text, primary key (a, b));
insert into pairs select 'v' || i, i % 7, 'key ' || i from generate_series(1, 300) as i;
create table "Words" ("Key" varchar(40) primary key, "V" jsonb);
insert into "Words" values ('O''Neil', '{"a": 1}'), ('back\slash', null), ('Ünïcode', '[]'), ('', '{}');
create table ids (id uuid primary key, v bytea);
insert into ids select md5(i::text)::uuid, sha256(i::text::bytea) from generate_series(1, 50) as i;
create table nums (id numeric primary key, v float8);
insert into nums values (1.10, 0.1), (1e30, 'NaN'), (-5, null), ('NaN', 1);
create table loose (a int, b text);
insert into loose values (1, 'x'), (1, 'x'), (2, 'y');
create table debezium_signal (id varchar(42) primary key, type varchar(32) not null, data varchar(2048));
"#;

const KEYED: [&str; 5] = ["public.people", "public.pairs", "public.Words", "public.ids", "public.nums"];

#[test]
fn what_differs_is_found_with_its_columns_and_set_right_and_what_is_on_its_way_is_no_finding() {
    let mut world = World::new("m_reconcile");
    world.source(TABLES);
    // Debezium reads nothing of a table with a column that the source computes, unless the column is excluded.
    let signals = [("signal.data.collection", "public.debezium_signal"), ("column.exclude.list", "public.people.age")];
    world.capture("public\\..*", &signals);
    world.mirror(&[("MIRROR_EXCLUDE_TABLES", "public.debezium_signal")]);
    let counts = r#"select (select count(*) from people), (select count(*) from pairs), (select count(*) from "Words"), (select count(*) from ids),
        (select count(*) from nums), (select count(*) from loose)"#;
    world.await_target(counts, "2500|300|4|50|4|3");
    world.source("delete from people where id = 7");
    world.await_target("select count(*) from people where id = 7", "0");
    let text = world.command(&["reconcile"]);
    assert!(text.ends_with("\nequal\n") && text.contains(r#""public"."people": 2499 rows, 2499 in "public"."people": equal"#), "{text}");

    spoil(&world);
    are_found(&world);
    are_repaired(&world);
    are_written_again(&world);
    are_on_their_way(&world);
    are_read_again(&world);
    the_missing_right_is_named(&world);
}

/// Changes the target by hand. Row 7 is one whose delete was lost, row 9001 is nobody's.
fn spoil(world: &World) {
    world.target(
        r#"update people set pay = 1, name = 'Mallory' where id = 1777;
        delete from people where id = 42;
        insert into people values (7, 'Ghost'), (9001, 'Ghost');
        do $$ begin execute format('update orderstream_mirror.guard_%s set gone_at = null where k0 = 7',
            (select id from orderstream_mirror.mirror_tables where source_table = 'people')); end $$;
        update pairs set n = null where a = 'key 14';
        delete from pairs where a = 'key 15';
        insert into pairs values ('x', 3, 'ghost');
        delete from "Words" where "Key" = 'O''Neil';
        update "Words" set "V" = '{"a": 2}' where "Key" = 'back\slash';
        insert into ids values ('00000000-0000-0000-0000-000000000000', null);
        update nums set v = 0.2 where id = 1.1;
        delete from loose where a = 2;
        insert into loose values (3, 'z');"#,
    );
}

fn report(world: &World, arguments: &[&str]) -> (bool, Value, String) {
    let arguments = [&["reconcile", "--settle", "1", "--json"], arguments].concat();
    let (succeeds, text, complaint) = world.outcome(&arguments);
    let report = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{complaint}"));
    (succeeds, report, text)
}

/// The rows of each kind of difference: `table kind key (columns)`.
fn found(report: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for table in report["tables"].as_array().unwrap() {
        let name = table["source"].as_str().unwrap().replace("\"public\".", "").replace('"', "");
        for kind in ["missing", "extra", "different", "stale", "dead_letters", "in_flight", "waiting", "inexact"] {
            for example in table[kind]["first"].as_array().unwrap() {
                found.push(format!("{name} {kind} {} {}", example["key"], example.get("columns").unwrap_or(&Value::Null)));
            }
            if table["keyless"] == true && table[kind]["count"] != 0 {
                found.push(format!("{name} {kind} {}", table[kind]["count"]));
            }
        }
    }
    found.sort();
    found
}

fn are_found(world: &World) {
    let (succeeds, report, text) = report(world, &[]);
    assert!(!succeeds && report["equal"] == false, "{text}");
    let expected = [
        r#"Words different ["back\\slash"] ["V"]"#,
        r#"Words missing ["O'Neil"] null"#,
        r#"ids extra ["00000000-0000-0000-0000-000000000000"] null"#,
        "loose extra 1",
        "loose missing 1",
        r#"nums different ["1.10"] ["v"]"#,
        r#"pairs different ["key 14","0"] ["n"]"#,
        r#"pairs extra ["ghost","3"] null"#,
        r#"pairs missing ["key 15","1"] null"#,
        r#"people different ["1777"] ["name","pay"]"#,
        r#"people extra ["7"] null"#,
        r#"people extra ["9001"] null"#,
        r#"people missing ["42"] null"#,
    ];
    assert_eq!(found(&report), expected, "{text}");
    assert!(!text.contains("Mallory") && !text.contains("Ghost"), "no value is told: {text}");
}

fn are_repaired(world: &World) {
    let (succeeds, text, _) = world.outcome(&["reconcile", "--settle", "1", "--repair"]);
    assert!(!succeeds && text.ends_with("nothing was changed: `--execute` does what is said above\n"), "{text}");
    assert!(text.contains("7 rows to be asked for in 4 signals, 4 rows to be removed"), "{text}");
    let repair = [&["reconcile", "--settle", "1", "--repair", "--execute"], &KEYED[..]].concat();
    assert!(text.contains("column.exclude.list has the columns that the source computes: public.people.age"), "{text}");
    let (_, refused, complaint) = world.outcome(&[&repair[..], &["--max-removed", "3"]].concat());
    assert!(complaint.contains("at most 3 are removed") && complaint.contains("Nothing was changed"), "{refused}{complaint}");
    let (succeeds, text, complaint) = world.outcome(&repair);
    assert!(succeeds && text.ends_with("repaired: all agree\n"), "{text}{complaint}");
    assert!(text.contains("7 rows asked for in 4 signals, 4 rows removed"), "{text}");
    assert_eq!(world.target("select count(*), max(pay) filter (where id = 1777) from people"), "2499|2665.50");
    let (succeeds, report, text) = report(world, &[]);
    assert!(!succeeds, "{text}");
    assert_eq!(found(&report), ["loose extra 1", "loose missing 1"], "a table without a key is not repaired: {text}");
    world.target("delete from loose where a = 3; insert into loose values (2, 'y')");
    assert!(world.command(&["reconcile"]).ends_with("\nequal\n"));
}

/// A row that comes back in the source after its ghost was removed has an event behind the ghost's grave.
fn are_written_again(world: &World) {
    world.source("insert into people values (7, 'Grace', null, 3), (9001, 'Linus', null, 4)");
    world.await_target("select string_agg(name, ', ' order by id) from people where id in (7, 9001)", "Grace, Linus");
}

fn are_on_their_way(world: &World) {
    world.process(0).stop().unwrap();
    world.source("update people set pay = 0 where id = 100; delete from pairs where a = 'key 20'; insert into loose values (8, 'w')");
    world.await_that("three changes are on their way", || {
        let (succeeds, report, text) = report(world, &[]);
        let expected = ["loose in_flight 1", r#"pairs in_flight ["key 20","6"] null"#, r#"people in_flight ["100"] ["pay"]"#];
        if !succeeds && found(&report) == expected { Ok(()) } else { Err(text) }
    });
    world.process(0).start().unwrap();
    let text = world.command(&["reconcile", "--settle", "60"]);
    assert!(text.ends_with("\nequal\n"), "{text}");
}

/// A column whose default differs from row to row has values in the source that no event tells of.
fn are_read_again(world: &World) {
    world.source("alter table ids add column stamp uuid default gen_random_uuid(); insert into ids (id) values ('ffffffff-0000-0000-0000-000000000000')");
    world.await_target("select count(stamp) from ids", "1");
    let (succeeds, report, text) = report(world, &["public.ids"]);
    let table = &report["tables"][0];
    assert!(
        !succeeds && table["stale"]["count"] == 50 && table["stale_columns"][0] == "stamp" && table["different"]["count"] == 0,
        "{text}"
    );
    let text = world.command(&["reconcile", "--settle", "1", "--repair", "--execute", "public.ids"]);
    assert!(text.contains(r#"no stale columns any more in "public"."ids""#) && text.ends_with("repaired: all agree\n"), "{text}");
    let stale = "(select stale_columns from orderstream_mirror.mirror_tables where source_table = 'ids')";
    assert_eq!(world.target(&format!("select count(stamp), {stale} from ids")), "51|{}");
}

fn the_missing_right_is_named(world: &World) {
    world.source(
        "do $$ begin if not exists (select from pg_roles where rolname = 'm_reconcile') then create role m_reconcile login password 'p'; end if; end $$;
         grant select on people to m_reconcile; revoke usage on schema public from public",
    );
    let url = world.source_url().replace("postgres:postgres@", "m_reconcile:p@");
    let (succeeds, _, complaint) = world.outcome(&["reconcile", "--source", &url, "public.people", "public.Words"]);
    assert!(!succeeds && complaint.contains(r#"grant usage on schema "public" to "m_reconcile";"#), "{complaint}");
    world.source("grant usage on schema public to m_reconcile");
    let (_, _, complaint) = world.outcome(&["reconcile", "--source", &url, "public.people", "public.Words"]);
    let wanted = r#"grant select on "public"."Words" to "m_reconcile";"#;
    assert!(complaint.contains(wanted) && !complaint.contains(r#"on "public"."people""#), "{complaint}");
    let (succeeds, text, complaint) = world.outcome(&["reconcile", "--source", &url, "public.people"]);
    assert!(succeeds && text.ends_with("\nequal\n"), "{text}{complaint}");
    world.source("drop owned by m_reconcile; drop role m_reconcile");
}
