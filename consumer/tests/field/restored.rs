//! The shop's tables as they were: all tests share them.

use crate::shop::Shop;

/// Runs SQL at the end of a test, also where it fails.
pub struct Restored<'a>(pub &'a Shop, pub &'static str);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        // A test that fails has told why already.
        drop(self.0.stack().psql(self.1));
    }
}
