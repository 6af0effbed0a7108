//! Whose certificates are trusted, and what is said of those that are not.

use std::{
    fs::{self, OpenOptions},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use host::client::Client;

use super::{addition, call, connection, list_at, list_under, policy, reply, write};
use crate::support::{
    authority::Authority,
    policy as told,
    raw::Raw,
    shell::{folder, twochat_with},
};

async fn server(authority: &Authority) -> (Raw, String) {
    let server = Raw::over_tls(authority.acceptor("localhost", 2040), reply()).await;
    let base = format!("https://localhost:{}/open", server.port());
    (server, base)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_authority_is_named_and_how_to_add_it() {
    let authority = Authority::named("Example Corp Root");
    let (server, base) = server(&authority).await;
    for action in ["create-contact", "list-contacts"] {
        let error = call(connection(&base), &Client::new(&[]).unwrap(), action).await.unwrap_err();
        assert_eq!(told(&error), ("unreachable", "no", "now"), "{error}");
        let added = addition(&error);
        for part in [
            &format!("localhost:{}: its certificate is not trusted: ", server.port()),
            "`CN=Example Corp Root`",
            "`ca` of the connection in the policy",
            "SSL_CERT_FILE",
        ] {
            assert!(added.contains(part), "{part}: {added}");
        }
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_else_is_wrong_with_a_certificate_is_said() {
    let authority = Authority::new();
    let client = Client::new(&[authority.certificate()]).unwrap();
    for (name, ends, why) in
        [("localhost", 2021, "expired"), ("other.example", 2040, "not valid for name")]
    {
        let server = Raw::over_tls(authority.acceptor(name, ends), reply()).await;
        let base = format!("https://localhost:{}/open", server.port());
        let error = call(connection(&base), &client, "list-contacts").await.unwrap_err();
        let added = addition(&error);
        assert!(added.contains("not trusted") && added.contains(why), "{added}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_a_certificate_steers_no_terminal_and_floods_no_message() {
    let authority = Authority::named(&format!("\u{1b}[2J\r\n{}", "long ".repeat(500)));
    let (_server, base) = server(&authority).await;
    let error = call(connection(&base), &Client::new(&[]).unwrap(), "list-contacts").await;
    let error = error.unwrap_err();
    assert!(addition(&error).contains("long long"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_the_authorities_that_are_trusted() {
    let (authority, stranger) = (Authority::named("Named"), Authority::new());
    let (server, base) = server(&authority).await;
    let folder = folder("network-named");
    let (file, other) = (folder.join("a.pem"), folder.join("other"));
    fs::write(&file, authority.pem()).unwrap();
    fs::create_dir(&other).unwrap();
    fs::write(other.join("b.pem"), stranger.pem()).unwrap();
    let (file, folder, other) =
        (file.to_str().unwrap(), folder.to_str().unwrap(), other.to_str().unwrap());
    list_at(&base, &[("SSL_CERT_FILE", file)]).result();
    list_at(&base, &[("SSL_CERT_DIR", folder)]).result();
    list_at(&base, &[("SSL_CERT_FILE", file), ("SSL_CERT_DIR", other)]).result();
    assert_eq!(server.requests().len(), 3);
    let error = list_at(&base, &[("SSL_CERT_DIR", other)]).error();
    assert!(addition(&error).contains("`CN=Named`"), "{error}");
    // Whoever names authorities trusts no others, also if those cannot be read.
    let error = list_at(&base, &[("SSL_CERT_FILE", "/nowhere.pem")]).error();
    let added = addition(&error);
    assert!(added.contains("SSL_CERT_FILE names no certificate that can be read"), "{added}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_are_not_read_for_a_call_that_needs_none() {
    let twochat = twochat_with(0).await;
    let pipe = folder("network-unread").join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let is_read = Arc::<AtomicBool>::default();
    let (seen, to_write) = (Arc::clone(&is_read), pipe.clone());
    // It can be opened once somebody reads it.
    thread::spawn(move || {
        let _ = OpenOptions::new().write(true).open(to_write);
        seen.store(true, SeqCst);
    });
    list_at(&twochat.base_url(), &[("SSL_CERT_FILE", pipe.to_str().unwrap())]).result();
    assert!(!is_read.load(SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_names_authorities_for_one_connection() {
    let authority = Authority::named("Of the policy");
    let (server, base) = server(&authority).await;
    let trusting = policy("ca", &base, "ca = \"authority.pem\"", &authority);
    list_under(&trusting, &[]).result();
    let without = policy("no-ca", &base, "", &authority);
    let error = list_under(&without, &[]).error();
    assert!(addition(&error).contains("`CN=Of the policy`"), "{error}");
    assert_eq!(server.requests().len(), 1);
    // It is read anew for each call, as the policy is.
    write(&trusting.with_file_name("authority.pem"), &Authority::new().pem());
    let error = list_under(&trusting, &[]).error();
    assert!(addition(&error).contains("`CN=Of the policy`"), "{error}");
    // And trusted beside the system's.
    let own = without.with_file_name("authority.pem");
    list_under(&trusting, &[("SSL_CERT_FILE", own.to_str().unwrap())]).result();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_authorities_that_cannot_be_used_breaks_the_policy_with_its_line() {
    use std::os::unix::fs::PermissionsExt;
    let authority = Authority::new();
    let (server, base) = server(&authority).await;
    let file = policy("broken-ca", &base, "ca = \"authority.pem\"", &authority);
    let ca = file.with_file_name("authority.pem");
    let pem = authority.pem();
    let broken = |why: &str| {
        let run = list_under(&file, &[]);
        let message = run.message(2);
        let (place, rest) = message.split_once("line 5: connections.work.ca: ").unwrap_or_default();
        assert!(!place.is_empty() && rest.contains(why), "{why}: {message}");
    };
    list_under(&file, &[]).result();
    write(&ca, "");
    broken("holds no certificate");
    write(&ca, "nothing of the kind\n");
    broken("holds no certificate");
    write(&ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    broken("holds a certificate that is none");
    write(&ca, pem.split("-----END").next().unwrap());
    broken("is no PEM file");
    fs::remove_file(&ca).unwrap();
    broken("cannot be read");
    write(&ca, &pem);
    fs::set_permissions(&ca, fs::Permissions::from_mode(0o666)).unwrap();
    broken("can be written or replaced by others");
    write(&ca, &pem);
    list_under(&file, &[]).result();
    assert_eq!(server.requests().len(), 2);
}
