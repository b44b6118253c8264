use std::time::Duration;

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn config() -> BreakerConfig {
    BreakerConfig::default()
}

fn breaker(config: BreakerConfig) -> (Breaker, Instant) {
    let now = Instant::now();
    (Breaker::new(config, fastrand::Rng::with_seed(7), now), now)
}

fn call(breaker: &mut Breaker, outcome: Outcome, now: Instant) {
    let permit = breaker.ask(Caller::Probing, now).expect("permitted");
    breaker.record(permit, outcome, now);
}

fn trip(breaker: &mut Breaker, now: Instant) {
    for _ in 0..config().failures_in_a_row {
        call(breaker, Outcome::Failure, now);
    }
    assert_eq!(breaker.state(), State::Open);
}

/// When the open breaker lets the next call through.
fn reopening(breaker: &mut Breaker, now: Instant) -> Instant {
    now + breaker.ask(Caller::Probing, now).expect_err("open").retry_after.expect("a time")
}

#[test]
fn a_run_of_failures_opens_it_at_once() {
    let (mut breaker, now) = breaker(config());
    for _ in 0..4 {
        call(&mut breaker, Outcome::Failure, now);
    }
    assert_eq!(breaker.state(), State::Closed);
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.counts().transitions(State::Closed, State::Open), 1);
}

#[test]
fn a_success_ends_the_run() {
    let (mut breaker, now) = breaker(config());
    for _ in 0..4 {
        call(&mut breaker, Outcome::Failure, now);
    }
    call(&mut breaker, Outcome::Success, now);
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_share_of_failures_opens_it_once_there_are_enough_calls() {
    let (mut breaker, now) = breaker(config());
    for _ in 0..9 {
        call(&mut breaker, Outcome::Success, now);
        call(&mut breaker, Outcome::Failure, now);
    }
    call(&mut breaker, Outcome::Success, now);
    assert_eq!(breaker.state(), State::Closed, "19 calls are too few");
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn failures_leave_the_window_as_time_passes() {
    let (mut breaker, mut now) = breaker(BreakerConfig { failures_in_a_row: 0, ..config() });
    for _ in 0..19 {
        call(&mut breaker, Outcome::Failure, now);
    }
    now += config().window;
    for _ in 0..19 {
        call(&mut breaker, Outcome::Success, now);
    }
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn slow_answers_count_as_failures_where_that_is_configured() {
    for (slow_call, expected) in [(None, State::Closed), (Some(50 * MS), State::Open)] {
        let (mut breaker, now) = breaker(BreakerConfig { slow_call, ..config() });
        for _ in 0..config().minimum_calls {
            let permit = breaker.ask(Caller::Probing, now).expect("permitted");
            breaker.record(permit, Outcome::Success, now + 50 * MS);
        }
        assert_eq!(breaker.state(), expected, "{slow_call:?}");
    }
}

#[test]
fn open_it_rejects_every_call_until_its_time_is_over() {
    let (mut breaker, now) = breaker(config());
    trip(&mut breaker, now);
    let until = reopening(&mut breaker, now);
    assert!(now + 100 * MS <= until && until <= now + 200 * MS);
    assert!(breaker.ask(Caller::Probing, until - MS).is_err());
    assert!(breaker.ask(Caller::Probing, until).is_ok());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(breaker.counts().rejected, 2);
}

#[test]
fn a_probe_that_succeeds_closes_it() {
    let (mut breaker, now) = breaker(config());
    trip(&mut breaker, now);
    let now = reopening(&mut breaker, now);
    call(&mut breaker, Outcome::Success, now);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.counts().transitions(State::HalfOpen, State::Closed), 1);
}

#[test]
fn of_several_probes_all_have_to_succeed() {
    let (mut breaker, now) = breaker(BreakerConfig { probes: 3, ..config() });
    trip(&mut breaker, now);
    let now = reopening(&mut breaker, now);
    call(&mut breaker, Outcome::Success, now);
    call(&mut breaker, Outcome::Success, now);
    assert_eq!(breaker.state(), State::HalfOpen);
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn openings_double_up_to_the_longest() {
    let (mut breaker, mut now) = breaker(config());
    trip(&mut breaker, now);
    for doubling in 0..10u32 {
        let longest = (config().open_base * 2u32.pow(doubling)).min(config().open_max);
        let until = reopening(&mut breaker, now);
        assert!(now + longest / 2 <= until && until <= now + longest, "opening {doubling}");
        now = until;
        call(&mut breaker, Outcome::Failure, now);
    }
}

#[test]
fn openings_are_short_again_only_after_a_healthy_window() {
    for (healthy_for, longest) in [(Duration::ZERO, 400 * MS), (config().window, 200 * MS)] {
        let (mut breaker, now) = breaker(config());
        trip(&mut breaker, now);
        let mut now = reopening(&mut breaker, now);
        call(&mut breaker, Outcome::Success, now);
        now += healthy_for;
        trip(&mut breaker, now);
        let until = reopening(&mut breaker, now);
        assert!(now + longest / 2 <= until && until <= now + longest, "healthy for {healthy_for:?}");
    }
}

#[test]
fn an_answer_to_a_call_of_an_earlier_state_decides_nothing() {
    let (mut breaker, now) = breaker(config());
    let sent_before = breaker.ask(Caller::Probing, now).expect("permitted");
    let also_before = breaker.ask(Caller::Probing, now).expect("permitted");
    trip(&mut breaker, now);
    breaker.record(sent_before, Outcome::Success, now);
    assert_eq!(breaker.state(), State::Open);
    let now = reopening(&mut breaker, now);
    let probe = breaker.ask(Caller::Probing, now).expect("a probe");
    breaker.record(also_before, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.record(probe, Outcome::Success, now);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.counts().late, 2);
}

#[test]
fn a_probe_that_never_reports_frees_its_place_and_is_ignored_afterwards() {
    let (mut breaker, now) = breaker(config());
    trip(&mut breaker, now);
    let mut now = reopening(&mut breaker, now);
    let lost = breaker.ask(Caller::Probing, now).expect("a probe");
    assert_eq!(breaker.ask(Caller::Probing, now).expect_err("its place is taken").retry_after, Some(config().probe_deadline));
    now += config().probe_deadline;
    let next = breaker.ask(Caller::Probing, now).expect("its place is free");
    breaker.record(lost, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.record(next, Outcome::Success, now);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.counts().probes_expired, 1);
}

#[test]
fn a_caller_that_must_not_wait_is_no_probe() {
    let (mut breaker, now) = breaker(BreakerConfig { probes: 2, ..config() });
    trip(&mut breaker, now);
    let now = reopening(&mut breaker, now);
    assert_eq!(breaker.ask(Caller::Working, now).expect_err("open").retry_after, Some(Duration::ZERO));
    assert_eq!(breaker.state(), State::Open);
    for _ in 0..2 {
        let probe = breaker.ask(Caller::Probing, now).expect("a probe");
        assert_eq!(breaker.ask(Caller::Working, now).expect_err("not known yet").retry_after, None);
        breaker.record(probe, Outcome::Success, now);
    }
    assert!(breaker.ask(Caller::Working, now).is_ok());
    assert_eq!(breaker.counts().probes, 2);
}

#[test]
fn forced_open_it_rejects_whatever_happens() {
    let (mut breaker, now) = breaker(config());
    let before = breaker.ask(Caller::Probing, now).expect("permitted");
    breaker.force(Some(Forced::Open), now);
    breaker.record(before, Outcome::Success, now);
    assert_eq!(breaker.ask(Caller::Probing, now + Duration::from_secs(3600)).expect_err("forced").retry_after, None);
    breaker.force(None, now);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn forced_closed_it_permits_whatever_happens() {
    let (mut breaker, now) = breaker(config());
    breaker.force(Some(Forced::Closed), now);
    for _ in 0..100 {
        call(&mut breaker, Outcome::Failure, now);
    }
    assert_eq!(breaker.state(), State::ForcedClosed);
    breaker.force(None, now);
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(breaker.state(), State::Closed, "what happened meanwhile is forgotten");
}

#[test]
fn the_same_seed_gives_the_same_openings() {
    let times = |seed| {
        let now = Instant::now();
        let mut breaker = Breaker::new(config(), fastrand::Rng::with_seed(seed), now);
        trip(&mut breaker, now);
        reopening(&mut breaker, now) - now
    };
    assert_eq!(times(1), times(1));
    assert_ne!(times(1), times(2));
}

#[derive(Debug, Clone)]
enum Step {
    Ask,
    Report(usize, bool),
    Forget(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Ask),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, ok)| Step::Report(which, ok)),
        1 => any::<usize>().prop_map(Step::Forget),
        2 => (0u64..3000).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn never_more_probes_at_once_than_permitted(steps in prop::collection::vec(step(), 0..300), probes in 1u32..=3) {
        let (mut breaker, mut now) = breaker(BreakerConfig { probes, ..config() });
        let mut out: Vec<(Permit, Instant)> = Vec::new();
        for step in steps {
            match step {
                Step::Ask => if let Ok(permit) = breaker.ask(Caller::Probing, now) { out.push((permit, now)) },
                Step::Report(which, ok) if !out.is_empty() => {
                    let (permit, _) = out.swap_remove(which % out.len());
                    breaker.record(permit, if ok { Outcome::Success } else { Outcome::Failure }, now);
                }
                Step::Forget(which) if !out.is_empty() => drop(out.swap_remove(which % out.len())),
                Step::Wait(ms) => now += Duration::from_millis(ms),
                _ => {}
            }
            let deadline = config().probe_deadline;
            let probing = out.iter().filter(|(p, asked)| p.probe.is_some() && p.generation == breaker.generation && *asked + deadline > now);
            prop_assert!(probing.count() <= probes as usize);
        }
    }

    #[test]
    fn whatever_happened_a_healthy_server_closes_it(failures in 0u32..200, waits in prop::collection::vec(0u64..20_000, 0..50)) {
        let (mut breaker, mut now) = breaker(config());
        for wait in waits.iter().cycle().take(failures as usize) {
            if let Ok(permit) = breaker.ask(Caller::Probing, now) { breaker.record(permit, Outcome::Failure, now) }
            now += Duration::from_millis(*wait);
        }
        now += config().open_max;
        for _ in 0..config().minimum_calls {
            if let Ok(permit) = breaker.ask(Caller::Probing, now) { breaker.record(permit, Outcome::Success, now) }
        }
        prop_assert_eq!(breaker.state(), State::Closed);
    }
}

#[test]
fn each_transition_says_why() {
    let said = |breaker: &Breaker| {
        let Transition { from, to, cause, .. } = breaker.last().unwrap();
        format!("{} -> {}: {cause}", from.as_str(), to.as_str())
    };
    let (mut breaker, now) = breaker(BreakerConfig { probes: 3, ..config() });
    assert_eq!(breaker.last(), None);
    trip(&mut breaker, now);
    assert_eq!(said(&breaker), "closed -> open: 5 failures in a row");
    let now = reopening(&mut breaker, now);
    call(&mut breaker, Outcome::Success, now);
    assert_eq!(said(&breaker), "open -> half_open: its time was over: a probe is let through");
    call(&mut breaker, Outcome::Failure, now);
    assert_eq!(said(&breaker), "half_open -> open: a probe failed");
    let now = reopening(&mut breaker, now);
    (0..3).for_each(|_| call(&mut breaker, Outcome::Success, now));
    assert_eq!(said(&breaker), "half_open -> closed: 3 probes succeeded");
    for failed in (0..20).map(|number| number % 5 < 3) {
        call(&mut breaker, if failed { Outcome::Failure } else { Outcome::Success }, now);
    }
    assert_eq!((said(&breaker), breaker.last().unwrap().at), ("closed -> open: 60 % of 20 calls failed or were slow".into(), now));
    breaker.force(Some(Forced::Open), now);
    assert_eq!(said(&breaker), "open -> forced_open: held open by an operator");
    breaker.force(Some(Forced::Closed), now);
    assert_eq!(said(&breaker), "forced_open -> forced_closed: held closed by an operator");
    breaker.force(None, now);
    assert_eq!(said(&breaker), "forced_closed -> closed: let go");
}
