//! Debezium's signal table, an insert into which asks for an incremental snapshot: rows come again as events like all others (P5).

use ledger::StoreError;
use ledger::connections::Lease;

const MAY_SIGNAL: &str = "
select not pg_is_in_recovery() and to_regclass('debezium_signal') is not null and has_table_privilege('debezium_signal', 'insert')";

const SIGNAL: &str = "insert into debezium_signal (id, type, data) values ($1, 'execute-snapshot', $2)";

/// What an operator reads if the role of the connection may not ask.
pub const MAY_NOT: &str = "this role may not ask Debezium for rows: the server is a standby, which may lag and cannot be written, or there is no \
     table debezium_signal in the role's search path, or the role may not insert there; `grant insert on debezium_signal to ..`, or use a role that may";

/// Whether the role of this connection may ask Debezium.
///
/// # Errors
/// If the source is away or refuses.
pub async fn may(lease: &mut Lease) -> Result<bool, StoreError> {
    Ok(lease.ask(|on| sqlx::query_scalar(MAY_SIGNAL).fetch_one(on)).await?)
}

/// Asks Debezium for the rows of a table (`schema.table`, as a regular expression) that fulfil any of these conditions, one signal for each
/// condition; `None` is every row. `name`, which has up to 30 characters, makes the signals' ids unique.
///
/// # Errors
/// If the source is away or refuses.
pub async fn ask(lease: &mut Lease, name: &str, collection: &str, filters: &[Option<String>]) -> Result<(), StoreError> {
    for (number, filter) in filters.iter().enumerate() {
        let data = data(collection, filter.as_deref()).to_string();
        let signal = sqlx::query(SIGNAL).bind(format!("{name}-{number}")).bind(data);
        let _: sqlx::postgres::PgQueryResult = lease.ask(|on| signal.execute(on)).await?;
    }
    Ok(())
}

fn data(collection: &str, filter: Option<&str>) -> serde_json::Value {
    let conditions: Vec<_> = filter.iter().map(|filter| serde_json::json!({ "data-collection": collection, "filter": filter })).collect();
    serde_json::json!({ "type": "incremental", "data-collections": [collection], "additional-conditions": conditions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_names_the_table_and_its_condition_if_there_is_one() {
        let text = |filter| data("public.orders", filter).to_string();
        assert!(text(Some("id in (7)")).contains(r#""additional-conditions":[{"data-collection":"public.orders","filter":"id in (7)"}]"#));
        assert!(text(None).contains(r#""additional-conditions":[]"#) && text(None).contains(r#""data-collections":["public.orders"]"#));
    }
}
