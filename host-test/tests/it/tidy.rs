//! The repository against its own rules.

use std::fs;

use crate::support::root;

/// All files below a folder with one of these endings, with their text.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.contains("target") {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending))
                && name != "src/bindings.rs"
            {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found
}

/// The code of a source file, without comments and tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn wasi_is_named_only_in_the_doors() {
    for (name, text) in files("src", &[".rs"]) {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = lines.into_iter().any(|line| line.contains("wasi"));
        let door = ["src/transport.rs", "src/settings.rs"].contains(&name.as_str());
        assert_eq!(named, door, "{name}");
    }
}

#[test]
fn an_action_sees_neither_key_nor_host_nor_door() {
    for (name, text) in files("src/actions", &[".rs"]) {
        if name.ends_with("/tests.rs") || name.contains("/tests/") {
            continue;
        }
        let code = code(&text).replace("TestApiKey", "");
        for word in [
            "ApiKey",
            "BaseUrl",
            "Settings",
            "transport",
            "settings",
            "guest",
            "header_value",
            "cfg(target",
            "::*",
        ] {
            assert!(!code.contains(word), "{name} names {word}");
        }
    }
}

#[test]
fn the_doors_exist_only_on_wasm() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for door in ["guest", "settings", "transport"] {
        let gated = format!("#[cfg(target_family = \"wasm\")]\nmod {door};");
        assert!(lib.contains(&gated), "{door}");
    }
}

#[test]
fn the_library_knows_no_action_and_no_vendor_by_name() {
    for (room, text) in files("host-test/host", &[".rs", ".md", ".toml", ".wat"]) {
        let code = if room.ends_with(".rs") { code(&text) } else { text };
        for word in ["contact", "usage", "webhook", "test-api-key", "2chat", "twochat"] {
            assert!(!code.to_lowercase().contains(word), "{room} names {word}");
        }
    }
}

#[test]
fn the_command_names_actions_in_few_places() {
    for (room, text) in files("host-test/src", &[".rs"]) {
        let places = [
            "/demo.rs",
            "/call.rs",
            "/connections.rs",
            "/commands/mock.rs",
            "/prompts.rs",
            "/constants.rs",
            "/subscriptions.rs",
            // Standard Webhooks is a name of its own.
            "/forward.rs",
        ];
        let knows = places.iter().any(|name| room.ends_with(name));
        // The one is about people, and knows what other tools call them; a summary is of these.
        let knows = knows || room.contains("/sync/") || room.contains("/digest");
        for action in ["contact", "usage", "webhook", "test-api-key"] {
            assert!(knows || !code(&text).contains(action), "{room} names {action}");
        }
    }
}

/// The crates that a crate of this repository depends on, or is built with.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let text = text.split("[dev-dependencies]").next().unwrap_or_default();
    let text = text.split("[dependencies]").nth(1).unwrap_or_default();
    let names = text.lines().filter_map(|line| line.split([' ', '.']).next());
    names.filter(|name| !name.is_empty() && *name != "#").map(str::to_owned).collect()
}

#[test]
fn the_library_carries_no_command_and_the_mock_neither_of_them() {
    let library = dependencies("host-test/host/Cargo.toml");
    assert!(library.contains(&"wasmtime".to_owned()), "{library:?}");
    for name in ["clap", "rmcp", "axum", "csv", "comfy-table", "mock", "twochat", "twochat-cli"] {
        assert!(!library.contains(&name.to_owned()), "the library depends on {name}");
    }
    let mock = dependencies("host-test/mock/Cargo.toml");
    assert!(mock.contains(&"axum".to_owned()), "{mock:?}");
    for name in ["host", "twochat", "twochat-cli", "wasmtime"] {
        assert!(!mock.contains(&name.to_owned()), "the mock depends on {name}");
    }
}

#[test]
fn nobody_depends_on_the_sources_of_the_component() {
    for (name, text) in files("host-test", &[".rs"]) {
        assert!(!code(&text).contains("path = \"../../../src"), "{name}");
    }
}

#[test]
fn every_room_opens_with_its_purpose_and_is_no_hall() {
    for folder in ["src", "host-test"] {
        for (name, text) in files(folder, &[".rs"]) {
            assert!(text.starts_with("//! "), "{name}");
            let lines = text.lines().count();
            assert!(lines <= 500 || name.ends_with("tests.rs"), "{name} has {lines} lines");
        }
    }
}

#[test]
fn at_least_half_of_the_contract_is_docs_and_every_item_has_some() {
    for (name, text) in files("wit", &[".wit"]) {
        if name.contains("deps") {
            continue;
        }
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let docs = lines.iter().filter(|line| line.starts_with("///")).count();
        assert!(docs * 2 >= lines.len(), "{name}: {docs} of {} lines", lines.len());
        for pair in lines.windows(2) {
            let [before, line] = pair else { continue };
            let item =
                !line.starts_with("///") && !line.starts_with('}') && !line.starts_with("use ");
            assert!(!item || before.starts_with("///"), "{name}: `{line}` has no docs");
        }
    }
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut links = 0;
    for name in ["README.md", "SECURITY.md", "src/README.md"] {
        links += follow(name, &fs::read_to_string(root().join(name)).unwrap());
    }
    for (name, text) in files("host-test", &[".md"]) {
        links += follow(&name, &text);
    }
    assert!(links > 40, "{links}");
}

/// How many links the page has into the repository, all of which exist.
fn follow(name: &str, text: &str) -> usize {
    let folder = root().join(name).parent().unwrap().to_owned();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let own = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    let own: Vec<_> = own.map(|target| target.split('#').next().unwrap()).collect();
    for target in &own {
        assert!(folder.join(target).exists(), "{name} links to {target}");
    }
    own.len()
}

#[test]
fn no_file_names_a_folder_of_a_machine() {
    // Put together here, so that this file names none either.
    let homes = [["/ho", "me/"].concat(), ["/Us", "ers/"].concat(), ["/ro", "ot/"].concat()];
    let endings = [".rs", ".toml", ".md", ".wit", ".json", ".lock", "run"];
    for folder in ["src", "wit", "host-test", ".ci", ".cargo"] {
        for (name, text) in files(folder, &endings) {
            for home in &homes {
                assert!(!text.contains(home), "{name} names {home}");
            }
        }
    }
    for name in ["README.md", "SECURITY.md", "Cargo.toml", "Cargo.lock"] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        assert!(homes.iter().all(|home| !text.contains(home)), "{name}");
    }
}
