//! The fuzz target of the rule of which event is newer (P5): the rule's properties hold for any positions, and the script in Redis says the
//! same.

#![no_main]

use std::cell::OnceCell;

use arbitrary::{Arbitrary, Unstructured};
use change::position::{Origin, Position};
use change::position_text;
use libfuzzer_sys::fuzz_target;
use mlua::{Function, Lua};

/// A number. Some numbers are close to each other, and some are as large as they can be.
fn number(u: &mut Unstructured<'_>) -> arbitrary::Result<i64> {
    Ok(match u8::arbitrary(u)? {
        small @ 0..200 => i64::from(small % 5),
        200..228 => i64::MAX - i64::from(u8::arbitrary(u)? % 3),
        // From this number on a double rounds.
        228.. => (1 << 53) + i64::from(u8::arbitrary(u)? % 4),
    })
}

fn maybe(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<i64>> {
    if u.ratio(1, 4)? { Ok(None) } else { number(u).map(Some) }
}

fn position(u: &mut Unstructured<'_>) -> arbitrary::Result<Position> {
    Ok(Position {
        epoch: i32::from(u.ratio(1, 8)?),
        partition: u.int_in_range(0..=2)?,
        offset: number(u)?,
        kind: *u.choose(&[Origin::Snapshot, Origin::Stream, Origin::Stream, Origin::Incremental, Origin::Unknown, Origin::Tombstone])?,
        commit: maybe(u)?,
        lsn: maybe(u)?,
        ts_ms: maybe(u)?,
    })
}

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let (Ok(a), Ok(b), Ok(c)) = (position(&mut u), position(&mut u), position(&mut u)) else { return };

    assert!(!a.supersedes(&a), "an event sent again changes nothing: {a:?}");
    let (forth, back) = (a.supersedes(&b), b.supersedes(&a));
    if a.epoch != b.epoch {
        assert_ne!(forth, back, "of two epochs one is later: {a:?} {b:?}");
    } else if a.partition == b.partition || (is_log(&a) && is_log(&b)) {
        assert!(!(forth && back), "not both are newer: {a:?} {b:?}");
    }
    if [&a, &b, &c].iter().all(|p| is_log(p) && p.commit.is_some() && p.epoch == a.epoch)
        && a.partition != b.partition
        && b.partition != c.partition
        && a.partition != c.partition
    {
        assert!(!(forth && b.supersedes(&c)) || a.supersedes(&c), "streamed events have one order: {a:?} {b:?} {c:?}");
    }
    for (new, stored) in [(&a, &b), (&b, &a), (&b, &c)] {
        assert_eq!(in_redis(new, stored), (new.supersedes(stored), new.outlives(stored)), "Redis and Rust: {new:?} {stored:?}");
    }
});

fn is_log(position: &Position) -> bool {
    matches!(position.kind, Origin::Stream | Origin::Incremental)
}

thread_local! {
    static RULE: OnceCell<(Lua, Function, Function)> = const { OnceCell::new() };
}

/// Asks the rule of the script, which is run by the version of Lua that Redis has.
fn in_redis(new: &Position, stored: &Position) -> (bool, bool) {
    RULE.with(|rule| {
        let (_, supersedes, outlives) = rule.get_or_init(|| {
            let script = include_str!("../../redis/put_customers.lua");
            let (rule, _) = script.split_once("-- Position and version under a key").expect("the rule ends where the keys begin");
            let lua = Lua::new();
            let (supersedes, outlives) = lua.load(format!("{rule}\nreturn supersedes, outlives")).eval().expect("the script can be read");
            (lua, supersedes, outlives)
        });
        let ask = |rule: &Function| rule.call((position_text::write(new), position_text::write(stored))).expect("the rule has an answer");
        (ask(supersedes), ask(outlives))
    })
}
