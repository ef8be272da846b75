use super::*;

/// Every key of the sample configurations of 5.0.6 and 6.0 is known, by name or by family.
#[test]
fn keys_are_known() {
    for key in VARIABLES {
        assert!(rule(key).is_some(), "{key}");
        let variable: String = key
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        assert_eq!(key_of_variable(&variable), Some(*key));
    }
    for key in [
        "HttpSource.BasicLookupStrategy.send_head_requests",
        "S3Source.chunking.cache.max_size",
        "processor.ManualSelectionStrategy.jp2",
        "processor.imageio.tif.writer",
        "processor.purge_incompatible_from_source_cache",
        "https.key_store_password",
        "overlays.BasicStrategy.string.font.size",
        "log.error.RollingFileAppender.TimeBasedRollingPolicy.max_history",
        "HeapCache.persist.filesystem.pathname",
        "RedisCache.database",
        "GrokProcessor.path_to_binaries",
    ] {
        assert!(rule(key).is_some(), "{key}");
    }
    for key in ["max_pixel", "log", "processors.x", "endpoint.iiif.4.enabled", ""] {
        assert!(rule(key).is_none(), "{key}");
    }
    assert_eq!(key_of_variable("PATH"), None);
    assert_eq!(key_of_variable("S3SOURCE_ENDPOINT"), Some("S3Source."));
}

/// A family's rule does not hide a key that has one of its own.
#[test]
fn every_rule_is_reached() {
    for (at, (name, wanted)) in RULES.iter().enumerate() {
        let key = if name.ends_with('.') { format!("{name}x") } else { (*name).to_owned() };
        let found = rule(&key).expect("known");
        let first = RULES.iter().position(|(other, _)| other == name);
        assert!(std::ptr::eq(found, wanted) && first == Some(at), "{name}");
    }
}
