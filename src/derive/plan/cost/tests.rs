//! What plans cost: their classes, and that more never costs less.
