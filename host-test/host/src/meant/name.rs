//! Which tool was meant by this name?

use super::{plain, words};

/// What clients put before a tool's name, beside the name of the server.
const PREFIXES: [&str; 8] =
    ["mcp", "function", "functions", "tool", "tools", "default", "api", "server"];

/// The one of these names that is meant: by its letters, with what clients put before it or
/// without. `server` is the name of who offers them.
pub fn tool_meant<'n>(
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    server: &str,
) -> Option<&'n str> {
    let (given, own) = (words(name), words(server));
    let before = |word: &String| PREFIXES.contains(&word.as_str()) || own.contains(word);
    let prefixes = given.iter().take_while(|word| before(word)).count();
    let rests: Vec<String> =
        (0..=prefixes).filter_map(|from| Some(given.get(from..)?.concat())).collect();
    names.into_iter().find(|name| rests.contains(&plain(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_in_any_spelling_and_with_what_clients_put_before_it() {
        let names = ["list-things", "test-a-token"];
        let meant = |name| tool_meant(name, names, "acme connector");
        for name in [
            "list-things",
            "list_things",
            "listThings",
            "ListThings",
            " list-things ",
            "acme__list-things",
            "mcp__acme__list_things",
            "mcp_acme-connector_list-things",
            "functions.list-things",
            "acme/list-things",
        ] {
            assert_eq!(meant(name), Some("list-things"), "{name}");
        }
        assert_eq!(meant("api_test-a-token"), Some("test-a-token"));
        for name in [
            "",
            "acme",
            "list",
            "things",
            "undo-list-things",
            "delete__list-things",
            "list-things-2",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
