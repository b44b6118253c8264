//! Customers that were looked up before, for as long as no customer has changed.
//!
//! They are good under the token that a lookup read before them. The argument of [`CustomersToken`] asks nothing of the moment at which a
//! customer was read, only that the token was the same before the order was committed and after: whoever changed the customer meanwhile
//! marks the order, or is noticed by the comparison (P2). Without a customers topic there is no token and nothing is remembered.
//!
//! Who is missing is not remembered: a rebuild writes a hash that was lost alone without moving the token, and the orders that it puts on
//! the list of the sweep have to find the customer (P8).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::{HashMap, HashSet};
use smol_str::SmolStr;

use super::CustomersToken;
use crate::orders::enrich::KnownCustomer;

/// What may be remembered, in bytes, a customer's strings and its places counted (P10).
const BYTES: usize = 24 << 20;
/// A customer without its strings.
const OVERHEAD: usize = 256;

/// Customers by id.
pub(super) type Known = HashMap<SmolStr, Arc<KnownCustomer>>;

/// What a lookup knows before it asks.
#[derive(Debug, Default)]
pub(super) struct Recalled<'a> {
    /// What is known is good under this token only.
    pub(super) token: CustomersToken,
    /// Each customer in the place of its id; nothing in the place of one who is not known.
    pub(super) customers: Vec<Option<Arc<KnownCustomer>>>,
    /// Who is not known, each once.
    pub(super) unknown: Vec<&'a str>,
}

/// The customers that all partitions share.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    token: CustomersToken,
    known: Known,
    bytes: usize,
}

impl Remembered {
    /// What is known of these ids, which may repeat.
    pub(super) fn recall<'a>(&self, ids: &[&'a str]) -> Recalled<'a> {
        let memory = self.lock();
        let customers: Vec<_> = ids.iter().map(|id| memory.known.get(*id).cloned()).collect();
        let token = memory.token.clone();
        drop(memory);
        let mut seen = HashSet::default();
        let unknown = ids.iter().zip(&customers).filter(|(id, customer)| customer.is_none() && seen.insert(**id));
        Recalled { token, unknown: unknown.map(|(id, _)| *id).collect(), customers }
    }

    /// Keeps customers that were read after `token`; those of another token go, and all if there are too many.
    pub(super) fn keep(&self, token: &CustomersToken, known: &Known) {
        // An unknown token is not even the same as itself.
        if !token.is_same_as(token) {
            return self.forget();
        }
        let mut memory = self.lock();
        if !memory.token.is_same_as(token) {
            *memory = Memory { token: token.clone(), ..Memory::default() };
        }
        for (id, customer) in known {
            let bytes = weight(id, customer);
            if memory.bytes + bytes > BYTES {
                *memory = Memory { token: token.clone(), ..Memory::default() };
            }
            if memory.known.insert(id.clone(), Arc::clone(customer)).is_none() {
                memory.bytes += bytes;
            }
        }
    }

    /// A failed call may mean that Redis restarted with older data: what was read before says nothing about it.
    pub(super) fn forget(&self) {
        *self.lock() = Memory::default();
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // A half-made change is at worst an answer less.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(id: &str, known: &KnownCustomer) -> usize {
    OVERHEAD + id.len() + known.size()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::progress::Point;

    fn token(next_offset: i64) -> CustomersToken {
        CustomersToken::of(vec![(0, Point { epoch: 0, next_offset })])
    }

    fn ann() -> Known {
        [("C1".into(), Arc::default())].into_iter().collect()
    }

    #[test]
    fn a_customer_is_recalled_with_its_token() {
        let remembered = Remembered::default();
        remembered.keep(&token(7), &ann());
        let recalled = remembered.recall(&["C2", "C1", "C2", "C1"]);
        let customers: Vec<bool> = recalled.customers.iter().map(Option::is_some).collect();
        assert_eq!((recalled.token, customers, recalled.unknown), (token(7), vec![false, true, false, true], vec!["C2"]));
    }

    #[test]
    fn customers_of_another_token_go() {
        let remembered = Remembered::default();
        remembered.keep(&token(7), &ann());
        remembered.keep(&token(8), &[("C2".into(), Arc::default())].into_iter().collect());
        assert_eq!(remembered.recall(&["C1", "C2"]).customers, [None, Some(Arc::default())]);
    }

    #[test]
    fn under_an_unknown_token_nothing_is_kept() {
        let remembered = Remembered::default();
        remembered.keep(&CustomersToken::UNKNOWN, &ann());
        assert_eq!(remembered.recall(&["C1"]).customers, [None]);
    }

    #[test]
    fn memory_has_a_limit() {
        let remembered = Remembered::default();
        let name = Some("n".repeat(BYTES / 4).into());
        for number in 0..10 {
            let mut known = KnownCustomer::default();
            known.customer.name.clone_from(&name);
            remembered.keep(&token(7), &[(format!("C{number}").into(), Arc::new(known))].into_iter().collect());
            assert!(remembered.lock().bytes <= BYTES);
        }
        assert!(remembered.recall(&["C9"]).customers[0].is_some());
    }
}
