//! Two who connect under one name at once: the server and its key are those of one of
//! them, never of both.

use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    thread,
};

use mock::{Mock, Options};

use crate::support::shell::{fed, folder, run};

async fn server(key: &str) -> Mock {
    Mock::start(Options { key: key.to_owned(), ..Options::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_never_gets_the_key_of_another() {
    let keys = ["canary-of-the-first", "canary-of-the-second"];
    let servers = [server(keys[0]).await, server(keys[1]).await];
    for round in 0..6 {
        let folder = folder(&format!("connects-{round}"));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let policy = folder.join("policy.toml");
        let file = policy.to_str().unwrap();
        let runs = thread::scope(|scope| {
            let connecting = [0, 1].map(|n| {
                let base = servers[n].base_url();
                scope.spawn(move || {
                    let words = ["connect", "work", "--base-url", &base, "--policy", file];
                    fed(&words, &[], format!("{}\n", keys[n]).into_bytes())
                })
            });
            connecting.map(|run| run.join().unwrap())
        });
        assert!(runs.iter().any(|run| run.code == Some(0)), "{runs:?}");
        let persona = "[personas.any]\nconnection = \"work\"\nactions = [\"test-api-key\"]\n";
        let mut options = fs::OpenOptions::new();
        options.append(true).mode(0o600);
        options.open(&policy).unwrap().write_all(persona.as_bytes()).unwrap();
        let words = ["call", "test-api-key", "--policy", file, "--persona", "any"];
        assert_eq!(run(&words, &[]).result()["verdict"], "valid", "round {round}: {runs:?}");
    }
}
