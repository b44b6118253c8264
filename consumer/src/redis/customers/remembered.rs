//! Remembers customers that were looked up, for as long as no customer has changed.
//!
//! A remembered customer is good under the token that its lookup read before it. The argument of [`CustomersToken`] does not depend on when
//! a customer was read, only on the token being the same before the order was committed and after: whoever changed the customer meanwhile
//! marks the order, or the comparison notices the change (P2). Without a customers topic there is no token, and nothing is remembered.
//!
//! A missing customer is not remembered. A rebuild may write a single lost hash without moving the token, and the orders that the rebuild
//! puts on the list of the sweep have to find that customer (P8).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::{HashMap, HashSet};
use smol_str::SmolStr;

use super::CustomersToken;
use crate::orders::enrich::KnownCustomer;

/// How many bytes may be remembered, a customer's strings and its entry counted (P10).
const BYTES: usize = 24 << 20;
/// The bytes of a customer without its strings.
const OVERHEAD: usize = 256;

/// Customers by id.
pub(super) type Known = HashMap<SmolStr, Arc<KnownCustomer>>;

/// What a lookup knows before it asks.
#[derive(Debug, Default)]
pub(super) struct Recalled<'a> {
    /// The token under which the customers below are good.
    pub(super) token: CustomersToken,
    /// The customers in the order of the ids; `None` for a customer who is not known.
    pub(super) customers: Vec<Option<Arc<KnownCustomer>>>,
    /// The ids that are not known, each once.
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
    /// The remembered customers of these ids, which may repeat.
    pub(super) fn recall<'a>(&self, ids: &[&'a str]) -> Recalled<'a> {
        let memory = self.lock();
        let customers: Vec<_> = ids.iter().map(|id| memory.known.get(*id).cloned()).collect();
        let token = memory.token.clone();
        drop(memory);
        let mut seen = HashSet::default();
        let unknown = ids.iter().zip(&customers).filter(|(id, customer)| customer.is_none() && seen.insert(**id));
        Recalled { token, unknown: unknown.map(|(id, _)| *id).collect(), customers }
    }

    /// Keeps customers that were read after `token`. Those of another token are forgotten, and all are forgotten if there are too many.
    pub(super) fn keep(&self, token: &CustomersToken, known: &Known) {
        // An unknown token is not even equal to itself.
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

    /// Forgets all customers. A failed call may mean that Redis restarted with older data, about which the customers read before say
    /// nothing.
    pub(super) fn forget(&self) {
        *self.lock() = Memory::default();
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // The worst that a half-made change can do is to lose a remembered customer.
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
