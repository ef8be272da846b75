//! Real viewers in a real browser.
