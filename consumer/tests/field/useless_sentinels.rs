//! Sentinels that are dead, hang, name a replica, or do not know the name of the master (P9, P12).

use stack::{MASTER, Sentinels};

use crate::redis_failover::settings;
use crate::shop::Shop;

/// What `check` says of Redis with these settings.
fn told(shop: &Shop, settings: &[(&str, &str)]) -> String {
    let output = shop.orderstream(&["check"], settings);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    text.lines().filter(|line| line.contains(" redis ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn sentinels_that_are_of_no_use_are_passed_over_and_check_tells_which_and_what_a_failover_may_lose() {
    let shop = Shop::closed();
    let redis = Sentinels::start(shop.stack(), "of-no-use", 1).unwrap();
    let addresses = redis.addresses();
    let master = format!("at 127.0.0.1:{}, the master \"shop\" by its Sentinels", redis.port(0));
    let check = |more: &[(&str, &str)]| told(&shop, &[&settings(&addresses)[..], more].concat());

    let said = check(&[]);
    assert!(said.contains(&master) && said.contains("warning  redis     min-replicas-to-write is 0"), "{said}");
    redis.server_says(0, "CONFIG SET min-replicas-to-write 1 min-replicas-max-lag 60").unwrap();
    assert!(check(&[]).contains("warning  redis     min-replicas-max-lag is 60"), "{}", check(&[]));
    redis.server_says(0, "CONFIG SET min-replicas-max-lag 10").unwrap();
    let said = check(&[]);
    assert!(said.contains("ok       redis     min-replicas-to-write is on") && !said.contains("FAILED"), "{said}");

    let said = check(&[("REDIS_SENTINEL_MASTER", "ship")]);
    assert!(
        said.contains("FAILED") && said.contains("does not know a master of the name \"ship\"; correct redis.sentinel_master"),
        "{said}"
    );
    let said = check(&[("REDIS_SENTINEL_PASSWORD", "wrong")]);
    assert!(said.contains("FAILED") && said.contains("set redis.sentinel_user and redis.sentinel_password"), "{said}");

    // The second names a replica, as one does that was set up with another master.
    redis.sentinel_says(1, &format!("SENTINEL REMOVE {MASTER}")).unwrap();
    redis.sentinel_says(1, &format!("SENTINEL MONITOR {MASTER} 127.0.0.1 {} 2", redis.port(1))).unwrap();
    assert!(check(&[]).contains(&master), "{}", check(&[]));
    redis.sentinel(0).pause().unwrap();
    let said = check(&[]);
    assert!(said.contains(&master) && said.contains("did not answer within"), "{said}");
    redis.sentinel(2).kill();
    let said = check(&[]);
    let replica = format!("127.0.0.1:{} is named as the master and says that it is a slave", redis.port(1));
    for words in [&*replica, "did not answer within", "cannot be reached"] {
        assert!(said.contains("FAILED") && said.contains(words), "{words} in: {said}");
    }
    redis.sentinel(0).resume();
    let said = check(&[]);
    assert!(said.contains(&master) && said.contains("cannot be reached") && !said.contains("FAILED"), "{said}");
}
