//! Which requests a worker takes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::derive::plan::Class;

/// Which requests a worker takes, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lane {
    /// All that arrive at the listening socket. It answers the cheap ones and hands the others over.
    Front,
    /// Middling ones that were handed over.
    Middling,
    /// Dear ones that were handed over, and middling ones.
    Dear,
}

impl Lane {
    /// All of them, the first to be started first.
    pub const ALL: [Self; 3] = [Self::Front, Self::Dear, Self::Middling];

    /// Whether it takes requests that were handed over.
    pub fn is_back(self) -> bool {
        self != Self::Front
    }

    /// Whether handed-over requests of this class are for it.
    pub fn takes(self, class: Class) -> bool {
        match class {
            Class::Cheap => false,
            Class::Middling => self.is_back(),
            Class::Dear => self == Self::Dear,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Middling => "middling",
            Self::Dear => "dear",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Lane {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|lane| lane.name() == text).ok_or_else(|| format!("no lane {text:?}"))
    }
}
