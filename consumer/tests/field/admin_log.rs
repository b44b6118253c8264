//! The level changes while the process runs, on a port that only this machine reaches.

use std::fs;

use crate::shop::Shop;

fn post(port: u16, directives: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = ureq::post(format!("http://127.0.0.1:{port}/admin/log")).config().http_status_as_error(false).build();
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send(directives).unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

#[test]
fn the_level_changes_at_once_and_a_start_goes_back_to_the_settings() {
    let port = stack::free_port().unwrap();
    let listen = format!("127.0.0.1:{port}");
    let shop = Shop::with(&[("ADMIN_LISTEN", &listen), ("LOG_LEVEL", "warn,orderstream::redis=off")]);
    let log = || fs::read_to_string(shop.stack().folder().join(shop.process(0).service().name()).with_extension("log")).unwrap();
    let meant = [("x-orderstream", "admin")];
    assert_eq!(post(port, "trace", &[]).0, 403);
    assert_eq!(post(port, "wran", &meant).0, 400);
    assert!(!log().contains("Connected to Redis"));

    assert_eq!(post(port, "info,orderstream=debug", &meant), (200, "orderstream=debug,info\n".into()));
    assert!(log().contains("What is logged changes"));
    shop.stack().redis().restart().unwrap();
    shop.await_that("what is logged at debug is there", || log().contains("Connected to Redis"));

    shop.process(0).service().restart().unwrap();
    let now = ureq::get(format!("http://127.0.0.1:{port}/admin/log")).call().unwrap().body_mut().read_to_string().unwrap();
    assert_eq!(now, "orderstream::redis=off,warn\n");
    shop.await_everything_right();
}
