//! Manifests for hosts of others are what a component states, and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{
    RENEW,
    described::{WIT, gzip, with_docs},
    everything::EVERYTHING_WAT,
    renewing, root,
    shell::{file, run},
};

const HOSTS: [&str; 3] = ["spin", "wassette", "wash"];

/// The component of every type, of whose world this is said.
fn stating(name: &str, world: &str) -> PathBuf {
    let lines: String = world.lines().map(|line| format!("/// {line}\n")).collect();
    let wit = format!("{WIT}{lines}world it {{ export actions; }}\n");
    let component = wat::parse_str(EVERYTHING_WAT).unwrap();
    file(&format!("manifests-{name}.wasm"), &with_docs(component, &gzip(wit.as_bytes())))
}

fn manifest(host: &str, component: &Path) -> String {
    let component = ["--component", component.to_str().unwrap()];
    run(&[&["tools", "--manifest", host][..], &component].concat(), &[]).output().to_owned()
}

#[test]
fn the_manifests_are_renewed_from_what_the_connector_states() {
    for (host, place) in
        HOSTS.iter().zip(["not-run/spin.toml", "not-run/wassette.policy.yaml", "wash/config.yaml"])
    {
        let file = root().join("host-test/hosts").join(place);
        let printed = run(&["tools", "--manifest", host], &[]).output().to_owned();
        if renewing() {
            fs::write(file, printed).unwrap();
            continue;
        }
        assert!(fs::read_to_string(file).unwrap() == printed, "{place} is another. {RENEW}");
        for said in
            ["GET, POST, DELETE", "https://api.p.2chat.io/open", "x-user-api-key", "_API_KEY"]
        {
            assert!(printed.contains(said), "{host} {said}: {printed}");
        }
    }
}

#[test]
fn whatever_is_stated_makes_a_manifest_that_can_be_read() {
    let keys = "Key setting: NULL. It.\nBase URL setting: 0. It.";
    for (number, (origin, more, server)) in [
        ("https://api.example.com", "", "api.example.com"),
        ("https://api.example.com:8443", keys, "api.example.com:8443"),
        ("https://[2001:db8::1]:8443", "Path: /v1", "[2001:db8::1]:8443"),
        ("https://[2001:db8::1]", keys, "[2001:db8::1]"),
        ("http://127.0.0.1:80/", keys, ""),
        ("https://api.example.com", "Path: /v1/%22%7B\nBase URL setting: NO", "api.example.com"),
        ("https://api.example.com", "Path: /a,]b'\nKey setting: yes", "api.example.com"),
    ]
    .into_iter()
    .enumerate()
    {
        let world = format!("Origin: {origin}\nMethods: GET\nKey header: X-Key\n{more}");
        let component = stating(&number.to_string(), &world);
        if server.is_empty() {
            let words = ["tools", "--manifest", "spin", "--component", component.to_str().unwrap()];
            assert!(run(&words, &[]).message(3).contains("a scheme and a host"));
            continue;
        }
        let [spin, wassette, wash] = HOSTS.map(|host| manifest(host, &component));
        let read: toml_edit::DocumentMut = spin.parse().unwrap_or_else(|e| panic!("{e}: {spin}"));
        let front = &read["component"]["front"];
        assert_eq!(front["allowed_outbound_hosts"][0].as_str(), Some(origin), "{spin}");
        let dependency = &front["dependencies"]["test:load/actions"];
        assert_eq!(dependency["path"].as_str(), Some("test.wasm"), "{spin}");
        assert!(wassette.contains(&format!("      - host: \"{server}\"\n")), "{wassette}");
        assert!(wash.contains(&format!("allowedHosts: [\"{server}\"]\n")), "{wash}");
        // What is commented out can be read as well, and leads below the same path.
        let moved = spin.lines().find_map(|line| line.strip_prefix("# environment = "));
        assert_eq!(moved.is_some(), more.contains("Base URL"), "{spin}");
        if let Some(moved) = moved {
            let moved: toml_edit::DocumentMut = format!("moved = {moved}").parse().unwrap();
            let (_, url) = moved["moved"].as_inline_table().unwrap().iter().next().unwrap();
            let path = more.split_once("Path: ").map(|(_, path)| path.lines().next().unwrap());
            let url = url.as_str().unwrap().strip_prefix("https://another.example");
            assert_eq!(url, Some(path.unwrap_or_default()), "{spin}");
        }
        let key = more.split_once("Key setting: ").map(|(_, it)| it.split(['.', '\n']).next());
        let secret = key.map(|key| format!("fromEnv: [\"{}\"]", key.unwrap()));
        assert_eq!(wash.contains("secretFrom"), secret.is_some(), "{wash}");
        assert!(wash.contains(secret.as_deref().unwrap_or("states no setting for it")), "{wash}");
        for text in [&spin, &wassette, &wash] {
            assert!(text.contains("x-key") && text.contains("asks for GET to"), "{text}");
            assert!(!text.to_lowercase().contains("2chat"), "{text}");
        }
    }
}

#[test]
fn what_states_nothing_or_something_unusable_gets_no_manifest() {
    for (name, world, why) in [
        ("nothing", "", "do not say `Origin: …`"),
        ("odd", "Origin: https://a.example/\"\nMethods: GET\nKey header: x", "a scheme and a host"),
        ("keyless", "Origin: https://a.example\nMethods: GET", "do not say `Key header: …`"),
    ] {
        let component = stating(name, world);
        for host in HOSTS {
            let words = ["tools", "--manifest", host, "--component", component.to_str().unwrap()];
            let refused = run(&words, &[]);
            assert!(refused.message(3).contains(why), "{refused:?}");
        }
    }
    assert_eq!(run(&["tools", "--manifest", "other"], &[]).code, Some(2));
    assert_eq!(run(&["tools", "--manifest", "spin", "--wit"], &[]).code, Some(2));
}

#[test]
fn the_manifest_for_obelisk_allows_what_the_connector_states_and_nothing_more() {
    // Which adapter needs which method no component states, so it is written by hand.
    let file = root().join("host-test/hosts/obelisk/deployment.toml");
    let text = fs::read_to_string(file).unwrap();
    let stated = run(&["tools", "--authority"], &[]).result();
    let said = |member: &str| stated.pointer(member).unwrap().as_str().unwrap().to_owned();
    let (origin, path) = (said("/origin"), said("/path"));
    let count = |what: &str| text.matches(what).count();
    let adapters = count("[[activity_wasm]]");
    assert!(adapters > 0);
    for (what, times) in [
        (format!("pattern = \"${{ALLOWED_ORIGIN:-{origin}}}\""), adapters),
        (format!(":-{origin}{path}}}\" }}"), adapters),
        (format!("env_vars = [\"{}\"]", said("/key-setting/name")), adapters),
        (format!("key = \"{}\"", said("/base-url-setting/name")), adapters),
        ("https://".to_owned(), 2 * adapters),
        ("methods = ".to_owned(), adapters),
    ] {
        assert_eq!(count(&what), times, "{what}");
    }
    // What no adapter there sends is not allowed to any.
    let methods = stated["methods"].as_array().unwrap().iter();
    let allowed = methods.map(|method| count(&format!("methods = [{method}]")));
    assert_eq!(allowed.collect::<Vec<_>>(), [1, 1, 0]);
}
