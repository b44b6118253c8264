//! A process whose page is looked at.

use crate::shop::apart::Apart;
use crate::shop::{Process, Shop};
use crate::{browser, tokens};

/// The shop with the shared process, whose page knows the tokens of the tests and the servers before Kafka. `None`: there is no browser.
pub fn shop() -> Option<Shop> {
    browser::is_here().then(open)
}

/// The same, whether there is a browser or not.
pub fn open() -> Shop {
    let known = stack::shared().unwrap().orderstream_settings();
    let of = |wanted: &str| known.iter().find(|(name, _)| *name == wanted).unwrap().1.clone();
    let (file, source, connect) = (tokens::file(), of("SOURCE_URL"), of("CONNECT_URL"));
    let settings = [("PAGE_TOKENS_FILE", &*file), ("SOURCE_URL", &source), ("CONNECT_URL", &connect)];
    let shop = Shop::open_as(&settings);
    // A test that failed may have left something that an operator holds, or a token that is taken away.
    tokens::give_back();
    shop.sql("delete from partition_controls; delete from breaker_controls");
    shop.process(0).await_readiness(200, "ok");
    shop
}

/// The address of a process's page.
pub fn url(process: &Process) -> String {
    format!("http://{}", process.address())
}

/// Has the scenario look at the shared process.
#[track_caller]
pub fn sees(shop: &Shop, scenario: &str, world: impl FnMut(&str, &str) -> String) {
    browser::sees(scenario, &url(shop.process(0)), world);
}

/// Starts a process on topics and databases of the test's own, beside the shared one and in another group, and returns its number.
pub fn beside(shop: &mut Shop, apart: &Apart, more: &[(&str, &str)]) -> usize {
    let file = tokens::file();
    let own = [("PAGE_TOKENS_FILE", &*file), ("KAFKA_GROUP_ID", &*apart.orders)];
    shop.launch_another(&apart.settings_and(&[&own, more].concat()))
}

/// What a scenario that asks for nothing is answered.
pub fn nothing(what: &str, _: &str) -> String {
    panic!("the scenario asks for {what:?}")
}
