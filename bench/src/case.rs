//! The cases, most important first.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, Result, anyhow};

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// A backlog of orders that were created, from an empty table.
    DrainCreate,
    /// The same rows by raw means, nothing else.
    Floor,
    /// Orders that are created and changed, thousands at a time.
    DrainMixed,
    /// A thousand orders that are changed all the time.
    HotKeys,
    /// As drain-create, with one poison record in a hundred.
    Poison,
}

impl Case {
    /// All, in the order in which they run.
    pub(crate) const ALL: [Self; 5] = [Self::DrainCreate, Self::Floor, Self::DrainMixed, Self::HotKeys, Self::Poison];

    /// What CASE, the table and the file call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DrainCreate => "drain-create",
            Self::Floor => "floor",
            Self::DrainMixed => "drain-mixed",
            Self::HotKeys => "hot-keys",
            Self::Poison => "poison",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Case {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let names = Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|case| case.name() == name).ok_or_else(|| anyhow!("there is no case {name}; there are {names}"))
    }
}
