//! What cannot be served is refused before any worker is started: with exit status 78, after which systemd does not try
//! again, and with words by which somebody can act.

use std::fs;
use std::path::Path;

use crate::server::Server;

/// Lets a server end, and starts it again after `change`; its exit status, and what it has said since.
fn refused(change: impl FnOnce(&Path), variable: (&str, &str)) -> (Option<i32>, String) {
    let mut server = Server::start(1, "10s");
    assert_eq!(server.stop(), Some(0));
    let before = server.log().len();
    change(server.directory.path());
    let status = server.command().env(variable.0, variable.1).status().expect("started");
    (status.code(), server.log()[before..].to_owned())
}

#[test]
fn a_root_that_is_missing_is_named_with_user_and_reason() {
    let remove = |at: &Path| fs::remove_dir(at.join("masters")).expect("removed");
    let (status, said) = refused(remove, ("UNUSED", ""));
    assert_eq!(status, Some(78), "{said}");
    assert!(said.starts_with("recto: error: cannot open the directory of masters /"), "{said}");
    assert!(said.contains("/masters: there is no such directory for the user "), "{said}");
    assert!(!said.contains("worker"), "{said}");
}

#[test]
fn a_root_that_is_a_file_is_refused() {
    let replace = |at: &Path| {
        fs::remove_dir(at.join("masters")).expect("removed");
        fs::write(at.join("masters"), "").expect("written");
    };
    let (status, said) = refused(replace, ("UNUSED", ""));
    assert_eq!(status, Some(78), "{said}");
    assert!(said.contains("/masters: this is not a directory"), "{said}");
}

#[test]
fn a_wrong_configuration_is_refused() {
    for (text, what) in
        [("[server]\nworkerz = 3\n", "did you mean `workers`?"), ("[masters]\n", "root is missing")]
    {
        let (status, said) =
            refused(|at| fs::write(at.join("recto.toml"), text).expect("written"), ("UNUSED", ""));
        assert_eq!(status, Some(78), "{said}");
        assert!(said.contains(what), "{said}");
    }
    let (status, said) =
        refused(|at| fs::remove_file(at.join("recto.toml")).expect("removed"), ("UNUSED", ""));
    assert_eq!(status, Some(78), "{said}");
    assert!(said.contains("cannot read the configuration"), "{said}");
}

#[test]
fn a_level_that_is_none_is_refused() {
    let (status, said) = refused(|_| (), ("RECTO_LOG", "inof"));
    assert_eq!(status, Some(78), "{said}");
    assert_eq!(said, "recto: RECTO_LOG=\"inof\" is no level: off, error, warn, info, debug or trace\n");
}
