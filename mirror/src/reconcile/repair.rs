//! Sets right what a reconciliation has found. Rows that are missing or different are asked of Debezium, and come as events like all others (P5). Rows
//! that the source does not have are removed, and their guards say that they are gone.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use comparison::filter::{LONGEST, length_in_signal, one_of};
use comparison::signal;

use super::report::{Repair, Report};
use super::suspects::differing;
use super::verdict::Difference;
use super::{Findings, Found, Key, Mending, Sides, remove, walk};
use crate::catalog::TableName;
use crate::quote::{quote_identifier as identifier, quote_list, quote_literal};
use crate::tables::re_read;

/// The time between two looks at what does not agree yet.
const PAUSE: Duration = Duration::from_millis(500);

/// The time between two lines of progress.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// What is done about one table.
#[derive(Debug, Default)]
struct Plan {
    /// The conditions of the signals; `None` asks for every row.
    filters: Vec<Option<String>>,
    asked_for: u64,
    extra: Vec<Key>,
}

pub(super) async fn repair(sides: &Sides, mending: &Mending, report: &mut Report, findings: &Findings) -> anyhow::Result<()> {
    let plans: Vec<(&Found, Plan)> = findings.tables.iter().map(|found| (found, plan(found))).collect();
    let (mut repair, extra) = (Repair { executed: mending.execute, ..Repair::default() }, total(&plans, |plan| plan.extra.len() as u64));
    if extra > mending.max_removed {
        bail!(
            "{extra} rows of the target are not in the source, and at most {} are removed: if this is the right source, raise --max-removed. \
             Nothing was changed",
            mending.max_removed
        );
    }
    repair.asked_for = total(&plans, |plan| plan.asked_for);
    repair.signals = total(&plans, |plan| plan.filters.len() as u64);
    let whole = plans.iter().filter(|(_, plan)| plan.is_whole());
    repair.whole_tables = whole.map(|(found, _)| found.report.source.clone()).collect();
    if !mending.execute {
        report.notes.extend(plans.iter().filter_map(|(found, plan)| unread(found, plan)));
        repair.removed = extra;
        report.repair = (repair.signals + extra > 0).then_some(repair);
        return Ok(());
    }
    let has_done = repair.signals + extra > 0;
    ask(sides, &plans).await?;
    for (found, plan) in &plans {
        repair.removed += remove::remove(sides, &found.pairing, &plan.extra).await?;
    }
    let left = agree(sides, &plans, mending.wait).await?;
    repair.left = left.iter().sum();
    for ((found, plan), left) in plans.iter().zip(&left) {
        if *left > 0 {
            report.notes.extend(unread(found, plan));
        }
        let verified = found.pairing.mirrored.stale.iter().all(|column| found.pairing.shape.columns.contains(column));
        if !found.pairing.mirrored.stale.is_empty() && verified && *left == 0 && is_done(found, plan) {
            let mut lease = sides.target.lease().await.context("the target's Postgres")?;
            re_read(&mut lease, &found.pairing.mirrored).await.context("the target's Postgres")?;
            repair.re_read.push(found.report.source.clone());
        }
    }
    let others = report.tables.iter().skip(findings.tables.len()).all(|table| !table.ended_early);
    report.equal = repair.left == 0 && others && plans.iter().all(|(found, plan)| is_done(found, plan));
    report.repair = (has_done || !repair.re_read.is_empty()).then_some(repair);
    Ok(())
}

/// What an operator should know of a table of which Debezium reads nothing for a signal: with pgoutput it fails over columns that the source computes
/// (seen with Debezium 3.6.1), unless they are excluded.
fn unread(found: &Found, plan: &Plan) -> Option<String> {
    let table = &found.pairing.mirrored.source;
    let named: Vec<String> =
        found.pairing.shape.computed.iter().map(|column| format!("{}.{}.{column}", table.schema, table.table)).collect();
    (!named.is_empty() && !plan.filters.is_empty()).then(|| {
        format!(
            "Debezium reads no row of {table} for a signal unless the connector's column.exclude.list has the columns that the source computes: {}",
            named.join(",")
        )
    })
}

/// Whether nothing of the table is left that the repair does not care for.
fn is_done(found: &Found, plan: &Plan) -> bool {
    let report = &found.report;
    let keyless = report.keyless && report.findings() > 0;
    report.undecided() == 0 && !keyless && (!report.ended_early || plan.is_whole())
}

fn total(plans: &[(&Found, Plan)], of: impl Fn(&Plan) -> u64) -> u64 {
    plans.iter().map(|(_, plan)| of(plan)).sum()
}

impl Plan {
    fn is_whole(&self) -> bool {
        self.filters.iter().any(Option::is_none)
    }
}

fn plan(found: &Found) -> Plan {
    let (extra, wanted): (Vec<_>, Vec<_>) = found.wrong.iter().partition(|(_, difference)| *difference == Difference::Extra);
    let wanted: Vec<&Key> = wanted.into_iter().map(|(key, _)| key).collect();
    let is_too_long = |key: &&Key| length_in_signal(&literal(key)) > LONGEST;
    let whole = !found.report.keyless && found.report.ended_early || wanted.iter().any(is_too_long);
    let filters = if whole { vec![None] } else { conditions(&found.pairing.mirrored.key, &wanted) };
    Plan { filters, asked_for: wanted.len() as u64, extra: extra.into_iter().map(|(key, _)| key.clone()).collect() }
}

/// Conditions that hold for rows with these keys, and for no other.
fn conditions(columns: &[String], keys: &[&Key]) -> Vec<Option<String>> {
    let names = match columns {
        [only] => identifier(only),
        columns => format!("({})", quote_list(columns.iter().map(String::as_str))),
    };
    one_of(&names, keys.iter().map(|key| literal(key))).into_iter().map(Some).collect()
}

/// The key as an expression of SQL. Postgres gives a literal the type of what it is compared with.
fn literal(key: &Key) -> String {
    match key.key.as_slice() {
        [only] => quote_literal(only),
        columns => format!("({})", columns.iter().map(|text| quote_literal(text)).collect::<Vec<_>>().join(", ")),
    }
}

async fn ask(sides: &Sides, plans: &[(&Found, Plan)]) -> anyhow::Result<()> {
    if plans.iter().all(|(_, plan)| plan.filters.is_empty()) {
        return Ok(());
    }
    let mut lease = sides.signals.lease().await.context("the source's Postgres")?;
    if !signal::may(&mut lease).await.context("the source's Postgres")? {
        bail!("{}", signal::MAY_NOT);
    }
    let name = format!("reconcile-{:016x}", fastrand::u64(..));
    for (number, (found, plan)) in plans.iter().enumerate() {
        let name = format!("{name}-{number}");
        signal::ask(&mut lease, &name, &collection(&found.pairing.mirrored.source), &plan.filters)
            .await
            .context("the source's Postgres")?;
    }
    Ok(())
}

/// The table as a signal names it: a regular expression that only its own name fulfils.
fn collection(name: &TableName) -> String {
    let escaped = |text: &str| -> String {
        text.chars().flat_map(|c| (!c.is_alphanumeric() && c != '_').then_some('\\').into_iter().chain([c])).collect()
    };
    format!("{}.{}", escaped(&name.schema), escaped(&name.table))
}

/// Waits until the rows agree that the repair cares for. Returns how many of each table do not agree in time.
async fn agree(sides: &Sides, plans: &[(&Found, Plan)], wait: Duration) -> anyhow::Result<Vec<u64>> {
    let (deadline, mut next) = (Instant::now() + wait, Instant::now() + SAY_EVERY);
    let keys = |found: &Found| found.wrong.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let mut wanted: Vec<Vec<Key>> = plans.iter().map(|(found, _)| keys(found)).collect();
    loop {
        let (began, mut left) = (Instant::now(), Vec::with_capacity(plans.len()));
        for ((found, plan), keys) in plans.iter().zip(&mut wanted) {
            if plan.is_whole() {
                left.push(walk::walk(sides, found.pairing.clone(), walk::MOST_SUSPECTS).await?.suspects.len() as u64);
            } else {
                *keys = differing(&found.pairing, keys).await?.into_keys().collect();
                left.push(keys.len() as u64);
            }
        }
        let some = left.iter().sum::<u64>();
        if some == 0 || Instant::now() >= deadline {
            return Ok(left);
        }
        if Instant::now() >= next {
            next = Instant::now() + SAY_EVERY;
            (sides.say)(format_args!("{some} rows are still to come right; is a process running, and Debezium?"));
        }
        // The looks take at most half of the time, however large a table is that is looked at as a whole.
        tokio::time::sleep(PAUSE.max(began.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_asked_for_by_their_keys_whatever_these_contain() {
        let key = |columns: &[&str]| Key { key: columns.iter().map(ToString::to_string).collect() };
        let (one, two) = (key(&["7"]), key(&["O'Neil"]));
        assert_eq!(conditions(&["Id".into()], &[&one, &two]), [Some(r#""Id" in ('7', 'O''Neil')"#.to_owned())]);
        let (one, two) = (key(&["1", "x"]), key(&["2", r"\"]));
        assert_eq!(conditions(&["a".into(), "b".into()], &[&one, &two]), [Some(r#"("a", "b") in (('1', 'x'), ('2', E'\\'))"#.to_owned())]);
        assert!(conditions(&["a".into()], &[]).is_empty());
    }

    #[test]
    fn a_table_is_named_in_a_signal_as_an_expression_of_its_own_name() {
        assert_eq!(collection(&TableName::new("public", "orders_2")), "public.orders_2");
        assert_eq!(collection(&TableName::new("Shop", "a.b$")), r"Shop.a\.b\$");
    }
}
