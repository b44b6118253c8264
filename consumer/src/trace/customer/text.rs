//! The answer about a customer for people.

use std::fmt;

use super::report::CustomerReport;
use crate::trace::text::{columns, letters, line, not_answered};

impl fmt::Display for CustomerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "customer", &self.id)?;
        line(f, "VERDICT", &self.verdict.text)?;
        if let Some(hash) = &self.hash {
            columns(f, "hash", hash)?;
        }
        if let Some(orders) = &self.orders {
            let counts = format!(
                "{} counted, {} complete, {} missing, {} pending, {} on the list of the sweep",
                orders.counted, orders.complete, orders.missing, orders.pending, orders.due
            );
            line(f, "orders", &counts)?;
            if !orders.some.is_empty() {
                line(f, "", &format!("some of them: {}", orders.some.join(", ")))?;
            }
            if !orders.versions.is_empty() {
                line(f, "", &format!("their versions of the customer: {}", orders.versions.join(", ")))?;
            }
        }
        if let Some(at) = self.marked_at {
            line(f, "marked", &format!("since {at}: its orders are being looked through"))?;
        }
        letters(f, &self.letters, self.letters_counted)?;
        not_answered(f, &self.not_answered)
    }
}
