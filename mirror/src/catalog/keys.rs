//! What tells one row from another: `pg_index`.

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::{Constraint, ConstraintKind, KeyFrom};

/// The unique indexes of all wanted tables. A constraint has a name of its own, which may differ from that of its index.
const UNIQUE: &str = "
select i.indrelid as relation, coalesce(k.conname, c.relname)::text as name, i.indisprimary as is_primary, i.indisreplident as is_identity,
       array(select place.attnum from pg_catalog.unnest(i.indkey) with ordinality as place (attnum, n) where place.n <= i.indnkeyatts order by place.n)
           as columns,
       not exists(select from pg_catalog.unnest(i.indkey) with ordinality as place (attnum, n)
                  left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = place.attnum
                  where place.n <= i.indnkeyatts and (place.attnum = 0 or not a.attnotnull)) as not_null,
       i.indimmediate as is_immediate, i.indpred is null as is_whole, pg_catalog.pg_get_indexdef(i.indexrelid) as definition
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
left join pg_catalog.pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u')
where i.indrelid = any($1) and i.indisunique and i.indisvalid
order by i.indrelid, c.relname collate \"C\"";

/// A unique index.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct UniqueRow {
    pub(super) relation: Oid,
    pub(super) name: String,
    is_primary: bool,
    pub(super) is_identity: bool,
    /// The numbers of the columns in the order of the index; 0 stands for an expression.
    pub(super) columns: Vec<i16>,
    not_null: bool,
    is_immediate: bool,
    is_whole: bool,
    definition: String,
}

pub(super) async fn unique(connection: &mut PgConnection, tables: &[Oid]) -> sqlx::Result<Vec<UniqueRow>> {
    sqlx::query_as(UNIQUE).bind(tables).fetch_all(connection).await
}

/// The key among the unique indexes of one table.
pub(super) fn key(unique: &[UniqueRow]) -> Option<(KeyFrom, &UniqueRow)> {
    if let Some(primary) = unique.iter().find(|index| index.is_primary) {
        return Some((KeyFrom::Primary, primary));
    }
    if let Some(identity) = unique.iter().find(|index| index.is_identity) {
        return Some((KeyFrom::Identity, identity));
    }
    let mut fit = unique.iter().filter(|index| index.not_null && index.is_immediate && index.is_whole);
    match (fit.next(), fit.next()) {
        (Some(only), None) => Some((KeyFrom::Unique, only)),
        _ => None,
    }
}

/// The unique indexes beside the key, as constraints.
pub(super) fn secondary<'a>(unique: &'a [UniqueRow], key: Option<&'a str>) -> impl Iterator<Item = Constraint> + 'a {
    let others = unique.iter().filter(move |index| key != Some(index.name.as_str()));
    others.map(|index| Constraint { kind: ConstraintKind::Unique, name: index.name.clone(), definition: index.definition.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str) -> UniqueRow {
        UniqueRow {
            relation: Oid(1),
            name: name.to_owned(),
            is_primary: false,
            is_identity: false,
            columns: vec![1],
            not_null: true,
            is_immediate: true,
            is_whole: true,
            definition: String::new(),
        }
    }

    fn chosen(unique: &[UniqueRow]) -> Option<(KeyFrom, &str)> {
        key(unique).map(|(from, index)| (from, index.name.as_str()))
    }

    #[test]
    fn the_primary_key_goes_before_the_identity_and_that_before_the_only_unique_index() {
        let primary = UniqueRow { is_primary: true, ..index("primary") };
        let identity = UniqueRow { is_identity: true, ..index("identity") };
        let all = [index("a"), identity.clone(), primary];
        assert_eq!(chosen(&all), Some((KeyFrom::Primary, "primary")));
        assert_eq!(chosen(&[index("a"), identity]), Some((KeyFrom::Identity, "identity")));
        assert_eq!(chosen(&[index("a")]), Some((KeyFrom::Unique, "a")));
        assert_eq!(secondary(&all, Some("primary")).map(|c| c.name).collect::<Vec<_>>(), ["a", "identity"]);
    }

    #[test]
    fn two_unique_indexes_or_one_that_lets_rows_be_equal_are_no_key() {
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[index("a"), index("b")]), None);
        for unfit in [
            UniqueRow { not_null: false, ..index("nullable") },
            UniqueRow { is_immediate: false, ..index("deferrable") },
            UniqueRow { is_whole: false, ..index("partial") },
        ] {
            assert_eq!(chosen(std::slice::from_ref(&unfit)), None, "{}", unfit.name);
            assert_eq!(chosen(&[unfit, index("a")]), Some((KeyFrom::Unique, "a")));
        }
    }
}
