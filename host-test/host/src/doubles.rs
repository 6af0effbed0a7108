//! Does a JSON text give a member twice? Which of both is meant is anybody's guess, and two
//! readers may guess differently.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A member that an object of the text gives twice; `None` if there is none, or the text is
/// no JSON.
#[must_use]
pub fn doubled(text: &[u8]) -> Option<String> {
    let mut found = None;
    // What is wrong with it otherwise, its reader says.
    let _ = Look(&mut found).deserialize(&mut serde_json::Deserializer::from_slice(text));
    found
}

/// Notes the first one that it meets.
struct Look<'f>(&'f mut Option<String>);

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if self.0.is_some() {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            members.next_value_seed(Look(self.0))?;
            if let Some(double) = names.replace(name) {
                self.0.get_or_insert(double);
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        while items.next_element_seed(Look(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::doubled;

    #[test]
    fn what_one_object_gives_twice_is_found_however_deep_and_however_it_is_written() {
        for (text, name) in [
            (r#"{"a":1,"b":2,"a":1}"#, Some("a")),
            (r#"[1,{"x":{"é":1,"\u00e9":2}}]"#, Some("é")),
            (r#"{"a":{"b":1},"c":[{"b":1,"b":2}]}"#, Some("b")),
            (r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}],"c":null,"d":true,"e":-1.5}"#, None),
            (r#"{"a":1,"a""#, None),
            ("7", None),
            ("no", None),
        ] {
            assert_eq!(doubled(text.as_bytes()).as_deref(), name, "{text}");
        }
    }
}
