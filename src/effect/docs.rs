//! Which effect do the docs of each function of the contract tell? Turns them
//! into code when the component is built, or says what is missing.
//!
//! Knows one form: a line of a function's docs that begins with
//! `Effect: reads.` (or `creates`, `changes`, `deletes`), behind it
//! `Repeating: safe` or `Repeating: not safe`.

/// The words of the docs, and the names in the code.
const EFFECTS: [(&str, &str); 4] =
    [("reads", "Reads"), ("creates", "Creates"), ("changes", "Changes"), ("deletes", "Deletes")];

/// A function of Rust for each function of the WIT text, or why there is none.
pub(crate) fn code(wit: &str) -> Result<String, String> {
    let mut code = String::new();
    let mut docs = Vec::new();
    for line in wit.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push(doc.trim());
            continue;
        }
        if let Some((name, _)) = line.split_once(':').filter(|(_, ty)| is_function(ty)) {
            let (effect, repeatable) = promise(&docs).map_err(|found| {
                format!(
                    "the docs of `{name}` need one line such as `Effect: deletes. Repeating: safe`, \
                     with `reads`, `creates`, `changes` or `deletes`, and `safe` or `not safe`; \
                     found {found}"
                )
            })?;
            let name = name.trim().replace('-', "_");
            code.push_str(&format!(
                "pub(crate) const fn {name}() -> Promise {{\n    \
                 Promise {{ effect: Effect::{effect}, repeatable: {repeatable} }}\n}}\n"
            ));
        }
        docs.clear();
    }
    Ok(code)
}

fn is_function(ty: &str) -> bool {
    let ty = ty.trim_start();
    ty.strip_prefix("async ").unwrap_or(ty).trim_start().starts_with("func")
}

/// The effect and whether repeating is safe, or what stands there instead.
fn promise(docs: &[&str]) -> Result<(&'static str, bool), String> {
    let mut lines = docs.iter().filter(|line| line.starts_with("Effect:"));
    let (line, further) = (lines.next(), lines.next());
    let Some(line) = line else { return Err("none".to_owned()) };
    if further.is_some() {
        return Err("more than one".to_owned());
    }
    let found = || format!("`{line}`");
    let (word, repeating) = line
        .strip_prefix("Effect: ")
        .and_then(|rest| rest.split_once(". Repeating: "))
        .ok_or_else(found)?;
    let effect = EFFECTS.iter().find(|(known, _)| *known == word).ok_or_else(found)?.1;
    let ends = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    let repeatable = match (repeating.strip_prefix("safe"), repeating.strip_prefix("not safe")) {
        (Some(rest), _) if ends(rest) => true,
        // To read again changes no more than to read once.
        (_, Some(rest)) if ends(rest) && word != "reads" => false,
        _ => return Err(found()),
    };
    Ok((effect, repeatable))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract with one function whose docs have these lines.
    fn function(docs: &str) -> Result<String, String> {
        let docs: String = docs.lines().map(|line| format!("  /// {line}\n")).collect();
        code(&format!("interface actions {{\n{docs}  drop-it: func(uuid: string) -> bool;\n}}\n"))
    }

    #[test]
    fn each_word_of_the_docs_becomes_its_effect() {
        for (line, expected) in [
            ("Effect: reads. Repeating: safe.", "Effect::Reads, repeatable: true"),
            (
                "Effect: creates. Repeating: not safe, a second",
                "Effect::Creates, repeatable: false",
            ),
            ("Effect: changes. Repeating: safe", "Effect::Changes, repeatable: true"),
            ("Drops it.\n\nEffect: deletes. Repeating: safe, it is gone", "Effect::Deletes"),
        ] {
            let code = function(line).unwrap();
            assert!(code.contains("fn drop_it() -> Promise"), "{code}");
            assert!(code.contains(expected), "{line}: {code}");
        }
    }

    #[test]
    fn docs_that_do_not_tell_the_effect_are_refused_with_the_function_and_the_form() {
        for docs in [
            "",
            "Drops it.",
            "Effect: removes. Repeating: safe.",
            "Effect: Deletes. Repeating: safe.",
            "Effect: deletes",
            "Effect: deletes. Repeating: maybe",
            "Effect: deletes. Repeating: safely",
            "Effect: reads. Repeating: not safe",
            "Effect:deletes. Repeating: safe",
            "Effect: deletes. Repeating: safe.\nEffect: creates. Repeating: not safe.",
            "It has the Effect: deletes. Repeating: safe.",
        ] {
            let why = function(docs).expect_err(docs);
            assert!(why.contains("`drop-it`") && why.contains("Effect: deletes. Rep"), "{why}");
        }
    }

    #[test]
    fn docs_of_one_item_do_not_count_for_the_next() {
        let wit = "  /// Effect: reads. Repeating: safe.\n  a: func();\n  b: func();\n";
        assert!(code(wit).unwrap_err().contains("`b`"));
        let wit = "  /// Effect: reads. Repeating: safe.\n  record a {\n  b: async func();\n";
        assert!(code(wit).unwrap_err().contains("`b`"));
    }
}
