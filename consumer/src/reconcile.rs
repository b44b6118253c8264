//! Whether `results` and Redis hold what the source holds (P2, P8): the comparison itself, without I/O.
//!
//! Both databases say for a range of ids how many rows they have and the sum of their checksums. Where that differs the checksums of the
//! rows are compared, and of the rows that differ the columns. What differs is a suspect first: it may be on its way. It is looked at again
//! for a while, and a verdict is given on what stays.

pub mod compare;
pub mod customers;
pub mod filter;
pub mod report;
pub mod verdict;
