//! The cases of the fixtures: the SQL that is run on the tables of a mode, and the label of the records that the SQL causes.
//!
//! Every id belongs to one case, and every value is given, so that a fixture reads like the SQL.

/// The label of the orders before the first mark.
pub(crate) const SNAPSHOT: &str = "snapshot";
/// The label of the customers before the first mark.
pub(crate) const SNAPSHOT_OF_CUSTOMERS: &str = "snapshot of customers";
/// The label of the first change of the log, whose sequence has no commit yet. The mark of this case is the last row of the snapshot.
pub(crate) const FIRST_CHANGE: &str = "first change";
/// The label of a heartbeat, which is a record of the connector's own.
pub(crate) const HEARTBEAT: &str = "heartbeat";

/// Cases that belong together, so that a mode can leave out the groups in which it does not differ from other modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Cases that every mode has.
    Always,
    /// Changes and deletes of rows.
    Rows,
    /// Prices of every size.
    Prices,
    /// Prices that are no numbers (such as NaN), which only a text or a float can say.
    NoNumbers,
    /// Times of every age.
    Times,
    /// Texts with every character, and long ones.
    Texts,
    /// Columns without a value.
    Nulls,
    /// Cases of a table as a whole, such as a truncate, and of no table at all, such as a logical message.
    Tables,
    /// The table of customers.
    Customers,
    /// Long texts in the table of customers.
    LongNames,
}

/// Some SQL, and the label of the records that the SQL causes.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) group: Group,
    pub(crate) label: &'static str,
    pub(crate) sql: &'static str,
    /// The last id of records that come after the SQL is done.
    pub(crate) awaits: Option<i64>,
}

const fn case(group: Group, label: &'static str, sql: &'static str) -> Case {
    Case { group, label, sql, awaits: None }
}

/// The orders that the snapshot finds.
pub(crate) const SNAPSHOT_ORDERS: &str = "insert into orders values
    (1, 'CUST001', 'PROD100', 2, 29.99, 'paid', '2026-01-31 12:30', '2026-01-31 12:30:00.123456'),
    (2, 'CUST001', 'infinite', 1, 5, 'paid', '-infinity', 'infinity'),
    (3, 'CUST001', 'long ago', 1, 5, 'paid', '0044-03-15 12:00 BC', '1066-10-14 12:00:00.5')";

/// The customer that the snapshot finds.
pub(crate) const SNAPSHOT_CUSTOMER: &str =
    "insert into customers values ('CUST001', 'Alice Johnson', 'alice@example.com', 'gold', 'US', '2026-01-31 12:00')";

/// All cases, in the order in which they are run.
pub(crate) const CASES: &[Case] = &[
    case(
        Group::Always,
        FIRST_CHANGE,
        "insert into orders values (4, 'CUST001', 'PROD100', 1, 0.5, 'pending', '2026-01-31 12:30', '2026-01-31 12:30')",
    ),
    case(
        Group::Always,
        "insert",
        "insert into orders values (10, 'CUST001', 'PROD100', 7, 19.99, 'pending', '2026-01-31 12:30:00.123456', '2026-01-31 12:30')",
    ),
    case(Group::Rows, "update", "update orders set quantity = 8, updated_at = '2026-01-31 12:31' where id = 10"),
    case(Group::Rows, "primary key change", "update orders set id = 11 where id = 10"),
    case(Group::Rows, "delete", "delete from orders where id = 11"),
    case(Group::Prices, "price negative", "insert into orders values (20, 'CUST001', 'minus', 1, -5, 'paid', '2026-01-31', '2026-01-31')"),
    case(Group::Prices, "price zero", "insert into orders values (21, 'CUST001', 'gift', 3, 0, 'paid', '2026-01-31', '2026-01-31')"),
    case(
        Group::Prices,
        "price of one cent",
        "insert into orders values (22, 'CUST001', 'screw', 2147483647, 0.01, 'paid', '2026-01-31', '2026-01-31')",
    ),
    case(
        Group::Prices,
        "price as large as it can be",
        "insert into orders values (23, 'CUST001', 'yacht', 2, 99999999.99, 'paid', '2026-01-31', '2026-01-31')",
    ),
    case(
        Group::NoNumbers,
        "price that is no number",
        "insert into orders values (24, 'CUST001', 'what', 1, 'NaN', 'paid', '2026-01-31', '2026-01-31')",
    ),
    case(Group::Times, "times without end", "insert into orders values (30, 'CUST001', 'infinite', 1, 5, 'paid', '-infinity', 'infinity')"),
    case(
        Group::Times,
        "times of the first and the last day",
        "insert into orders values (31, 'CUST001', 'edges', 1, 5, 'paid', '4714-11-24 BC', '294246-12-31 23:59:59.999999')",
    ),
    case(
        Group::Times,
        "times long ago",
        "insert into orders values (32, 'CUST001', 'long ago', 1, 5, 'paid', '0044-03-15 12:00 BC', '1066-10-14 12:00:00.5')",
    ),
    case(
        Group::Times,
        "times just before 1970",
        "insert into orders values (33, 'CUST001', 'old', 1, 5, 'paid', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59')",
    ),
    case(
        Group::Texts,
        "unicode",
        r#"insert into orders values (40, 'CÜST', E'Käse 🧀 漢字 "q" \\ \n', 1, 5, 'paid', '2026-01-31', '2026-01-31')"#,
    ),
    case(
        Group::Texts,
        "long text",
        "insert into orders values (41, 'CUST001', repeat('long ', 420), 1, 5, 'paid', '2026-01-31', '2026-01-31')",
    ),
    case(Group::Texts, "long text unchanged", "update orders set quantity = 2 where id = 41"),
    case(
        Group::Nulls,
        "nulls",
        "alter table orders alter status drop not null, alter created_at drop not null, alter updated_at drop not null;
         insert into orders values (42, 'CUST001', 'PROD100', 1, 5, null, null, null)",
    ),
    case(
        Group::Tables,
        "one transaction",
        "begin; insert into orders values (50, 'CUST001', 'PROD100', 1, 5, 'paid', '2026-01-31', '2026-01-31');
         update orders set quantity = 2 where id in (4, 50); update orders set quantity = 3 where id in (4, 50); commit",
    ),
    Case {
        group: Group::Tables,
        label: "incremental snapshot",
        sql: r#"insert into signals values ('again', 'execute-snapshot', format('{"data-collections": ["%1$s.orders"], "type": "incremental",
            "additional-conditions": [{"data-collection": "%1$s.orders", "filter": "id <= 2"}]}', current_schema))"#,
        awaits: Some(2),
    },
    case(
        Group::Tables,
        "column added",
        "alter table orders add note text not null default 'none'; update orders set quantity = 9, note = 'fragile' where id = 1",
    ),
    case(Group::Tables, "column dropped", "alter table orders drop status; update orders set quantity = 10 where id = 1"),
    case(Group::Tables, "logical message", "select pg_logical_emit_message(true, 'greeting', 'hello')"),
    case(
        Group::Customers,
        "customer inserted",
        "insert into customers values ('CUST005', 'Emma Müller', null, 'platinum', 'DE', '2026-01-31 12:00')",
    ),
    case(Group::Customers, "customer updated", "update customers set tier = 'gold', email = 'emma@example.com' where id = 'CUST005'"),
    case(Group::Customers, "customer with another id", "update customers set id = 'CUST006' where id = 'CUST005'"),
    case(Group::Customers, "customer deleted", "delete from customers where id = 'CUST006'"),
    case(
        Group::LongNames,
        "customer with a long name",
        "insert into customers values ('CUST007', repeat('long ', 420), null, null, null, '2026-01-31 12:00');
         update customers set tier = 'gold' where id = 'CUST007'",
    ),
    case(Group::Tables, "truncate", "truncate orders"),
];
