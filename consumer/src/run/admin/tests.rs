//! Tests of the operator's port, over HTTP.

use service::http::{bind, serve};
use service::logging::{Log, LogFormat, start};

use super::*;

/// Sends a request with these headers, and returns the status and the body of the answer.
async fn ask(
    address: std::net::SocketAddr,
    method: &'static str,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
) -> (u16, String) {
    let headers = headers.to_vec();
    let ask = move || {
        let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}/admin/log"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = agent.run(request.body(body).unwrap()).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_changes_for_a_request_from_this_machine_that_is_meant() {
    let level = start(&Log { level: "off".into(), format: LogFormat::Text });
    let listener = bind("admin.listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(serve(listener, router(level.clone()), async move { drop(stopped.await) }));
    let meant = ("x-orderstream", "admin");

    assert_eq!(ask(address, "GET", &[], "").await, (200, "off\n".into()));
    assert_eq!(ask(address, "POST", &[meant], "error,orderstream::flow=warn\n").await, (200, "orderstream::flow=warn,error\n".into()));
    let (status, told) = ask(address, "POST", &[meant], "inof").await;
    assert_eq!((status, told.lines().count()), (400, 1), "{told}");
    assert!(told.starts_with("not a log filter; allowed: off, error"), "{told}");
    let elsewhere = ("host", "shop.example:8081");
    let page = ("origin", "https://shop.example");
    for refused in [vec![], vec![meant, elsewhere], vec![elsewhere], vec![meant, page], vec![page, ("content-type", "text/plain")]] {
        let (status, told) = ask(address, "POST", &refused, "trace").await;
        assert!(status == 403 && told.contains("X-Orderstream"), "{refused:?}: {status} {told}");
    }
    assert_eq!(ask(address, "GET", &[elsewhere], "").await.0, 403);
    let long: &'static str = "off,".repeat(LARGEST).leak();
    assert_eq!(ask(address, "POST", &[meant], long).await.0, 413);
    assert_eq!(level.now(), "orderstream::flow=warn,error", "what was refused has changed nothing");
}
