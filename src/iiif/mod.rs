//! The IIIF Image API 3.0 and 2.1: grammar, resolving, canonical form, info.json. Pure.
