//! Tests of what an operator may ask for.

use serde_json::json;

use super::*;

fn topics() -> Vec<String> {
    vec!["orders".into(), "customers".into()]
}

fn asked(request: &Value) -> Result<Request, Refusal> {
    let request: Request = serde_json::from_value(request.clone()).unwrap();
    request.checked(&topics())
}

fn refused(request: &Value) -> String {
    asked(request).unwrap_err().to_string()
}

#[test]
fn each_action_is_kept_as_it_was_asked_for() {
    let all = [
        json!({"action": "replay", "parameters": {"reasons": ["invalid"], "key": "7", "until": 5, "ids": ["a"], "rate": 9, "max": 8}}),
        json!({"action": "pause", "parameters": {"topic": "orders", "partition": 2, "minutes": 30}}),
        json!({"action": "resume", "parameters": {"topic": "orders", "partition": 2}}),
        json!({"action": "hold_breaker", "parameters": {"state": "open", "minutes": 30}}),
        json!({"action": "release_breaker", "parameters": {}}),
        json!({"action": "rebuild", "parameters": {"what": "customers"}}),
        json!({"action": "restart_connector", "parameters": {}}),
    ];
    for mut request in all {
        request["reason"] = "  repair ".into();
        let Request { wish, reason } = asked(&request).unwrap();
        assert_eq!((wish.name(), reason.as_str()), (request["action"].as_str().unwrap(), "repair"));
        assert_eq!(Wish::kept(wish.name(), &wish.parameters()), Some(wish));
    }
}

#[test]
fn all_but_a_replay_need_a_reason() {
    let nothing = json!({"action": "release_breaker", "parameters": {}, "reason": " "});
    assert!(refused(&nothing).contains("say why"));
    assert!(asked(&json!({"action": "replay", "parameters": {}})).is_ok());
}

#[test]
fn a_pause_takes_a_day_at_most_and_a_hold_half_an_hour_and_both_usually_a_quarter() {
    let pause = |minutes| json!({"action": "pause", "reason": "r", "parameters": {"topic": "orders", "partition": 0, "minutes": minutes}});
    let hold = |minutes| json!({"action": "hold_breaker", "reason": "r", "parameters": {"state": "closed", "minutes": minutes}});
    assert!(asked(&pause(1_440)).is_ok() && asked(&hold(30)).is_ok());
    for request in [pause(0), pause(1_441), hold(0), hold(31)] {
        assert!(refused(&request).contains(" minutes"), "{request}");
    }
    let usual = json!({"action": "pause", "reason": "r", "parameters": {"topic": "orders", "partition": 0}});
    assert_eq!(asked(&usual).unwrap().wish, Wish::Pause(Pause { topic: "orders".into(), partition: 0, minutes: 15 }));
}

#[test]
fn a_topic_that_is_not_read_and_a_field_that_nobody_knows_are_refused() {
    let other = json!({"action": "resume", "reason": "r", "parameters": {"topic": "bob@example.com", "partition": 0}});
    let words = refused(&other);
    assert!(words.contains("only orders and customers") && !words.contains("bob"), "{words}");
    let unknown = json!({"action": "replay", "parameters": {"reason": ["invalid"]}});
    assert!(serde_json::from_value::<Request>(unknown).is_err(), "a filter that is misspelt would mean all letters");
    let reset = json!({"action": "offsets_reset", "parameters": {}});
    assert!(serde_json::from_value::<Request>(reset).is_err());
}

#[test]
fn only_letters_that_are_there_already_are_replayed_and_none_that_is_closed() {
    let replay = |parameters: Value| json!({"action": "replay", "parameters": parameters});
    let Wish::Replay(mut letters) = asked(&replay(json!({"resolved": false, "after": "x"}))).unwrap().wish else {
        panic!("another action")
    };
    assert_eq!(letters.until, None, "only Postgres knows the time");
    letters.until_now(DateTime::UNIX_EPOCH);
    assert_eq!((letters.until, letters.resolved, letters.after), (Some(1), None, None));
    assert!(refused(&replay(json!({"resolved": true}))).contains("closed"));
    assert!(refused(&replay(json!({"rate": 0}))).contains("begin at 1"));
    assert!(refused(&replay(json!({"ids": vec!["x"; 1_001]}))).contains("1000 ids"));
    assert!(refused(&replay(json!({"since": i64::MAX}))).contains("milliseconds"));
}
