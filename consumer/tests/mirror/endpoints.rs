//! What a process tells of itself over HTTP.

use serde_json::Value;

use crate::world::World;

#[test]
fn the_endpoints_tell_rows_by_what_was_done_the_servers_and_the_connections() {
    let mut world = World::new("endpoints");
    world.source("create table a (id int primary key, note text); insert into a select n, 'first' from generate_series(1, 5) n");
    world.capture("public.a", &[]);
    let process = world.mirror(&[]);
    world.await_target("select count(*) from a", "5");
    world.source("update a set note = 'second' where id = 1; delete from a where id = 2");
    world.await_target("select count(*) || ' ' || max(note) from a", "4 second");
    let lines = [
        r#"orderstream_mirror_table_rows_total{table="\"public\".\"a\"",operation="upsert"} 6"#,
        r#"orderstream_mirror_table_rows_total{table="\"public\".\"a\"",operation="delete"} 1"#,
        r#"orderstream_mirror_table_lag_records{table="\"public\".\"a\""} 0"#,
        r#"orderstream_mirror_dependency_up{dependency="source"} 1"#,
        r#"orderstream_mirror_postgres_errors_total{class="row"} 0"#,
        r#"orderstream_mirror_in_process_records{where="process"} 0"#,
    ];
    world.await_that("/metrics has what was done", || {
        let text = world.get(process, "/metrics");
        let absent: Vec<&&str> = lines.iter().filter(|line| !text.lines().any(|known| known == **line)).collect();
        if absent.is_empty() { Ok(()) } else { Err(format!("{absent:?} are not in\n{text}")) }
    });
    let health: Value = serde_json::from_str(&world.get(process, "/health")).unwrap();
    let components = &health["components"];
    assert_eq!(health["ready"], true, "{health}");
    assert_eq!(["postgres", "kafka", "source"].map(|name| components[name]["status"].as_str()), [Some("up"); 3], "{health}");
    assert_eq!(
        (&components["kafka"]["lag"], components["postgres"]["pool"]["max"].as_u64() > Some(0)),
        (&Value::from(0), true),
        "{health}"
    );
    let status: Value = serde_json::from_str(&world.get(process, "/status")).unwrap();
    assert_eq!((&status["tables"][0]["upserts"], &status["tables"][0]["deletes"]), (&Value::from(6), &Value::from(1)), "{status}");
}
