//! The doctor: what is well and what is not with an installation, and what to do about it. It looks, and changes nothing.
//!
//! Each way to ask has a room of its own, which makes a [`Report`] of [`Finding`]s:
//!
//! | module | what lives there |
//! |---|---|
//! | [`masters`] | a tree of masters: how each is stored, what it takes to serve it, what mends it |
//! | [`site`] | an installation: its configuration, and all that this relies on |
//! | [`url`] | a running server: what it says of itself, and whether it keeps it |
//! | [`report`] | findings in their order: as text, as JSON, as an exit status |
//! | [`finding`] | one finding: what it is about, what is so, what to do |

pub mod finding;
pub mod masters;
pub mod report;
pub mod site;
pub mod url;

pub use finding::{Finding, Severity};
pub use report::Report;
