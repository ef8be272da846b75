//! Which requests a worker takes, and the queues of those that are handed over.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::derive::plan::Class;

/// Which requests a worker takes, and from where. All lanes but the first have a queue of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lane {
    /// All that arrive at the listening socket. It answers the cheap ones and hands the others over.
    Front,
    /// Middling ones that were handed over.
    Middling,
    /// Dear ones that were handed over, and middling ones.
    Dear,
    /// Those that have to wait for a store, and turn out to be cheap when it has answered; the others it hands over.
    Far,
}

impl Lane {
    /// All of them, the first to be started first.
    pub const ALL: [Self; 4] = [Self::Front, Self::Far, Self::Dear, Self::Middling];

    /// Those that have queues, in the order of these.
    pub const QUEUED: [Self; 3] = [Self::Middling, Self::Dear, Self::Far];

    /// The lane to which requests of this class are handed over. Those that are cheap are not; if they were, they would be
    /// middling.
    pub fn of(class: Class) -> Self {
        match class {
            Class::Cheap | Class::Middling => Self::Middling,
            Class::Dear => Self::Dear,
        }
    }

    /// The place of its queue among [`Lane::QUEUED`]; the first, if it has none.
    pub fn queue(self) -> usize {
        Self::QUEUED.iter().position(|lane| *lane == self).unwrap_or(0)
    }

    /// Whether it takes requests that were handed over.
    pub fn is_back(self) -> bool {
        self != Self::Front
    }

    /// Whether it hands requests over.
    pub fn hands_over(self) -> bool {
        matches!(self, Self::Front | Self::Far)
    }

    /// Whether it has a low priority: what it works on takes long in any case.
    pub fn is_nice(self) -> bool {
        matches!(self, Self::Middling | Self::Dear)
    }

    /// Whether it may wait for a store. Whoever is at the front may not: the next request is behind.
    pub fn may_wait(self) -> bool {
        self != Self::Front
    }

    /// Whether it takes from the queue of this lane.
    pub fn takes(self, queue: Self) -> bool {
        match queue {
            Self::Front => false,
            Self::Middling => self.is_nice(),
            Self::Dear | Self::Far => self == queue,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Middling => "middling",
            Self::Dear => "dear",
            Self::Far => "far",
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
