//! The tables of a load, and the statements that change them; pure.

/// How many rows are inserted in one transaction.
const IN_ONE_TRANSACTION: u64 = 20_000;
/// How many rows of each table are inserted last. They lie in every partition, so that a table which has them has everything before them.
pub(crate) const TAIL: u64 = 64;
/// How many rows one transaction of the mixed load updates, and how many it deletes.
const UPDATES: u64 = 500;
const DELETES: u64 = 100;

/// A load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Rows of four columns are inserted into one table.
    Narrow,
    /// Rows of twenty columns are inserted into one table.
    Wide,
    /// Narrow rows of one table are inserted, updated and deleted.
    Mixed,
    /// Narrow rows are inserted into a hundred tables.
    Hundred,
    /// Some narrow rows are inserted into each of a thousand tables.
    Thousand,
}

const NARROW: &[(&str, &str, &str)] = &[
    ("id", "bigint", "n"),
    ("quantity", "integer", "(n % 1000)::int"),
    ("note", "text", "'note of row ' || n"),
    ("at", "timestamptz", "timestamptz '2026-01-31 00:00:00.25+00' + n * interval '1 ms'"),
];

/// The columns have the types for which the JDBC sink has a fast way too: no bytea, arrays and enumerations.
const WIDE: &[(&str, &str, &str)] = &[
    ("id", "bigint", "n"),
    ("small", "smallint", "(n % 30000)::smallint"),
    ("amount", "integer", "(n * 7 % 2000000000)::int"),
    ("large", "bigint", "n * 4000000007"),
    ("is_paid", "boolean", "n % 3 = 0"),
    ("ratio", "real", "(n % 1000 / 8.0)::real"),
    ("measure", "double precision", "n / 16.0"),
    ("price", "numeric(12,2)", "(n % 100000 / 100.0)::numeric(12,2)"),
    ("weight", "numeric(20,6)", "(n / 64.0)::numeric(20,6)"),
    ("name", "text", "'customer number ' || n"),
    ("note", "text", "case when n % 5 = 0 then null else 'a note of some forty characters, row ' || n end"),
    ("code", "varchar(40)", "'CODE-' || lpad((n % 1000000)::text, 8, '0')"),
    ("born_on", "date", "date '1970-01-01' + (n % 20000)::int"),
    ("opens_at", "time", "time '00:00:00.125' + (n % 86000) * interval '1 s'"),
    ("placed_at", "timestamp", "timestamp '2026-01-31 00:00:00.000125' + n * interval '1 ms'"),
    ("seen_at", "timestamptz", "timestamptz '2026-01-31 00:00:00.25+00' + n * interval '1 ms'"),
    ("token", "uuid", "md5(n::text)::uuid"),
    ("details", "jsonb", "jsonb_build_object('row', n, 'tags', '[1, 2]'::jsonb)"),
    ("status", "text", "(array['pending', 'paid', 'shipped'])[1 + n % 3]"),
    ("revision", "integer", "(n % 9)::int"),
];

impl Shape {
    /// The loads of the case `mirror`.
    pub(crate) const OF_MIRROR: [Self; 4] = [Self::Narrow, Self::Wide, Self::Mixed, Self::Hundred];

    /// The name of the load in the table and in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Narrow => "mirror-narrow",
            Self::Wide => "mirror-wide",
            Self::Mixed => "mirror-mixed",
            Self::Hundred => "mirror-100-tables",
            Self::Thousand => "mirror-tables",
        }
    }

    /// The same for the JDBC sink.
    pub(crate) fn name_of_sink(self) -> &'static str {
        match self {
            Self::Narrow => "jdbc-sink-narrow",
            Self::Wide => "jdbc-sink-wide",
            Self::Mixed => "jdbc-sink-mixed",
            Self::Hundred => "jdbc-sink-100-tables",
            Self::Thousand => "jdbc-sink-tables",
        }
    }

    /// The schema of the tables in the source.
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Wide => "wide",
            Self::Mixed => "mixed",
            Self::Hundred => "hundred",
            Self::Thousand => "thousand",
        }
    }

    /// The names of the tables.
    pub(crate) fn tables(self) -> Vec<String> {
        let count = match self {
            Self::Hundred => 100,
            Self::Thousand => 1_000,
            Self::Narrow | Self::Wide | Self::Mixed => 1,
        };
        (1..=count).map(|number| format!("rows_{number}")).collect()
    }

    /// How many changes the load has, of so many events of the run.
    pub(crate) fn size(self, events: u64) -> u64 {
        match self {
            Self::Narrow | Self::Hundred => events * 2 / 5,
            Self::Wide => events * 3 / 20,
            Self::Mixed => events * 3 / 10,
            Self::Thousand => TAIL * 1_000,
        }
    }

    fn fields(self) -> &'static [(&'static str, &'static str, &'static str)] {
        if self == Self::Wide { WIDE } else { NARROW }
    }

    /// The columns with their types, as `create table` has them.
    pub(crate) fn columns(self) -> String {
        let columns: Vec<String> = self.fields().iter().map(|(name, kind, _)| format!("{name} {kind}")).collect();
        format!("{}, primary key (id)", columns.join(", "))
    }

    /// The names of the columns.
    pub(crate) fn names(self) -> String {
        self.fields().iter().map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The statements of the load, each a transaction of its own, and the highest id of each table.
    pub(crate) fn statements(self, changes: u64) -> (Vec<String>, u64) {
        let tables = self.tables();
        if self == Self::Mixed {
            return self.mixed(changes, &tables[0]);
        }
        let each = (changes / tables.len() as u64).max(TAIL);
        (tables.iter().flat_map(|table| self.inserts(table, 1, each)).collect(), each)
    }

    /// Two fifths of the changes insert rows, then each transaction updates and deletes older ones, and the tail is inserted last.
    fn mixed(self, changes: u64, table: &str) -> (Vec<String>, u64) {
        let rows = (changes * 2 / 5).max(2 * (UPDATES + DELETES));
        let mut statements = self.inserts(table, 1, rows);
        let rounds = changes.saturating_sub(rows + TAIL) / (UPDATES + DELETES);
        let schema = self.schema();
        for round in 1..=rounds {
            // The numbers have no common divisor with the other step, so that the rows are spread over the whole table.
            let (update, delete) = (round * 7_919, round * 104_729);
            statements.push(format!(
                "with moved as (update {schema}.{table} set quantity = quantity + 1, note = note || '.' where id in
                    (select ({update} + k * 611953) % {rows} + 1 from generate_series(1, {UPDATES}) k) returning 1)
                 delete from {schema}.{table} where id in (select ({delete} + k * 1299709) % {rows} + 1 from generate_series(1, {DELETES}) k)
                    and id not in (select ({update} + k * 611953) % {rows} + 1 from generate_series(1, {UPDATES}) k)"
            ));
        }
        statements.extend(self.inserts(table, rows + 1, rows + TAIL));
        (statements, rows + TAIL)
    }

    fn inserts(self, table: &str, from: u64, to: u64) -> Vec<String> {
        let values: Vec<&str> = self.fields().iter().map(|(_, _, value)| *value).collect();
        let step = usize::try_from(IN_ONE_TRANSACTION).unwrap_or(usize::MAX);
        let begins = (from..=to).step_by(step);
        let insert = |begin: u64| {
            let end = to.min(begin + IN_ONE_TRANSACTION - 1);
            format!("insert into {}.{table} select {} from generate_series({begin}::bigint, {end}) n", self.schema(), values.join(", "))
        };
        begins.map(insert).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_row_has_twenty_columns_and_a_narrow_one_four() {
        assert_eq!((Shape::Wide.fields().len(), Shape::Narrow.fields().len()), (20, 4));
    }

    #[test]
    fn the_inserts_of_a_table_have_each_row_once() {
        let (statements, last) = Shape::Narrow.statements(50_000);
        let ends: Vec<&str> =
            statements.iter().filter_map(|statement| statement.rsplit_once("generate_series")).map(|(_, to)| to).collect();
        assert_eq!(ends, ["(1::bigint, 20000) n", "(20001::bigint, 40000) n", "(40001::bigint, 50000) n"]);
        assert_eq!(last, 50_000);
        assert_eq!(Shape::Hundred.statements(1_000_000).0.len(), 100);
    }
}
