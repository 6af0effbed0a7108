//! How does a text become a policy? Where it cannot, the line, the field and what belongs
//! there are told, and never what stands there: it may be a secret.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml_edit::{Document, Item, Key, TomlError, de::Deserializer};

use super::forms;

/// What a text says.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_path_to_error::deserialize(Deserializer::from(document(text)?)).map_err(|error| {
        let path = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let (path, why) = forms::misfit(path.collect(), error.inner().message());
        in_field(text, &path.iter().map(String::as_str).collect::<Vec<_>>(), &why)
    })
}

fn document(text: &str) -> Result<Document<String>, String> {
    Document::parse(text.to_owned()).map_err(|error| unparsed(text, &error))
}

/// Why a text is no TOML.
fn unparsed(text: &str, error: &TomlError) -> String {
    let why = error.message();
    let is_twice = why.starts_with("duplicate key") || why.starts_with("cannot extend");
    let twice = error.span().filter(|_| is_twice);
    match twice.and_then(|span| Some((path_at(text, &span)?, span))) {
        Some((path, span)) => at(text, Some(span), &forms::twice(&path)),
        None => at(text, error.span(), why),
    }
}

/// The keys that lead to the one that stands there, as far as lines tell.
fn path_at(text: &str, span: &Range<usize>) -> Option<Vec<String>> {
    let (before, own) = (text.get(..span.start)?, text.get(span.clone())?);
    let own = keys(own)?;
    let line = before.rsplit('\n').next()?.trim_start();
    let in_line = |start: &str| keys(start.trim_matches(['.', ' ']));
    if let Some(start) = line.strip_prefix('[') {
        return Some([in_line(start).unwrap_or_default(), own].concat());
    }
    let header = before.lines().rev().find_map(|line| {
        let (name, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
        keys(name)
    });
    let start = line.split_once('=').map_or(line, |(start, _)| start);
    Some([header.unwrap_or_default(), in_line(start).unwrap_or_default(), own].concat())
}

fn keys(text: &str) -> Option<Vec<String>> {
    let keys = Key::parse(text.trim()).ok()?;
    Some(keys.iter().map(|key| key.get().to_owned()).collect())
}

/// What is wrong with a field, and in which line it is, or what it is to stand in.
pub(super) fn in_field(text: &str, path: &[&str], why: &str) -> String {
    let document = document(text).ok();
    let (mut item, mut span) = (document.as_ref().map(Document::as_item), None);
    for key in path {
        item = item.and_then(|item| match key.parse::<usize>() {
            Ok(place) if !item.is_table_like() => item.get(place),
            _ => item.get(key),
        });
        span = item.and_then(Item::span).or(span);
    }
    at(text, span, &format!("{}: {why}", path.join(".")))
}

/// What is wrong, and in which line.
fn at(text: &str, span: Option<Range<usize>>, why: &str) -> String {
    let line = span.and_then(|span| Some(text.get(..span.start)?.matches('\n').count() + 1));
    let words: Vec<_> = why.split_whitespace().collect();
    let why = words.join(" ");
    line.map_or_else(|| why.clone(), |line| format!("line {line}: {why}"))
}
