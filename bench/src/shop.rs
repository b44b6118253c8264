//! The shop that is generated: every order and every customer is a function of the seed and its number.

/// The beginning of the day on which everything happens: 2026-01-31T00:00:00Z in microseconds since 1970.
pub(crate) const MIDNIGHT: i64 = 1_769_817_600_000_000;
/// The time of the first order. From noon on an order is made each 25 microseconds.
const NOON: i64 = MIDNIGHT + 12 * 3600 * 1_000_000;
const BETWEEN_ORDERS: i64 = 25;
const PRODUCTS: u64 = 1000;

const STATUSES: [&str; 5] = ["pending", "paid", "packed", "shipped", "delivered"];
const GIVEN: [&str; 16] = [
    "Alice",
    "Bob",
    "Carla",
    "Deepak",
    "Emma",
    "Farid",
    "Grace",
    "Hiroshi",
    "Ines",
    "Jonas",
    "Katarzyna",
    "Liam",
    "Mei",
    "Noah",
    "Olga",
    "Pedro",
];
const FAMILY: [&str; 16] = [
    "Johnson", "Smith", "Rossi", "Patel", "Müller", "Haddad", "Okafor", "Tanaka", "Silva", "Larsen", "Nowak", "Murphy", "Chen", "Cohen",
    "Petrova", "García",
];
const TIERS: [&str; 4] = ["bronze", "silver", "gold", "platinum"];
const COUNTRIES: [&str; 10] = ["US", "GB", "IT", "IN", "DE", "FR", "JP", "BR", "PL", "ES"];

/// The shop from which all rows come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    /// The seed of the shop; another seed makes other orders and customers.
    pub(crate) seed: u64,
    /// How many customers there are.
    pub(crate) customers: u32,
}

/// A state of a row of `orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: i64,
    /// The customer's number.
    pub(crate) customer: u32,
    pub(crate) product: u32,
    pub(crate) quantity: i32,
    /// The price in cents.
    pub(crate) cents: i64,
    pub(crate) status: &'static str,
    /// When the order was created, in microseconds since 1970, like `updated`.
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A row of `customers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) tier: &'static str,
    pub(crate) country: &'static str,
    pub(crate) updated: i64,
}

impl Shop {
    /// An order after `version` updates.
    pub(crate) fn order(&self, id: i64, version: u32) -> Order {
        let of_order = mix(self.seed ^ id.unsigned_abs().wrapping_mul(0x9e37_79b9));
        let of_version = mix(of_order ^ u64::from(version));
        let created = NOON + id * BETWEEN_ORDERS;
        Order {
            id,
            customer: below(of_order, u64::from(self.customers)),
            product: below(of_order >> 20, PRODUCTS),
            quantity: i32::try_from(1 + of_version % 9).unwrap_or(1),
            cents: i64::from(100 + below(of_order >> 40, 50_000)),
            status: STATUSES[version as usize % STATUSES.len()],
            created,
            updated: created + i64::from(version) * 1_000_003,
        }
    }

    /// A customer by number.
    pub(crate) fn customer(&self, number: u32) -> Customer {
        let bits = mix(self.seed ^ !u64::from(number));
        let (given, family) = (pick(&GIVEN, bits), pick(&FAMILY, bits >> 8));
        Customer {
            id: customer_id(number),
            name: format!("{given} {family}"),
            email: format!("{}.{number}@example.com", given.to_lowercase()),
            tier: pick(&TIERS, bits >> 16),
            country: pick(&COUNTRIES, bits >> 24),
            updated: MIDNIGHT + i64::from(number),
        }
    }
}

impl Order {
    /// Quantity times price, in cents.
    pub(crate) fn total_cents(&self) -> i64 {
        i64::from(self.quantity) * self.cents
    }
}

/// The id of a customer by number.
pub(crate) fn customer_id(number: u32) -> String {
    format!("CUST{number:05}")
}

/// The id of a product by number.
pub(crate) fn product_id(number: u32) -> String {
    format!("PROD{number:03}")
}

/// Well-spread bits of a number. Source: splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn below(bits: u64, limit: u64) -> u32 {
    u32::try_from(bits % limit.max(1)).unwrap_or(0)
}

fn pick(texts: &[&'static str], bits: u64) -> &'static str {
    texts[usize::try_from(bits % texts.len() as u64).unwrap_or(0)]
}
