//! The test of the alerts and dashboards on the real stack, with the real Prometheus and Alertmanager: each alert fires on its fault, reaches
//! its receiver and clears, and each query of the dashboards is answered. The test takes some minutes: `make test-alerts`.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

use std::collections::BTreeSet;
use std::time::Instant;

mod faults;
#[path = "../monitoring/files.rs"]
#[allow(dead_code, reason = "the other target reads more of the files")]
mod files;
mod http;
mod receiver;
mod world;

use faults::{FAULTS, Fault};
use world::World;

#[test]
#[ignore = "takes minutes: make test-alerts"]
fn each_alert_fires_on_its_fault_reaches_its_receiver_and_clears_and_each_query_of_the_dashboards_answers() {
    let of_rules: BTreeSet<String> = files::rules().into_iter().map(|rule| rule.alert).filter(|alert| !alert.is_empty()).collect();
    let of_faults: BTreeSet<String> = FAULTS.iter().flat_map(|fault| fault.alerts).map(|alert| (*alert).to_owned()).collect();
    assert_eq!(of_rules, of_faults, "each alert has a fault");
    let (world, begin) = (World::start(), Instant::now());
    nothing_is_told_while_all_is_well(&world);
    FAULTS.iter().for_each(|fault| fires_and_clears(&world, fault));
    each_query_is_answered(&world, begin.elapsed().as_secs());
}

fn nothing_is_told_while_all_is_well(world: &World) {
    for _ in 0..20 {
        world.orders(100, "1");
        let scrapes = world.answers("count_over_time(up{job=\"orderstream\"}[1m])", 1).last().copied().unwrap_or_default();
        world.await_that("Prometheus has looked again", || {
            let now = world.answers("count_over_time(up{job=\"orderstream\"}[1m])", 1).last().copied().unwrap_or_default();
            if now > scrapes { Ok(()) } else { Err(format!("{now} looks")) }
        });
    }
    assert_eq!(world.receiver.told(0), Vec::<String>::new());
}

fn fires_and_clears(world: &World, fault: &Fault) {
    let begin = Instant::now();
    let before = world.receiver.len();
    (fault.begin)(world);
    world.await_that(&format!("{:?} fire", fault.alerts), || {
        (fault.meanwhile)(world);
        lack(world, before, fault, "firing")
    });
    let (fired, before) = (begin.elapsed(), world.receiver.len());
    (fault.end)(world);
    world.await_that(&format!("{:?} clear", fault.alerts), || lack(world, before, fault, "resolved"));
    println!("{:?} fired after {:.1} s, cleared after {:.1} s", fault.alerts, fired.as_secs_f64(), (begin.elapsed() - fired).as_secs_f64());
}

/// Fails with the alerts that were not told in this state.
fn lack(world: &World, since: usize, fault: &Fault, state: &str) -> Result<(), String> {
    let told = world.receiver.told(since);
    let absent: Vec<&&str> = fault.alerts.iter().filter(|alert| !told.contains(&format!("{state}: {alert}"))).collect();
    if absent.is_empty() { Ok(()) } else { Err(format!("not told: {absent:?}; told: {told:?}")) }
}

fn each_query_is_answered(world: &World, seconds: u64) {
    let instance = world.instance();
    let fill = |expr: &str| expr.replace("$job", "orderstream").replace("$instance", &instance).replace("$__rate_interval", "5s");
    let asked: Vec<(String, String)> = files::queries().into_iter().map(|query| (query.place, fill(&query.expr))).collect();
    assert!(asked.len() > 40, "{} queries", asked.len());
    let of_agents = files::of_agents().into_iter().map(|name| ("an agent".to_owned(), name));
    let asked: Vec<(String, String)> = asked.into_iter().chain(of_agents).collect();
    let empty: Vec<&(String, String)> = asked.iter().filter(|(_, expr)| world.answers(expr, seconds).is_empty()).collect();
    assert!(empty.is_empty(), "no answer to {empty:#?}");
    println!("{} queries answered", asked.len());
}
