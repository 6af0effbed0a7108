//! `twochat inspect`: what a component is, as its bytes say, beside what its docs say
//! and what this host would give it. Nothing of it is run.

use std::{collections::HashSet, path::PathBuf};

use host::{
    docs::Docs,
    gate::Connection,
    imports::{Given, Interface, METADATA, Outline},
    vendor::Vendor,
};
use serde_json::{Value, json};

use crate::{
    authority, caller,
    component::{CONNECTOR, digest, read},
    exit::{CommandError, EXIT_CODES},
    output,
};

/// Show what a component is: its digest, what it imports and exports, what its docs
/// say otherwise, and what this host would give it. Nothing of it is run.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// The component; without it the built-in one
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Judge its imports as if this were allowed, as for `twochat call`; may be given
    /// more than once
    #[arg(long, value_name = "NAME")]
    allow_import: Vec<String>,
    /// How to write it
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let name = arguments.file.as_ref().map(|file| file.display().to_string());
    let name = name.unwrap_or_else(|| "the built-in component".to_owned());
    let unusable = |why: String| CommandError::Host(format!("{name} cannot be inspected: {why}"));
    let bytes = match &arguments.file {
        Some(file) => read(file).map_err(unusable)?,
        None => CONNECTOR.to_owned(),
    };
    let outline = Outline::of(&bytes).map_err(unusable)?;
    let docs = Docs::of(&bytes);
    let (vendor, setting) = (authority::built_in()?, authority::base_url_setting()?);
    let base = caller::base_url()?.unwrap_or_else(|| vendor.base_url.clone());
    let connection = Connection::new(&vendor, &base, None)
        .map_err(|why| CommandError::Misuse(format!("{setting} cannot be used: {why}")))?;

    let named: HashSet<_> = docs.imports().iter().map(|name| package_of(name)).collect();
    let imports = outline.imports.iter().map(|import| {
        let given = match Given::of(&import.name, !import.functions.is_empty(), &arguments.allow_import) {
            Given::Given => "given",
            Given::TypesOnly => "types only",
            Given::NotGiven => "not given",
        };
        let differs = is_undocumented(import, &named) && !docs.wit().is_empty();
        let differs = differs.then_some(NOT_IN_DOCS);
        json!({ "name": import.name, "functions": import.functions, "host": given, "differs": differs })
    });
    let documented = docs.exports();
    let exports = outline.exports.iter().map(|export| {
        let differs = differs(export, &documented).filter(|_| !docs.wit().is_empty());
        json!({ "name": export.name, "functions": export.functions, "differs": differs })
    });
    let methods: Vec<_> = connection.methods().iter().map(ToString::to_string).collect();
    let mut found = json!({
        "file": name,
        "sha256": digest(&bytes),
        "bytes": bytes.len(),
        "name": outline.name,
        "version": null,
        "docs": package(&docs),
        "imports": imports.collect::<Vec<_>>(),
        "exports": exports.collect::<Vec<_>>(),
        "only-in-docs": only_in_docs(&outline, &docs),
        "asks-for": Vendor::stated(&docs).ok().map(|stated| stated.statement()),
        "host": {
            "environment": [setting],
            "origin": connection.base_url(),
            "methods": methods,
        },
    });
    if let Value::Object(found) = &mut found {
        let said = outline.metadata.into_iter();
        found.extend(said.map(|(title, said)| (title.to_owned(), said.into())));
    }
    match arguments.output.as_str() {
        "json" => output::json(&found),
        _ => output::text(&laid_out(&found)),
    }
}

const NOT_IN_DOCS: &str = "not in its docs";

/// Whether the packages that the docs name do not lead one to expect the import: HTTP
/// takes the streams along that it is made of.
fn is_undocumented(import: &Interface, named: &HashSet<String>) -> bool {
    let package = package_of(&import.name);
    let comes_along = package == "wasi:io" && named.contains("wasi:http");
    !import.functions.is_empty() && !comes_along && !named.contains(&package)
}

fn package_of(name: &str) -> String {
    name.split(['/', '@']).next().unwrap_or_default().to_owned()
}

/// How an export differs from what the docs say of it.
fn differs(export: &Interface, documented: &[Interface]) -> Option<String> {
    let Some(known) = documented.iter().find(|known| known.name == export.name) else {
        return Some(NOT_IN_DOCS.to_owned()).filter(|_| !export.functions.is_empty());
    };
    let missing = |from: &Interface, of: &Interface| -> Vec<String> {
        let names = of.functions.iter();
        names.filter(|name| !from.functions.contains(name)).cloned().collect()
    };
    let (more, less) = (missing(known, export), missing(export, known));
    let differences = [(more, NOT_IN_DOCS), (less, "only in its docs")].into_iter();
    let differences = differences.filter(|(names, _)| !names.is_empty());
    let differences: Vec<_> =
        differences.map(|(names, place)| format!("{}: {place}", names.join(", "))).collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}

/// What the docs name, and the file has in no version.
fn only_in_docs(outline: &Outline, docs: &Docs) -> Vec<String> {
    let plain = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
    let interfaces = outline.imports.iter().chain(&outline.exports);
    let there: HashSet<_> = interfaces.map(|interface| plain(&interface.name)).collect();
    let is_there = |name: &String| there.contains(&plain(name));
    let exports = docs.exports().into_iter().map(|interface| interface.name);
    docs.imports().into_iter().chain(exports).filter(|name| !is_there(name)).collect()
}

/// The package of the docs.
fn package(docs: &Docs) -> Option<String> {
    let line = docs.wit().lines().find_map(|line| line.strip_prefix("package "))?;
    Some(line.trim_end_matches(';').to_owned())
}

/// All that for people.
fn laid_out(found: &Value) -> String {
    let text = |pointer: &str, otherwise: &str| match found.pointer(pointer) {
        None | Some(Value::Null) => otherwise.to_owned(),
        // A stranger's, and not to look like a line of ours.
        Some(Value::String(text)) => text.replace(char::is_control, " "),
        Some(Value::Array(texts)) => {
            texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    };
    let none = "none in its metadata";
    let mut lines = vec![
        format!("file        {}", text("/file", "")),
        format!("sha256      {}", text("/sha256", "")),
        format!("size        {} bytes", text("/bytes", "")),
        format!("name        {}", text("/name", none)),
        format!("version     {}", text("/version", none)),
        format!("docs        {}", text("/docs", "none in the file")),
    ];
    let said = METADATA.iter().filter(|title| **title != "version");
    let said = said.map(|title| (title, text(&format!("/{title}"), "")));
    let said = said.filter(|(_, text)| !text.is_empty());
    lines.extend(said.map(|(title, text)| format!("{title:<12}{text}")));
    for (title, list) in [("imports", "/imports"), ("exports", "/exports")] {
        lines.push(format!("\n{title}"));
        let interfaces = found.pointer(list).and_then(Value::as_array).into_iter().flatten();
        for interface in interfaces {
            let member = |name: &str| interface.get(name).and_then(Value::as_str);
            let functions = interface.get("functions").and_then(Value::as_array);
            let functions = functions.into_iter().flatten().filter_map(Value::as_str);
            let functions = functions.collect::<Vec<_>>().join(", ");
            let host = member("host").map(|host| format!("{host:<12}")).unwrap_or_default();
            let differs = member("differs").map(|why| format!("  DIFFERS: {why}"));
            let name = member("name").unwrap_or_default();
            lines.push(format!("  {host}{name}{}", differs.unwrap_or_default()));
            if !functions.is_empty() && member("host") != Some("given") {
                lines.push(format!("    {functions}"));
            }
        }
    }
    let only_in_docs = text("/only-in-docs", "");
    if !only_in_docs.is_empty() {
        lines.push(format!("\nDIFFERS: only in its docs: {only_in_docs}"));
    }
    if found.get("asks-for").is_some_and(Value::is_object) {
        lines.push("\nit asks for".to_owned());
        let origin = text("/asks-for/origin", "") + &text("/asks-for/path", "");
        let settings = ["/asks-for/key-setting/name", "/asks-for/base-url-setting/name"];
        let mut settings = settings.map(|name| text(name, "")).to_vec();
        settings.retain(|name| !name.is_empty());
        lines.push(format!("  environment  {}", settings.join(", ")));
        lines.push(format!("  requests to  {origin}"));
        lines.push(format!("  methods      {}", text("/asks-for/methods", "")));
        lines.push(format!("  key header   {}", text("/asks-for/key-header", "")));
    }
    lines.push("\nthe host would give it".to_owned());
    lines.push(format!("  environment  {}", text("/host/environment", "")));
    lines.push(format!("  requests to  {}", text("/host/origin", "")));
    lines.push(format!("  methods      {}", text("/host/methods", "")));
    lines.join("\n") + "\n"
}
