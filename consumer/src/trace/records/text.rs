//! Records for people.

use std::fmt;

use super::search::Searched;
use super::{Found, value};
use crate::health::plural;
use crate::trace::text::clean;

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.map_or("-".to_owned(), |at| at.to_string());
        let op = self.change.as_ref().map_or("?".to_owned(), |change| clean(&change.op));
        write!(f, "{} {}  {at}  {op}  (named by {})", self.topic, self.position, self.named_by)?;
        if let Some(why) = &self.why_not {
            write!(f, "  {why}")?;
        } else if !self.is_of_order {
            write!(f, "  the record is of another order: the topic was made anew since")?;
        }
        writeln!(f)?;
        let columns = self.change.iter().flat_map(|change| &change.columns);
        columns.into_iter().try_for_each(|column| writeln!(f, "            {:<18}{}", clean(&column.column), sides(column)))
    }
}

fn sides(column: &value::Column) -> String {
    let shown = |value: &Option<String>| value.as_deref().map(crate::trace::text::printable);
    match (shown(&column.before), shown(&column.after)) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "-".to_owned(),
    }
}

impl fmt::Display for Searched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, from, up_to, records, ended_by, found } = self;
        writeln!(
            f,
            "search      partition {partition}, offsets {from} to {up_to}: {records} {}, {} of the order; ended by: {ended_by}",
            plural(*records, "record", "records"),
            found.len()
        )?;
        found.iter().try_for_each(|found| write!(f, "  {found}"))
    }
}
