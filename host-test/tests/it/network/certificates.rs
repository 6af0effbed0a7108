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
    authority::{Authority, of_version_1, signed_by_itself},
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
        assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{error}");
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
async fn what_else_is_wrong_with_a_certificate_is_said_in_plain_words() {
    let authority = Authority::named("Of tests");
    let of = |names: &[&str], begins, ends| authority.acceptor_between(names, begins, ends);
    let issued = "issued by `CN=Of tests`";
    let replace = "whoever runs the server must replace it";
    let clock = "must replace it, unless this machine's clock is wrong, by which today is 20";
    for (server, parts) in [
        (of(&["localhost"], 2020, 2021), ["ended on 2021-01-01: ", issued, clock]),
        (of(&["localhost"], 2030, 2021), ["ends before it begins: ", issued, replace]),
        (of(&["localhost"], 2090, 2091), ["holds only from 2090-01-01 on: ", issued, clock]),
        (
            of(&["a.example", "10.0.0.1"], 2020, 2040),
            [
                "it is for `a.example`, `10.0.0.1` and not for `localhost`",
                issued,
                "Correct the base",
            ],
        ),
        (
            of(&["a.example", "b.example", "c.example", "d.example"], 2020, 2040),
            ["it is for `a.example`, `b.example` and 2 more and not", issued, "get one for that"],
        ),
        (of(&[], 2020, 2040), ["it is for no server at all", issued, "get one for that name"]),
        (
            signed_by_itself("localhost", false).0,
            ["it was signed by itself: ", "it is of `CN=By itself`.", "`ca` of the connection"],
        ),
        (
            signed_by_itself("localhost", true).0,
            ["it is an authority's own and not a server's", "it is of `CN=By itself`;", replace],
        ),
        (of_version_1(), ["older than version 3: ", "it is of `CN=An old one`;", replace]),
    ] {
        let server = Raw::over_tls(server, reply()).await;
        let base = format!("https://localhost:{}/open", server.port());
        let client = Client::new(&[authority.certificate()]).unwrap();
        let error = call(connection(&base), &client, "create-contact").await.unwrap_err();
        let added = addition(&error);
        assert!(added.contains("its certificate is not trusted: "), "{added}");
        for part in parts {
            assert!(added.contains(part), "{part}: {added}");
        }
        assert!(added.ends_with('.'), "{added}");
        assert_eq!((&error["carried-out"], server.requests().len()), (&"no".into(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_signed_by_itself_is_trusted_where_it_is_named() {
    let (acceptor, pem) = signed_by_itself("localhost", false);
    let server = Raw::over_tls(acceptor, reply()).await;
    let base = format!("https://localhost:{}/open", server.port());
    let file = folder("network-itself").join("own.pem");
    fs::write(&file, format!("\u{feff}{pem}")).unwrap();
    list_at(&base, &[("SSL_CERT_FILE", file.to_str().unwrap())]).result();
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_the_environment_that_cannot_be_read_are_named_and_nothing_is_sent() {
    let authority = Authority::new();
    let (server, base) = server(&authority).await;
    let folder = folder("network-unreadable");
    let file = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).unwrap();
        folder.join(name).to_str().unwrap().to_owned()
    };
    let good = file("good.pem", authority.pem().as_bytes());
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let [empty, bare] = ["empty", "bare"].map(|name| folder.join(name));
    fs::create_dir(&empty).unwrap();
    fs::create_dir(&bare).unwrap();
    fs::write(bare.join("x.pem"), "nothing of the kind\n").unwrap();
    let none = "holds no certificate: expected PEM, which begins with -----BEGIN";
    let in_none = "in which no file holds a certificate that can be read";
    for (name, value, why) in [
        ("SSL_CERT_FILE", "/nowhere.pem".to_owned(), "which cannot be read: No such file"),
        ("SSL_CERT_FILE", "/dev/null".to_owned(), "which cannot be read: it is not a file"),
        ("SSL_CERT_FILE", folder.to_str().unwrap().to_owned(), "which cannot be read: it is not"),
        ("SSL_CERT_FILE", file("empty.pem", b" \n"), "which is empty: expected certificates"),
        ("SSL_CERT_FILE", file("text.pem", b"of the kind: none\n"), none),
        ("SSL_CERT_FILE", file("one.der", &authority.certificate()), none),
        ("SSL_CERT_FILE", file("cut.pem", &authority.pem().as_bytes()[..200]), "is no PEM file"),
        ("SSL_CERT_FILE", file("broken.pem", broken.as_bytes()), "holds no certificate that can"),
        ("SSL_CERT_DIR", "/nowhere".to_owned(), "which cannot be read as a folder: No such file"),
        ("SSL_CERT_DIR", good.clone(), "which cannot be read as a folder: Not a directory"),
        ("SSL_CERT_DIR", empty.to_str().unwrap().to_owned(), in_none),
        ("SSL_CERT_DIR", bare.to_str().unwrap().to_owned(), in_none),
    ] {
        let other = if name == "SSL_CERT_FILE" { "SSL_CERT_DIR" } else { "SSL_CERT_FILE" };
        let others = if name == "SSL_CERT_FILE" { "" } else { &good };
        let error = list_at(&base, &[(name, &value), (other, others)]).error();
        assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{error}");
        let added = addition(&error);
        assert!(added.starts_with(&format!("{name} names {value}, ")), "{added}");
        assert!(added.contains(why), "{why}: {added}");
        assert!(added.ends_with("correct it, or unset it to trust the system's authorities."));
    }
    assert_eq!((server.connections(), server.requests().len()), (0, 0));
    list_at(&base, &[("SSL_CERT_FILE", &good), ("SSL_CERT_DIR", "")]).result();
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
    broken("is empty: expected certificates as PEM");
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
