//! How the files of the command know each other: downwards alone, without a circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::support::root;

/// The files of the command, each with those that it names.
fn rooms() -> BTreeMap<String, BTreeSet<String>> {
    let sources = root().join("host-test/src");
    let mut rooms = BTreeMap::new();
    for (folder, prefix) in [(sources.clone(), ""), (sources.join("commands"), "commands::")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_stem().unwrap().to_str().unwrap();
                rooms.insert(format!("{prefix}{name}"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    let names: Vec<_> = rooms.keys().cloned().collect();
    let named = |text: &str| {
        // All that stands in `use crate::{…};`, and single paths.
        let blocks = text.split("use crate::{").skip(1);
        let blocks = blocks.map(|block| block.split("};").next().unwrap()).collect::<String>();
        let words = |text: &str, name: &str| {
            let mut rest = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            rest.any(|word| word == name || word.starts_with(&format!("{name}::")))
        };
        let single = |name: &str| text.contains(&format!("crate::{name}"));
        names.iter().filter(|name| words(&blocks, name) || single(name)).cloned().collect()
    };
    rooms.iter().map(|(name, text)| (name.clone(), named(text))).collect()
}

#[test]
fn no_file_of_the_command_is_in_a_circle_and_nobody_asks_main() {
    let mut left = rooms();
    assert!(left.len() > 30 && left["pages"].contains("export"), "{left:?}");
    assert!(left.values().all(|named| !named.contains("main")), "main is imported");
    left.remove("main");
    loop {
        let names: BTreeSet<_> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|room, named| named.iter().any(|other| other != room && names.contains(other)));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "a circle: {left:?}");
}
