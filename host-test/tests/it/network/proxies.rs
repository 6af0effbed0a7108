//! Through a proxy, and what it means when that says no.

use std::time::Duration;

use host::{
    client::{Client, Routed},
    proxy,
};
use tokio::{net::TcpListener, time::sleep};

use super::{
    BASE, addition, call, connection, list_at, list_under, policy, public_server, reply, write,
};
use crate::support::{
    authority::Authority,
    known::info,
    policy as told,
    proxy::Proxy,
    raw::{Raw, Step},
    shell::{CANARY, fed, twochat_with},
};

/// A proxy's url with a user and a password, which nobody may ever see.
fn url(proxy: &Proxy) -> String {
    format!("http://us%40er:canary%3Aword@{}", proxy.authority())
}

/// The same as a header has it.
const AUTHORIZATION: &str = "Basic dXNAZXI6Y2FuYXJ5OndvcmQ=";

fn through(url: &str) -> host::gate::Connection {
    connection(BASE).with_proxy(proxy::Proxy::new(url).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_through_a_tunnel_of_which_the_proxy_sees_only_where_it_leads() {
    let authority = Authority::new();
    let server = public_server(&authority).await;
    let proxy = Proxy::leading_to(server.port()).await;
    let client = Client::new(&[authority.certificate()]).unwrap();
    for action in ["list-contacts", "create-contact", "list-contacts"] {
        call(through(&url(&proxy)), &client, action).await.unwrap();
    }
    let heard = proxy.heard();
    assert_eq!(heard.len(), 1, "the tunnel is used again: {heard:?}");
    assert!(heard[0].starts_with("CONNECT api.example.test:443 HTTP/1.1\r\n"), "{heard:?}");
    let header = format!("proxy-authorization: {AUTHORIZATION}");
    assert!(heard[0].contains(&header) && !heard[0].contains("canary-"), "{heard:?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert!(!request.to_lowercase().contains("proxy"), "{request}");
        assert!(request.starts_with("GET /open/") || request.starts_with("POST /open/"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_may_itself_be_asked_over_tls() {
    let authority = Authority::new();
    let server = public_server(&authority).await;
    let proxy = Proxy::over_tls(authority.acceptor("localhost", 2040), server.port()).await;
    let url = format!("https://localhost:{}", proxy.port());
    let trusting = Client::new(&[authority.certificate()]).unwrap();
    call(through(&url), &trusting, "list-contacts").await.unwrap();
    assert_eq!((proxy.heard().len(), server.requests().len()), (1, 1));

    let error = call(through(&url), &Client::new(&[]).unwrap(), "create-contact").await;
    let error = error.unwrap_err();
    assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{error}");
    let added = addition(&error);
    let begins = format!("the proxy localhost:{}: its certificate is not trusted", proxy.port());
    assert!(added.starts_with(&begins), "{added}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_says_no_is_named_and_nothing_was_sent() {
    const DENIED: (&str, &str, &str) = ("denied-by-host", "no", "never");
    const UNREACHABLE: (&str, &str, &str) = ("unreachable", "no", "now");
    for (answer, expected, why) in [
        (
            "HTTP/1.1 407 Who?\r\nproxy-authenticate: Basic realm=\"x\"\r\n\r\n",
            DENIED,
            "a password",
        ),
        ("HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno", DENIED, "(status 403)"),
        ("HTTP/1.1 502 Bad\r\n\r\n", UNREACHABLE, "(status 502)"),
        ("HTTP/1.1 429 Later\r\n\r\n", UNREACHABLE, "(status 429)"),
        ("HTTP/1.1 408 Slow\r\n\r\n", UNREACHABLE, "(status 408)"),
        ("HTTP/1.1 302 There\r\nlocation: http://portal/\r\n\r\n", UNREACHABLE, "(status 302)"),
        ("SSH-2.0-x\r\n\r\n", UNREACHABLE, "no answer that a proxy gives"),
        ("", UNREACHABLE, "no answer that a proxy gives"),
    ] {
        let proxy = Proxy::saying(answer).await;
        for action in ["create-contact", "list-contacts"] {
            let error = call(through(&url(&proxy)), &Client::new(&[]).unwrap(), action).await;
            let error = error.unwrap_err();
            assert_eq!(told(&error), expected, "{answer} {error}");
            let added = addition(&error);
            let begins = format!("the proxy {}: ", proxy.authority());
            assert!(added.starts_with(&begins) && added.contains(why), "{answer} {added}");
        }
        assert_eq!(proxy.heard().len(), 2, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_no_tls_behind_a_proxy_or_without_one_is_told_as_that() {
    const NONE: &str = "what answers there speaks no TLS";
    const REFUSES: &str = "it refused the secure connection (HandshakeFailure)";
    for (says, why) in
        [("hello, who are you?\r\n", NONE), ("\x15\x03\x01\x00\x02\x02\x28", REFUSES)]
    {
        let proxy = Proxy::saying(["HTTP/1.1 200 OK\r\n\r\n", says].concat().leak()).await;
        let error = call(through(&url(&proxy)), &Client::new(&[]).unwrap(), "create-contact").await;
        let expected = format!("api.example.test, over the proxy {}: {why}.", proxy.authority());
        assert_eq!(addition(&error.unwrap_err()), expected);
        let server = Raw::deaf(vec![Step::Read, Step::Send(says.into())]).await;
        let base = server.base_url().replace("http://127.0.0.1", "https://localhost");
        let error = call(connection(&base), &Client::new(&[]).unwrap(), "create-contact").await;
        let error = error.unwrap_err();
        assert!(addition(&error).ends_with(&format!(": {why}.")), "{error}");
        assert_eq!(error["carried-out"], "no");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_answer_is_given_up_and_left_alone() {
    let proxy = Proxy::hanging().await;
    let client = Client::new(&[]).unwrap();
    let error = call(through(&url(&proxy)), &client, "create-contact").await.unwrap_err();
    assert_eq!(told(&error), ("unreachable", "no", "now"), "{error}");
    let added = addition(&error);
    let expected = format!(
        "api.example.test, over the proxy {}: connecting took too long.",
        proxy.authority()
    );
    assert_eq!(added, expected);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(proxy.heard().last().unwrap(), "left alone after 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = closed.local_addr().unwrap();
    drop(closed);
    for (proxy, why) in [
        (format!("http://u:canary@{there}"), "it refused the connection"),
        ("http://u:canary@proxy.invalid:1".to_owned(), "its name is not known"),
    ] {
        let error = call(through(&proxy), &Client::new(&[]).unwrap(), "create-contact").await;
        let error = error.unwrap_err();
        assert_eq!(told(&error), ("unreachable", "no", "now"), "{error}");
        let host = proxy.rsplit('@').next().unwrap();
        assert_eq!(addition(&error), format!("the proxy {host}: {why}."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_out_of_bounds_is_so_behind_a_proxy_as_well() {
    let proxy = Proxy::saying("HTTP/1.1 200 OK\r\n\r\n").await;
    for host in [
        "10.0.0.1",
        "169.254.169.254",
        "2852039166",
        "0251.0376.0251.0376",
        "0xa9fea9fe.",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
    ] {
        let over = connection(&format!("https://{host}/open"))
            .with_proxy(proxy::Proxy::new(&proxy.authority()).unwrap());
        let error = call(over, &Client::new(&[]).unwrap(), "list-contacts").await.unwrap_err();
        assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{host} {error}");
        assert!(
            addition(&error).contains("is no address that the connection may reach"),
            "{error}"
        );
    }
    // Not even where private ones are in bounds.
    let over = connection("https://169.254.169.254/open").with_private_addresses();
    let over = over.with_proxy(proxy::Proxy::new(&proxy.authority()).unwrap());
    let error = call(over, &Client::new(&[]).unwrap(), "list-contacts").await.unwrap_err();
    assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{error}");
    // Nor by a name that a cloud gives to it, with a proxy or without.
    for host in
        ["metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data"]
    {
        let direct = connection(&format!("https://{host}/open"));
        let over = direct.clone().with_proxy(proxy::Proxy::new(&proxy.authority()).unwrap());
        for connection in [direct, over.with_private_addresses()] {
            let error = call(connection, &Client::new(&[]).unwrap(), "list-contacts").await;
            let error = error.unwrap_err();
            assert_eq!(told(&error), ("denied-by-host", "no", "never"), "{host} {error}");
            assert!(addition(&error).ends_with("is where a cloud tells a machine its secrets."));
        }
    }
    assert_eq!(proxy.heard(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_goes_as_a_whole_url_where_somebody_wants_it() {
    let server = Raw::replying(reply()).await;
    let proxy = Proxy::leading_to(server.port()).await;
    let over = connection(&server.base_url()).with_proxy(proxy::Proxy::new(&url(&proxy)).unwrap());
    call(over, &Client::new(&[]).unwrap(), "list-contacts").await.unwrap();
    let heard = proxy.heard();
    let begins = format!("GET {}/contacts?", server.base_url());
    assert!(heard[0].starts_with(&begins), "{heard:?}");
    assert!(heard[0].contains(&format!("proxy-authorization: {AUTHORIZATION}")), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_and_password_are_shown_nowhere() {
    let proxy = proxy::Proxy::new("http://us%40er:canary%3Aword@127.0.0.1:3128").unwrap();
    let shown = format!("{:?} {proxy:?} {proxy}", connection(BASE).with_proxy(proxy.clone()));
    for secret in ["canary", "us%40er", "dXNAZXI6"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_takes_the_proxy_of_its_environment() {
    let authority = Authority::new();
    let server = public_server(&authority).await;
    let proxy = Proxy::leading_to(server.port()).await;
    let file = policy("environment", BASE, "", &authority).with_file_name("authority.pem");
    let trusted = ("SSL_CERT_FILE", file.to_str().unwrap());
    let url = url(&proxy);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let before = proxy.heard().len();
        list_at(BASE, &[trusted, (name, &url)]).result();
        assert_eq!(proxy.heard().len(), before + 1, "{name}");
    }
    let heard = proxy.heard().len();
    for settings in [
        &[("HTTPS_PROXY", url.as_str()), ("NO_PROXY", "other.org,.example.test")][..],
        &[("HTTPS_PROXY", &url), ("no_proxy", "*")],
        &[("HTTP_PROXY", &url), ("http_proxy", &url)],
    ] {
        let error = list_at(BASE, &[&[trusted], settings].concat()).error();
        assert_eq!(addition(&error), "api.example.test: its name is not known.", "{settings:?}");
    }
    for (value, why) in [
        ("socks5://user:canary@127.0.0.1:1080", "it is a SOCKS proxy"),
        ("http://user:can ary@127.0.0.1", "it is no url of a proxy"),
    ] {
        let run = list_at(BASE, &[("ALL_PROXY", value)]);
        let message = run.message(2);
        assert!(message.starts_with(&format!("ALL_PROXY cannot be used: {why}")), "{message}");
    }
    assert_eq!(proxy.heard().len(), heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_this_machine_is_reached_past_the_environments_proxy() {
    let twochat = twochat_with(1).await;
    let dead = "http://127.0.0.1:1";
    let variables = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"];
    let settings: Vec<_> = variables.map(|name| (name, dead)).to_vec();
    list_at(&twochat.base_url(), &settings).result();
    list_at(&twochat.base_url(), &[("ALL_PROXY", "socks5://127.0.0.1:1")]).result();
    let file =
        policy("loopback", &twochat.base_url(), "proxy = \"environment\"", &Authority::new());
    list_under(&file, &settings).result();
    assert_eq!(twochat.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_alone_says_which_proxy() {
    let authority = Authority::new();
    let server = public_server(&authority).await;
    let proxy = Proxy::leading_to(server.port()).await;
    let (url, dead) = (url(&proxy), "http://127.0.0.1:1");
    for (name, lines, environment, goes) in [
        ("silent", String::new(), url.as_str(), false),
        ("false", "proxy = false".to_owned(), &url, false),
        ("none", "proxy = \"none\"".to_owned(), &url, false),
        ("asks", "proxy = \"environment\"".to_owned(), &url, true),
        ("names", format!("proxy = \"{url}\""), dead, true),
    ] {
        let lines = format!("ca = \"authority.pem\"\n{lines}");
        let file = policy(&format!("proxy-{name}"), BASE, &lines, &authority);
        let before = proxy.heard().len();
        let run = list_under(&file, &[("HTTPS_PROXY", environment), ("NO_PROXY", "x.org")]);
        if goes {
            run.result();
        } else {
            assert!(addition(&run.error()).contains("name is not known"), "{name} {run:?}");
        }
        assert_eq!(proxy.heard().len() > before, goes, "{name}");
        let log = std::fs::read_to_string(file.with_file_name("audit.jsonl")).unwrap();
        assert!(!log.contains("canary") && !log.contains("dXNAZXI6"), "{log}");
    }
    // What the policy asks of the environment may be of no use.
    let file = policy("proxy-socks", BASE, "proxy = \"environment\"", &authority);
    let run = list_under(&file, &[("ALL_PROXY", "socks5://user:canary@127.0.0.1:1080")]);
    let message = run.message(2);
    assert!(message.contains("ALL_PROXY cannot be used: it is a SOCKS proxy"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_a_proxy_that_cannot_be_used_is_refused_without_showing_it() {
    let authority = Authority::new();
    let file = policy("proxy-broken", BASE, "proxy = LINE", &authority);
    let text = std::fs::read_to_string(&file).unwrap();
    for (value, why) in [
        ("\"socks5://user:canary@p.example\"", "it cannot be used: it is a SOCKS proxy"),
        ("\"http://user:can ary@p.example\"", "it cannot be used: it is no url of a proxy"),
        ("\"http://169.254.169.254\"", "a cloud tells a machine its secrets"),
        ("true", "expected the url of a proxy"),
    ] {
        write(&file, &text.replace("LINE", value));
        let run = list_under(&file, &[]);
        let message = run.message(2);
        assert!(message.contains("line 5: connections.work.proxy: "), "{message}");
        assert!(message.contains(why) && !message.contains("ary@"), "{message}");
    }
    write(&file, &text.replace("LINE", "[\"http://user:canary@p.example\"]"));
    let run = list_under(&file, &[]);
    assert!(run.message(2).contains("line 5: "), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_begins_behind_a_proxy_says_so_in_the_policy() {
    let authority = Authority::new();
    let body = info().to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let steps = vec![Step::Send((head + &body).into())];
    let server = Raw::over_tls(authority.acceptor("api.example.test", 2040), steps).await;
    let proxy = Proxy::leading_to(server.port()).await;
    let file = policy("connect", BASE, "", &authority);
    let (ca, url) = (file.with_file_name("authority.pem"), url(&proxy));
    let settings =
        [("SSL_CERT_FILE", ca.to_str().unwrap()), ("HTTPS_PROXY", &url), ("WORK_KEY", CANARY)];
    let file = file.to_str().unwrap();
    let words = ["connect", "new", "--base-url", BASE, "--policy", file];
    let done = fed(&words, &settings, format!("{CANARY}\n").into_bytes());
    assert_eq!(done.code, Some(0), "{done:?}");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, new) = text.split_once("[connections.new]").unwrap();
    assert!(new.contains("proxy = \"environment\"") && !text.contains("canary"), "{text}");
    assert_eq!(proxy.heard().len(), 1);

    let words = ["connect", "socks", "--base-url", BASE, "--policy", file];
    let refused = fed(&words, &[("ALL_PROXY", "socks5://u:canary@p:1")], Vec::new());
    assert!(refused.message(2).starts_with("ALL_PROXY cannot be used: it is a SOCKS proxy"));
}
