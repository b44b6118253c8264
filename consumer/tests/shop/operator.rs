//! An operator at the page of a process, with a token.

use std::time::Duration;

use orderstream::config::Role;
use orderstream::config::tokens::NewToken;
use serde_json::{Value, json};
use stack::wait::{Attempt, until};

use super::{PATIENCE, Process};

/// An operator.
pub struct Operator {
    token: String,
    /// The line for `PAGE_TOKENS`.
    pub line: String,
}

impl Operator {
    /// An operator with this name and role.
    pub fn new(name: &str, role: Role) -> Self {
        let NewToken { token, line } = NewToken::make(name, role).unwrap();
        Self { token, line }
    }

    /// The answer to a GET.
    pub fn get(&self, process: &Process, path: &str) -> (u16, Value) {
        let request = ureq::get(format!("http://{}{path}", process.address())).header("authorization", format!("Bearer {}", self.token));
        let patient = request.config().timeout_global(Some(Duration::from_secs(20))).http_status_as_error(false).build();
        answer(patient.call().unwrap())
    }

    /// The answer to a POST of JSON.
    pub fn post(&self, process: &Process, path: &str, body: &Value) -> (u16, Value) {
        let request = ureq::post(format!("http://{}{path}", process.address())).header("authorization", format!("Bearer {}", self.token));
        let patient = request.config().timeout_global(Some(Duration::from_secs(20))).http_status_as_error(false).build();
        answer(patient.send_json(body).unwrap())
    }

    /// A plan.
    #[track_caller]
    pub fn plan(&self, process: &Process, action: &str, parameters: &Value) -> Value {
        let request = json!({ "action": action, "parameters": parameters, "reason": "a test of ours" });
        let (status, plan) = self.post(process, "/api/actions/preview", &request);
        assert_eq!(status, 200, "{plan}");
        plan
    }

    /// Executes a plan as it wants to be confirmed, and returns what the page answers.
    pub fn execute(&self, process: &Process, plan: &Value) -> (u16, Value) {
        let path = format!("/api/actions/{}", plan["plan_id"].as_str().unwrap());
        self.post(process, &path, &json!({ "confirm": plan["confirm"] }))
    }

    /// Asks to execute a plan that nobody can execute at this moment, and goes away.
    pub fn ask_and_go_away(&self, process: &Process, plan: &Value) {
        let url = format!("http://{}/api/actions/{}", process.address(), plan["plan_id"].as_str().unwrap());
        let request = ureq::post(url).header("authorization", format!("Bearer {}", self.token));
        let impatient = request.config().timeout_global(Some(Duration::from_millis(700))).build();
        impatient.send_json(json!({ "confirm": plan["confirm"] })).unwrap_err();
    }

    /// Plans and executes an action, and waits for its end.
    #[track_caller]
    pub fn act(&self, process: &Process, action: &str, parameters: &Value) -> Value {
        let plan = self.plan(process, action, parameters);
        let (status, begun) = self.execute(process, &plan);
        assert_eq!(status, 202, "{begun}");
        self.await_state(process, plan["plan_id"].as_str().unwrap(), &["done", "stopped", "failed"])
    }

    /// Waits until an action is in one of these states, and returns it.
    pub fn await_state(&self, process: &Process, id: &str, states: &[&str]) -> Value {
        until(&format!("the action is {states:?}"), PATIENCE, || match self.get(process, &format!("/api/actions/{id}")) {
            (200, action) if states.contains(&action["state"].as_str().unwrap()) => Attempt::Ready(action),
            (_, other) => Attempt::NotYet(other.to_string()),
        })
        .unwrap()
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let (status, text) = (response.status().as_u16(), response.body_mut().read_to_string().unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
