//! The fourth part of all_types.sql, step by step: after each change of a table both databases are equal, or the table has something that the plan prints
//! and that `orderstream mirror apply` does.

use crate::all_types::{SCRIPT, digest_function, digests};
use crate::world::World;

/// What makes the table equal after a step.
enum Then {
    /// Nothing: it is equal by itself.
    Same,
    /// `apply`, for what the plan says in these words.
    Apply(&'static str),
    /// Another event of each row, because no event told of what the step did to the rows: the column is named as stale.
    Touch(&'static str),
    /// Both.
    ApplyAndTouch(&'static str, &'static str),
    /// A statement of the operator's own, because the source has computed the values in a way that the catalog does not tell. The plan says these words,
    /// and the statement of `apply` is refused.
    ByHand(&'static str, &'static str),
}

use Then::{Apply, ApplyAndTouch, ByHand, Same, Touch};

/// The steps of the script in their order.
const STEPS: &[(&str, Then)] = &[
    ("create table mirror_types.evolving", Same),
    ("add column g text", Same),
    ("add column h int not null default 7", Same),
    ("add column k int", ApplyAndTouch(r#"column "a" is of type bigint in the source and integer in the target"#, "k")),
    ("alter column b type varchar(50)", Apply(r#"column "d" is of type numeric(12,4) in the source"#)),
    (
        "alter column c type int",
        ByHand(
            r#"column "c" is of type integer in the source and text in the target"#,
            "alter table mirror_types.evolving alter column c type int using length(c)",
        ),
    ),
    ("rename column c to renamed", Apply(r#"renamed column "c" to "renamed""#)),
    ("alter column b drop not null", Same),
    ("alter column b set not null", Same),
    ("drop column g", Apply(r#"column "g" is gone in the source"#)),
    ("add column g int", Same),
    ("add value 'new mood'", Same),
    ("rename value 'new mood'", Apply("renamed mood")),
    ("drop constraint evolving_pkey", Apply("the key is")),
    ("add column l int generated", Touch("l")),
    ("rename to evolved", Touch("")),
    ("create table mirror_types.altered_within", Same),
    ("create table mirror_types.remade (id int", Same),
    (
        "drop table mirror_types.remade",
        ByHand(
            r#"column "id" is of type uuid in the source and integer in the target"#,
            "drop table mirror_types.remade; delete from orderstream_mirror.mirror_tables where source_table = 'remade'",
        ),
    ),
];

/// The statements of the steps: each begins with the changes of a table, and has the writes up to the next change. A transaction is not divided.
fn statements() -> Vec<String> {
    let part = &SCRIPT[SCRIPT.find("-- 4. Altered tables").unwrap()..SCRIPT.find("-- A partition comes with rows").unwrap()];
    let lines = part.lines().filter(|line| !line.starts_with("--"));
    let (mut steps, mut was_write, mut is_within): (Vec<String>, bool, bool) = (Vec::new(), true, false);
    for line in lines.filter(|line| !line.is_empty()) {
        let is_write = !["create", "alter", "drop"].iter().any(|word| line.starts_with(word));
        if !is_write && was_write && !is_within {
            steps.push(String::new());
        }
        is_within = line != "commit;" && (is_within || line == "begin;");
        was_write = is_write;
        steps.last_mut().unwrap().extend([line, "\n"]);
    }
    steps
}

/// Waits until every table of the source is equal in the target.
#[track_caller]
fn await_equal(world: &World, step: &str) {
    world.await_that(&format!("the tables are equal: {step}"), || {
        let (source, target) = (digests(&world.source_url()), digests(&world.target_url()));
        let unequal: Vec<&String> =
            source.iter().filter(|(table, line)| target.get(*table) != Some(line)).map(|(table, _)| table).collect();
        if unequal.is_empty() { Ok(()) } else { Err(format!("{unequal:?} are not")) }
    });
}

#[test]
#[ignore = "takes minutes: make test-mirror"]
fn after_each_change_of_a_table_it_is_equal_or_waits_with_what_the_plan_prints_and_apply_does() {
    let mut world = World::new("m_steps");
    let mood = SCRIPT.lines().find(|line| line.starts_with("create type mirror_types.mood ")).unwrap();
    world.source(&format!("create schema mirror_types; create schema mirror_test; {mood} {}", digest_function()));
    world.target(&format!("create schema mirror_test; {}", digest_function()));
    world.capture("mirror_types\\..*", &[("topic.creation.default.partitions", "1")]);
    world.mirror(&[]);
    let statements = statements();
    assert_eq!(statements.len(), STEPS.len(), "{statements:#?}");
    for (statements, (begins, then)) in statements.iter().zip(STEPS) {
        assert!(statements.lines().next().unwrap().contains(begins), "{begins}: {statements}");
        world.source(statements);
        let says = |words: &str| {
            world.await_that(&format!("the plan says: {words}"), || {
                let plan = world.command(&["plan"]);
                if plan.contains(words) { Ok(()) } else { Err(plan) }
            });
        };
        let touch = |column: &str| {
            let table = if column.is_empty() { "evolved" } else { "evolving" };
            if !column.is_empty() {
                world.await_target(
                    "select stale_columns @> array['COLUMN'] from orderstream_mirror.mirror_tables where source_table = 'evolving'"
                        .replace("COLUMN", column)
                        .as_str(),
                    "t",
                );
            }
            world.source(&format!("update mirror_types.{table} set b = b"));
        };
        match then {
            Same => {}
            Apply(words) => {
                says(words);
                world.command(&["apply"]);
            }
            Touch(column) => touch(column),
            ApplyAndTouch(words, column) => {
                says(words);
                world.command(&["apply"]);
                touch(column);
            }
            ByHand(words, statement) => {
                says(words);
                world.target(statement);
            }
        }
        await_equal(&world, begins);
        println!("equal: {begins}");
    }
    assert_eq!(world.target("select count(*) from orderstream_mirror.dead_letters"), "0");
}
