//! Tests of the judgements about Postgres.

use super::*;
use crate::cli::check::Grade::{self, Failed, Ok, Warning};

fn server() -> Server {
    Server {
        version: "17.2".into(),
        role: "orderstream".into(),
        database: "orders".into(),
        is_read_only: false,
        may_create: true,
        connections: 97,
        connected: 5,
        has_migrations: true,
    }
}

fn migrated() -> Option<Vec<i64>> {
    Some(MIGRATIONS.iter().map(|migration| migration.version).collect())
}

fn grades(facts: &Facts, pool: u32) -> Vec<Grade> {
    let mut findings = Findings::new("postgres");
    let database = Database {
        setting: "database.url",
        url: "postgres://h/orders".into(),
        pool,
        tables: &[],
        migrations: &MIGRATIONS,
        applied_by: "the next start applies them",
        makes_schema: false,
    };
    judge(facts, &database, &mut findings);
    findings.lines.iter().map(|finding| finding.grade).collect()
}

#[test]
fn a_migrated_server_with_room_is_fine() {
    assert_eq!(
        grades(&Facts { server: server(), applied: migrated(), lacking: vec![], settings: vec![], newer: None, elsewhere: None }, 10),
        [Ok, Ok, Ok, Ok]
    );
}

#[test]
fn a_read_only_server_fails() {
    let facts = Facts {
        server: Server { is_read_only: true, ..server() },
        applied: migrated(),
        lacking: vec![],
        settings: vec![],
        newer: None,
        elsewhere: None,
    };
    assert_eq!(grades(&facts, 10)[0], Failed);
}

#[test]
fn missing_tables_are_a_warning_where_the_role_can_create_them() {
    let of = |may_create, applied| Facts {
        server: Server { may_create, ..server() },
        applied,
        lacking: vec![],
        settings: vec![],
        newer: None,
        elsewhere: None,
    };
    assert_eq!(grades(&of(true, None), 10)[2], Warning);
    assert_eq!(grades(&of(false, None), 10)[2], Failed);
}

#[test]
fn newer_tables_fail_unless_they_let_this_program_in() {
    let of = |oldest_program| {
        let newer = Some(Newer { tables: 99, program: 50, oldest_program: Some(oldest_program) });
        Facts { server: server(), applied: migrated(), lacking: vec![], settings: vec![], newer, elsewhere: None }
    };
    assert_eq!(grades(&of(50), 10)[2], Warning);
    assert_eq!(grades(&of(51), 10)[2], Failed);
}

#[test]
fn a_role_without_rights_fails() {
    assert_eq!(
        grades(
            &Facts {
                server: server(),
                applied: migrated(),
                lacking: vec!["results".into()],
                settings: vec![],
                newer: None,
                elsewhere: None
            },
            10
        )[2],
        Failed
    );
}

#[test]
fn a_pool_larger_than_the_server_fails_and_a_crowded_server_is_a_warning() {
    let facts = Facts {
        server: Server { connected: 90, ..server() },
        applied: migrated(),
        lacking: vec![],
        settings: vec![],
        newer: None,
        elsewhere: None,
    };
    assert_eq!([grades(&facts, 98)[3], grades(&facts, 10)[3], grades(&facts, 7)[3]], [Failed, Warning, Ok]);
}
