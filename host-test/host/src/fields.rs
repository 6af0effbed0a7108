//! Which fields of a result's rows does a model get? Those that it asks for, else all but
//! those that are rarely of use.
//!
//! Rows are the records of a list in the result of an action that reads. An argument of
//! the door, [`FIELDS`], names fields of theirs. What the docs say of a field by `Fields:`
//! is the default; what tells of losses always comes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wit_parser::{Type, TypeDefKind};

use crate::{
    docs::{Comes, Doc, Docs, Effect},
    meant::plain,
    suggest::unknown,
    tools::Tool,
};

/// The argument that names fields.
pub const FIELDS: &str = "fields";
/// So deep fields have fields.
const DEPTH: usize = 8;

/// The fields of an action's rows.
#[derive(Debug)]
pub struct Fields {
    /// The members of the result that hold rows.
    rows: Vec<String>,
    /// Those that hold none, and come whatever is asked for.
    beside: Vec<String>,
    /// The fields, as `details.value`, and when they come.
    all: Vec<(String, Comes)>,
}

impl Fields {
    /// Those of an action of which the docs say that it reads, and that its result has
    /// rows; none where it has an argument of that name itself.
    #[must_use]
    pub fn of(tool: &Tool, docs: &Docs) -> Option<Self> {
        let function = docs.function(&tool.toolset, &tool.name)?;
        let properties = tool.input_schema.get("properties")?;
        let reads = Doc::read(Some(&function.docs)).effect == Some(Effect::Reads);
        if !reads || properties.get(FIELDS).is_some() {
            return None;
        }
        let result = match docs.kind(function.result)? {
            TypeDefKind::Result(result) => result.ok,
            _ => function.result,
        };
        let mut fields = Self { rows: Vec::new(), beside: Vec::new(), all: Vec::new() };
        for (name, ty, _) in members(result, docs) {
            if let Some(TypeDefKind::List(row)) = docs.kind(Some(ty))
                && !members(Some(*row), docs).is_empty()
            {
                fields.rows.push(name);
                fields.add("", Some(*row), docs, DEPTH);
            } else {
                fields.beside.push(name);
            }
        }
        (!fields.rows.is_empty()).then_some(fields)
    }

    fn add(&mut self, place: &str, ty: Option<Type>, docs: &Docs, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for (name, ty, comes) in members(ty, docs) {
            let path = format!("{place}{name}");
            if !self.all.iter().any(|(known, _)| *known == path) {
                self.all.push((path.clone(), comes));
            }
            self.add(&format!("{path}."), Some(ty), docs, depth);
        }
    }

    /// Adds the argument to the tool, and that any field may be left out of its rows.
    pub fn offer(&self, tool: &mut Tool) {
        let choosable = self.all.iter().filter(|(_, comes)| *comes != Comes::Always);
        let names: Vec<_> = choosable.map(|(path, _)| path).collect();
        let asked = self.all.iter().filter(|(_, comes)| *comes == Comes::OnRequest);
        let asked: Vec<_> = asked.map(|(path, _)| format!("`{path}`")).collect();
        let default = match asked.as_slice() {
            [] => "Absent: all.".to_owned(),
            asked => format!("Absent: all but {}.", asked.join(", ")),
        };
        let schema = json!({ "type": "array", "items": { "type": "string", "enum": names },
            "description": format!("Which fields each of the {} has. {default}", self.rows.join(", ")) });
        if let Some(Value::Object(properties)) = tool.input_schema.get_mut("properties") {
            properties.insert(FIELDS.to_owned(), schema);
        }
        for rows in &self.rows {
            if let Some(rows) =
                tool.output_schema.get_mut("properties").and_then(|it| it.get_mut(rows))
            {
                need_nothing(rows);
            }
        }
    }

    /// Takes the choice out of the arguments.
    ///
    /// # Errors
    /// A sentence, where a name is that of no field.
    pub fn choice(&self, arguments: &mut Value) -> Result<Choice<'_>, String> {
        let given = arguments.as_object_mut().and_then(|members| members.shift_remove(FIELDS));
        let asked = match given {
            None | Some(Value::Null) => return Ok(Choice { fields: self, asked: None }),
            Some(Value::Array(asked)) => asked,
            Some(one) => vec![one],
        };
        let mut paths = BTreeSet::new();
        for (index, name) in asked.iter().enumerate() {
            let names = name.as_str().ok_or_else(|| {
                format!("{FIELDS}[{index}]: expected the name of a field; found {name}")
            })?;
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let named = self.named(name).ok_or_else(|| {
                    let known: Vec<_> = self.all.iter().map(|(path, _)| &**path).collect();
                    let name: String = name.chars().take(60).flat_map(char::escape_debug).collect();
                    format!("{FIELDS}[{index}]: {}", unknown("field", &name, &known, "there are"))
                })?;
                paths.extend(named.into_iter().map(str::to_owned));
            }
        }
        // None at all is no choice.
        Ok(Choice { fields: self, asked: Some(paths).filter(|paths| !paths.is_empty()) })
    }

    /// The fields of this name: none where it is that of what comes anyway.
    fn named(&self, name: &str) -> Option<Vec<&str>> {
        let of_fields = |fits: &dyn Fn(&str, Comes) -> bool| -> Vec<_> {
            let fields = self.all.iter().filter(|(path, comes)| fits(path, *comes));
            fields.map(|(path, _)| &**path).collect()
        };
        if matches!(name, "*" | "all") {
            return Some(of_fields(&|_, _| true));
        }
        if let Some((path, _)) = self.all.iter().find(|(path, _)| self.is_meant(name, path)) {
            return Some(vec![path]);
        }
        let whole = plain(name.trim_end_matches("[]"));
        if self.rows.iter().any(|rows| plain(rows) == whole) {
            let has_fields = |path: &str| {
                let within = format!("{path}.");
                self.all.iter().any(|(other, _)| other.starts_with(&within))
            };
            return Some(of_fields(&|path, comes| comes != Comes::OnRequest && !has_fields(path)));
        }
        if self.beside.iter().any(|beside| plain(beside) == whole) {
            return Some(Vec::new());
        }
        // The one that is called so, wherever it stands.
        let last = |path: &str| path.rsplit('.').next().is_some_and(|last| plain(last) == whole);
        Some(of_fields(&|path, _| last(path))).filter(|found| found.len() == 1)
    }

    /// Whether a name, with the rows before it or without, is that of the field.
    fn is_meant(&self, name: &str, path: &str) -> bool {
        let within = self.rows.iter().find_map(|rows| {
            let (first, rest) = name.split_once('.')?;
            (plain(first.trim_end_matches("[]")) == plain(rows)).then_some(rest)
        });
        let is = |name: &str| plain(&name.replace("[]", "")) == plain(path);
        // A sign in front asks for all but this one.
        !name.starts_with(['-', '!']) && (is(name) || within.is_some_and(is))
    }

    fn comes(&self, path: &str) -> Option<Comes> {
        self.all.iter().find(|(known, _)| known == path).map(|(_, comes)| *comes)
    }
}

/// What a caller chose.
#[derive(Debug)]
pub struct Choice<'f> {
    fields: &'f Fields,
    /// None: nothing was asked for.
    asked: Option<BTreeSet<String>>,
}

impl Choice<'_> {
    /// Leaves out of the result what was not chosen; says which fields were there and
    /// went by default.
    pub fn apply(&self, result: &mut Value) -> Vec<String> {
        let mut left_out = BTreeSet::new();
        for rows in &self.fields.rows {
            if let Some(rows) = result.get_mut(rows) {
                self.trim(rows, "", &mut left_out);
            }
        }
        if self.asked.is_some() { Vec::new() } else { left_out.into_iter().collect() }
    }

    fn trim(&self, value: &mut Value, place: &str, left_out: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.trim(item, place, left_out));
            }
            Value::Object(members) => members.retain(|name, value| {
                let path = format!("{place}{name}");
                if !self.keeps(&path) {
                    left_out.insert(path);
                    return false;
                }
                if !self.is_named(&path) {
                    self.trim(value, &format!("{path}."), left_out);
                }
                true
            }),
            _ => {}
        }
    }

    fn keeps(&self, path: &str) -> bool {
        let comes = self.fields.comes(path);
        let Some(asked) = &self.asked else { return comes != Some(Comes::OnRequest) };
        let around = format!("{path}.");
        comes == Some(Comes::Always)
            || self.is_named(path)
            || asked.iter().any(|asked| asked.starts_with(&around))
    }

    fn is_named(&self, path: &str) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.contains(path))
    }
}

/// The fields of a record, through names, options and lists, as the docs have it.
fn members(ty: Option<Type>, docs: &Docs) -> Vec<(String, Type, Comes)> {
    let mut next = ty;
    for _ in 0..DEPTH {
        match docs.kind(next) {
            Some(TypeDefKind::Option(inner) | TypeDefKind::List(inner)) => next = Some(*inner),
            Some(TypeDefKind::Record(record)) => {
                let fields = record.fields.iter();
                let fields = fields.map(|field| {
                    (field.name.clone(), field.ty, Doc::read(Some(&field.docs)).comes)
                });
                return fields.collect();
            }
            _ => break,
        }
    }
    Vec::new()
}

/// Takes from a schema, and all within it, what must be there.
fn need_nothing(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("required").is_some_and(Value::is_array) {
                members.shift_remove("required");
            }
            members.values_mut().for_each(need_nothing);
        }
        Value::Array(items) => items.iter_mut().for_each(need_nothing),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = "package a:b;
        interface actions {
          record part { id: u32, /// Fields: on request
            at: option<string>, value: string }
          record row {
            uuid: string,
            /// Fields: on request
            pic-url: option<string>,
            parts: list<part>,
            /// Fields: always
            unread: option<u32>,
          }
          record page { rows: list<row>, next: option<u32>, words: list<string> }
          /// Effect: reads.
          look: func(fields: string) -> page;
          /// Effect: reads.
          read: func() -> result<page, string>;
          /// Effect: creates.
          make: func() -> page;
        }";

    fn tool(name: &str, arguments: &Value) -> Tool {
        let schema = |value: &Value| value.as_object().unwrap().clone();
        let output = json!({ "type": "object", "required": ["rows"], "properties": { "rows": {
            "type": "array", "items": { "type": "object", "required": ["uuid"],
            "properties": { "uuid": { "type": "string" } } } } } });
        Tool {
            name: name.to_owned(),
            title: String::new(),
            description: String::new(),
            input_schema: schema(&json!({ "type": "object", "properties": arguments })),
            output_schema: schema(&output),
            error_schema: None,
            annotations: crate::tools::Hints::default(),
            toolset: "actions".to_owned(),
        }
    }

    fn fields() -> Fields {
        Fields::of(&tool("read", &json!({})), &Docs::from_wit(WIT.to_owned())).unwrap()
    }

    fn page() -> Value {
        json!({ "rows": [{ "uuid": "1", "pic-url": "u", "parts": [{ "id": 1, "at": "t",
            "value": "v" }], "unread": 2 }], "next": 3, "words": ["w"] })
    }

    #[test]
    fn only_what_reads_rows_has_them_and_only_beside_no_argument_of_that_name() {
        let docs = Docs::from_wit(WIT.to_owned());
        assert!(Fields::of(&tool("make", &json!({})), &docs).is_none());
        let own = tool("look", &json!({ "fields": { "type": "string" } }));
        assert!(Fields::of(&own, &docs).is_none());
        assert!(Fields::of(&tool("read", &json!({})), &Docs::default()).is_none());
    }

    #[test]
    fn the_tool_names_all_fields_and_those_that_come_only_on_request() {
        let mut read = tool("read", &json!({}));
        fields().offer(&mut read);
        let offered = &read.input_schema["properties"]["fields"];
        let names = json!(["uuid", "pic-url", "parts", "parts.id", "parts.at", "parts.value"]);
        assert_eq!(offered["items"]["enum"], names);
        let text = "Which fields each of the rows has. Absent: all but `pic-url`, `parts.at`.";
        assert_eq!(offered["description"], text);
        assert_eq!(read.output_schema["required"], json!(["rows"]));
        let row = &read.output_schema["properties"]["rows"]["items"];
        assert_eq!(row.get("required"), None);
    }

    #[test]
    fn what_is_rarely_of_use_is_left_out_and_told() {
        let mut result = page();
        let (fields, mut arguments) = (fields(), json!({ "a": 1 }));
        let choice = fields.choice(&mut arguments).unwrap();
        assert_eq!(choice.apply(&mut result), ["parts.at", "pic-url"]);
        let row = json!({ "uuid": "1", "parts": [{ "id": 1, "value": "v" }], "unread": 2 });
        assert_eq!(result, json!({ "rows": [row], "next": 3, "words": ["w"] }));
        assert_eq!(arguments, json!({ "a": 1 }));
    }

    #[test]
    fn what_is_asked_for_comes_and_what_tells_of_losses() {
        let row = |asked: Value| {
            let (fields, mut arguments, mut result) =
                (fields(), json!({ "fields": asked }), page());
            let left_out = fields.choice(&mut arguments).unwrap().apply(&mut result);
            assert_eq!((left_out, arguments), (Vec::new(), json!({})));
            result["rows"][0].take()
        };
        assert_eq!(row(json!(["uuid"])), json!({ "uuid": "1", "unread": 2 }));
        let pic = json!({ "pic-url": "u", "parts": [{ "at": "t" }], "unread": 2 });
        assert_eq!(row(json!(["picUrl", "rows.parts.at"])), pic);
        assert_eq!(row(json!("pic_url, rows[].parts[].at")), pic);
        let whole = json!({ "parts": [{ "id": 1, "at": "t", "value": "v" }], "unread": 2 });
        assert_eq!(row(json!(["parts"])), whole);
        let default = json!({ "uuid": "1", "parts": [{ "id": 1, "value": "v" }], "unread": 2 });
        let (fields, mut result) = (fields(), page());
        for none in [json!([]), json!(""), Value::Null] {
            let choice = fields.choice(&mut json!({ "fields": none })).unwrap().apply(&mut result);
            assert_eq!(result["rows"][0], default, "{choice:?}");
        }
    }

    #[test]
    fn what_comes_anyway_may_be_named_and_a_field_by_its_last_name_where_it_is_the_only_one() {
        let row = |asked: Value| {
            let (fields, mut result) = (fields(), page());
            fields.choice(&mut json!({ "fields": asked })).unwrap().apply(&mut result);
            (result["rows"][0].take(), result["next"].take())
        };
        let default = json!({ "uuid": "1", "parts": [{ "id": 1, "value": "v" }], "unread": 2 });
        for anyway in [json!(["next"]), json!("words, rows"), json!(["Rows[]"]), json!(["rows"])] {
            assert_eq!(row(anyway.clone()), (default.clone(), json!(3)), "{anyway}");
        }
        assert_eq!(row(json!(["unread"])).0, json!({ "unread": 2 }));
        let whole = json!({ "uuid": "1", "pic-url": "u", "unread": 2,
            "parts": [{ "id": 1, "at": "t", "value": "v" }] });
        assert_eq!((row(json!("all")).0, row(json!(["*"])).0), (whole.clone(), whole));
        let value = json!({ "parts": [{ "value": "v" }], "unread": 2 });
        assert_eq!(row(json!(["value"])).0, value);
        let of_two = "package a:b; interface actions {
          record one { same: u32 } record two { same: u32 }
          record row { first: list<one>, second: list<two> }
          record page { rows: list<row> }
          /// Effect: reads.
          read: func() -> page; }";
        let docs = Docs::from_wit(of_two.to_owned());
        let fields = Fields::of(&tool("read", &json!({})), &docs).unwrap();
        let why = fields.choice(&mut json!({ "fields": "same" })).unwrap_err();
        assert!(why.contains("there is no field `same`"), "{why}");
    }

    #[test]
    fn a_name_of_no_field_is_refused_with_those_that_there_are() {
        let why = |asked: Value| fields().choice(&mut json!({ "fields": asked })).unwrap_err();
        let expected = "fields[1]: there is no field `parts.no`; did you mean `parts`? There are \
                        uuid, pic-url, parts, parts.id, parts.at, parts.value, unread";
        assert_eq!(why(json!(["uuid", "parts.no"])), expected);
        assert!(
            why(json!("zzz")).starts_with("fields[0]: there is no field `zzz`; there are uuid")
        );
        assert_eq!(why(json!([7])), "fields[0]: expected the name of a field; found 7");
    }
}
