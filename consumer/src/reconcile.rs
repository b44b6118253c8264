//! Compares what `results` and Redis hold with what the source holds (P2, P8), and judges the differences. Without I/O: `run/comparison`
//! reads.
//!
//! Both databases say for a range of ids how many rows they have, and the sum of the rows' checksums. Where the sums differ, the checksums
//! of the rows are compared, and then the columns of the rows that differ. A difference is only a suspect at first, because a change may be
//! on its way. Suspects are looked at again for a while, and the differences that stay are judged.

pub mod compare;
pub mod customers;
pub mod filter;
pub mod report;
pub mod verdict;
