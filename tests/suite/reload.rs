//! `recto reload`, by which `systemctl reload` waits for the outcome and fails if there is none.

use std::fs;
use std::process::{Command, Output};

use crate::process::status;
use crate::server::{Server, until};

const NOWHERE: &str = "/iiif/3/nothing-here/info.json";

/// What `recto reload` says of this server.
fn reload(server: &Server) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("reload").arg("--config").arg(server.path("recto.toml"));
    command.env("MAINPID", server.child.id().to_string()).env("RUNTIME_DIRECTORY", server.path(""));
    command.output().expect("run")
}

fn outcome(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_reload_waits_until_new_workers_have_taken_over() {
    let server = Server::start(1, "10s");
    for workers in [2, 1] {
        let before = server.workers();
        server.configure(workers, "10s");
        assert_eq!(outcome(&reload(&server)), (Some(0), String::new()));
        assert!(server.log().contains("reloaded"));
        server.until_replaced(&before, workers);
    }
}

#[test]
fn a_configuration_that_cannot_be_served_is_refused_before_the_service_is_asked() {
    let server = Server::start(1, "10s");
    let before = server.workers();
    let good = fs::read_to_string(server.path("recto.toml")).expect("a file");
    let gone = server.path("gone").display().to_string();
    let root = format!("root = \"{}\"", server.path("masters").display());
    assert!(good.contains(&root));
    for (text, word) in [
        ("[masters]\nroot = 3\n".to_owned(), "line 2: [masters] root".to_owned()),
        (good.replace(&root, &format!("root = \"{gone}\"")), format!("{gone} does not exist")),
    ] {
        fs::write(server.path("recto.toml"), text).expect("written");
        let (code, said) = outcome(&reload(&server));
        assert!(code == Some(78) && said.contains(&word), "{code:?} {said}");
    }
    assert!(!server.log().contains("reload"), "{}", server.log());
    assert_eq!((server.workers(), status(&server, NOWHERE)), (before, 404));
}

#[test]
fn a_service_that_refuses_or_has_ended_makes_the_reload_fail() {
    // A program of its own, which will be replaced by one that starts no workers.
    let mut server = Server::start(1, "10s");
    let program = server.path("program");
    fs::copy(env!("CARGO_BIN_EXE_recto"), &program).expect("copied");
    assert_eq!(server.stop(), Some(0));
    let mut command = Command::new(&program);
    command.arg("serve").arg("--config").arg(server.path("recto.toml"));
    command
        .env("RUNTIME_DIRECTORY", server.path(""))
        .stderr(fs::File::create(server.path("log")).expect("a log"));
    command.arg("--pid-file").arg(server.path("pid"));
    server.child = command.spawn().expect("started");
    until("the server is ready", || server.path("pid").exists());

    fs::remove_file(&program).expect("removed");
    fs::copy("/bin/false", &program).expect("copied");
    let (code, said) = outcome(&reload(&server));
    assert!(code == Some(1) && said.contains("goes on as it was"), "{code:?} {said}");
    assert_eq!(status(&server, NOWHERE), 404);

    assert_eq!(server.stop(), Some(0));
    let (code, said) = outcome(&reload(&server));
    assert!(code == Some(1) && said.contains("cannot signal the service"), "{code:?} {said}");
}
