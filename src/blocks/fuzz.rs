//! What has to be true of whatever bytes come over the counter, or stand in a file.

use super::head::Head;
use super::{Ask, Reply, Version, is_key};

/// Bytes that are a message, a head, or nothing.
pub(crate) fn any(bytes: &[u8]) {
    if let Ok(ask) = Ask::decode(bytes) {
        assert_eq!(Ask::decode(&ask.encode()), Ok(ask.clone()));
        match ask {
            Ask::Find { path, .. } => assert!(is_key(&path)),
            Ask::Fetch { version, blocks, .. } => {
                assert!(version.is_sound() && blocks.iter().all(|range| range.start < range.end));
                assert!(blocks.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
    }
    if let Ok(reply) = Reply::decode(bytes) {
        assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
    }
    if let Ok(head) = Head::decode(bytes) {
        let page = head.encode().expect("as long as it was");
        assert!(Version::is_sound(&head.version));
        assert_eq!(Head::decode(&page), Ok(head));
    }
}
