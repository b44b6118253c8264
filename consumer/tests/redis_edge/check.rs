//! `orderstream check` with Redis users who have only some rights.

use std::process::Command;

use crate::server::Server;

/// The keys that orderstream keeps in Redis, and no others.
const KEYS: &str = "~customer:* ~order:* ~recent_orders ~orderstream:*";

/// The lines of `check` about Redis that name the user; the other servers are away.
async fn told(server: &Server, rules: &str) -> String {
    server.run(&format!("ACL SETUSER clerk reset on >secret {rules}")).await;
    let mut check = Command::new(env!("CARGO_BIN_EXE_orderstream"));
    check.arg("check").env("REDIS_URL", server.url().replace("redis://", "redis://clerk:secret@"));
    check.env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1").env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let output = tokio::task::spawn_blocking(move || check.output()).await.expect("it runs").expect("it is built");
    let report = String::from_utf8(output.stdout).expect("a text");
    let of_redis = report.lines().filter(|line| line.contains(" redis ") && line.contains("the user"));
    of_redis.map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn check_tells_which_commands_a_redis_user_may_not_run_and_leaves_nothing_behind() {
    let server = Server::start().await;
    server.run("RPUSH recent_orders order").await;
    let needed = "+info +ping +script|load +evalsha +hmget +hget +hgetall +hexists +exists +restore +set +del +hset +expire +rpush";
    assert_eq!(told(&server, &format!("{needed} {KEYS}")).await, "ok       redis     the user may run every command that is needed\n");
    let without = needed.replace(" +restore", "");
    let found = told(&server, &format!("{without} {KEYS}")).await;
    assert!(
        found.starts_with("warning") && found.contains("may not run RESTORE on order:*; give it the rules +restore ~order:*"),
        "{found}"
    );
    assert!(found.contains("written by HSET"), "{found}");
    let found = told(&server, &format!("{} {KEYS}", needed.replace(" +hmget", ""))).await;
    assert!(found.starts_with("FAILED") && found.contains("may not run HMGET on customer:*"), "{found}");
    let found = told(&server, "+@all -@dangerous ~customer:* ~order:* ~recent_orders").await;
    assert!(found.contains("INFO") && found.contains("RESTORE on order:*") && found.contains("HSET on orderstream:*"), "{found}");
    assert!(!found.contains("customer:*"), "{found}");
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut server.direct().await).await.expect("no error");
    assert_eq!(keys, ["recent_orders"]);
}
