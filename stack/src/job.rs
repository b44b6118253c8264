//! The job that a stack is for: what its databases, its topics and its connector are.

use crate::topics::{self, Topic};

/// A job of orderstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Orders with their customers: `orderstream run`.
    Orders,
    /// Tables that are kept equal in another database: `orderstream mirror run`.
    Mirror,
}

impl Job {
    /// The databases, each with the folder of sql/ that says what it has at first. Debezium reads the first one.
    pub(crate) const fn databases(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Orders => &[("orders", "source")],
            Self::Mirror => &[("shop", "mirror-source"), ("mirror", "mirror-target")],
        }
    }

    /// The connector's name, as in the documentation.
    pub(crate) const fn connector(self) -> &'static str {
        match self {
            Self::Orders => "shop",
            Self::Mirror => "mirror",
        }
    }

    /// The file with the connector's settings.
    pub(crate) const fn connector_file(self) -> &'static str {
        match self {
            Self::Orders => "connect/shop.json",
            Self::Mirror => "connect/mirror-source.json",
        }
    }

    /// The topics that are made before anybody writes. Connect makes those of the mirrored tables, whose names nobody knows before.
    pub(crate) const fn topics(self) -> &'static [Topic<'static>] {
        match self {
            Self::Orders => &topics::OF_ORDERS,
            Self::Mirror => &[topics::DEAD_LETTERS],
        }
    }

    /// Whether the job needs Redis.
    pub(crate) const fn has_redis(self) -> bool {
        matches!(self, Self::Orders)
    }
}
