//! Writes the report of a reconciliation as text, for people.

use std::fmt;

use super::{CustomerHashes, Repair, Report};

impl Report {
    fn conclusion(&self) -> String {
        match (&self.repair, self.findings(), self.undecided()) {
            (Some(repair), _, _) if repair.left.count > 0 => format!("{} do not agree after the repair", repair.left.count),
            (Some(_), _, 0) => "repaired: all agree".into(),
            (Some(_), _, some) => format!("repaired; {some} could not be judged yet: run it again"),
            (None, 0, 0) => "equal".into(),
            (None, 0, some) => format!("nothing wrong was found, {some} could not be judged yet: run it again"),
            (None, found, _) => format!("{found} differences; `--repair` sets them right"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hashes = self.hashes.map_or("without Redis".to_owned(), |hashes| format!("{hashes} hashes"));
        let customers = self.customer_hashes.as_ref().map_or(String::new(), |hashes| format!(", {} customers", hashes.compared));
        writeln!(f, "compared    {} orders, {} rows of results, {hashes}{customers}, in {:.1} s", self.orders, self.results, self.seconds)?;
        for (name, list, meaning) in [
            ("missing", &self.missing, "in the source and not in results"),
            ("extra", &self.extra, "in results and not in the source"),
            ("different", &self.different, "not the same in results"),
            ("redis", &self.hashes_absent, "without their hash in Redis"),
            ("redis", &self.hashes_different, "with a hash that is not their row"),
            ("redis", &self.hashes_extra, "with a hash and no row in results"),
            ("not judged", &self.in_flight, "still on their way"),
            ("not judged", &self.being_repaired, "being repaired already; `orderstream status` shows how many wait"),
            ("letters", &self.dead_letters, "not the same, with an open dead letter (`orderstream dlq list --key ID`)"),
        ] {
            if list.count > 0 {
                writeln!(f, "{name:<11} {} orders {meaning}: {list}", list.count)?;
            }
        }
        self.customer_hashes.iter().try_for_each(|hashes| hashes.fmt(f))?;
        if self.expired > 0 {
            writeln!(f, "redis       {} hashes are absent because they lived as long as redis.order_ttl_seconds says", self.expired)?;
        }
        if self.evicted > 0 {
            writeln!(f, "redis       {} hashes are absent and may have been evicted: this Redis evicts", self.evicted)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note        {note}"))?;
        self.repair.iter().try_for_each(|repair| repair.fmt(f))?;
        writeln!(f, "{}", self.conclusion())
    }
}

impl fmt::Display for CustomerHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, list, meaning) in [
            ("customers", &self.missing, "in the source and not in Redis"),
            ("customers", &self.extra, "in Redis and not in the source"),
            ("customers", &self.different, "not the same in Redis"),
            ("not judged", &self.in_flight, "still on their way"),
            ("not judged", &self.being_repaired, "being written to Redis again"),
            ("letters", &self.dead_letters, "not the same, with an open dead letter (`orderstream dlq list --key ID`)"),
        ] {
            if list.count > 0 {
                writeln!(f, "{name:<11} {} customers {meaning}: {list}", list.count)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked_for, signals, removed, hashes, hashes_removed, customers_asked_for, customers_removed, left } = self;
        writeln!(
            f,
            "repair      {asked_for} orders asked for in {signals} signals, {removed} ghosts removed, {hashes} hashes written again"
        )?;
        if hashes_removed + customers_asked_for + customers_removed > 0 {
            writeln!(
                f,
                "repair      {customers_asked_for} customers asked for, {customers_removed} customers removed, {hashes_removed} hashes removed"
            )?;
        }
        if left.count > 0 {
            writeln!(f, "not yet     {} do not agree: {left}", left.count)?;
            writeln!(f, "            Is a process running, and Debezium?")?;
        }
        Ok(())
    }
}
