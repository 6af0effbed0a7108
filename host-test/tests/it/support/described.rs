//! Components that carry docs: those of the one of every type, and any others.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use host::docs::SECTION;

/// Docs of every kind of place, written for the types of `EVERYTHING_WAT`.
pub(crate) const WIT: &str = r#"
/// A package of many things.
package test:load@0.1.0;

/// What can be done with things.
///
/// Two paragraphs of it.
interface actions {
  use things.{everything, span as minutes};

  /// Give a thing
  /// back.
  ///
  /// Title: Echo of all
  /// Effect: reads. Repeating: safe, it costs nothing.
  echo: func(value: everything) -> everything;
  /// Title: Reminder
  /// Effect: creates. Repeating: not safe, it reminds twice.
  remind: func(minutes: minutes, about: option<subject>);
  fail: func() -> result;

  /// A few words.
  /// Limits: 1..80
  type subject = string;
}

interface things {
  /// A color.
  /// Example: "red"
  enum color {
    /// As blood.
    red,
    dark-green,
  }
  /// What may be done.
  flags rights {
    /// To look.
    read,
    write,
    /// To give
    /// away.
    share,
  }
  /// A shape.
  variant shape {
    /// No length at all.
    dot,
    /// From here to there.
    /// Limits: 1..9
    line(u32),
    named(option<string>),
  }
  /// A part.
  record inner {
    /// Its name.
    name: string,
    tags: option<list<tag>>,
  }
  /// A word.
  /// Limits: 1..
  type tag = word;
  /// A piece of text.
  /// Limits: ..20
  type word = string;
  /// A time in minutes.
  /// Limits: 1..240
  /// Example: 15
  type span = u8;
  /// Maybe a number.
  /// Limits: 2..5
  type perhaps = option<u32>;

  /// All there is.
  record everything {
    /// A small number.
    /// Limits: 1..100
    /// Example: 7
    %u8: u8,
    /// Limits: 10..
    %u16: u16,
    /// Limits: ..10
    %u32: u32,
    %u64: u64, %s8: s8, %s16: s16, %s32: s32, %s64: s64,
    /// Limits: -0.5..0.5
    %f32: f32,
    %f64: f64,
    yes: bool,
    letter: char,
    /// Limits: 0..2000
    /// Example: "word"
    text: string,
    /// Limits: 1..50
    /// Example: [[1]]
    grid: list<list<u16>>,
    pair: tuple<span, tag>,
    /// Its color.
    color: color,
    rights: rights,
    shape: shape,
    outcome: result<u8, tag>,
    bare: result,
    maybe: perhaps,
    inner: list<inner>,
  }
}
"#;

/// As the docs are packed.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7F {
        bytes.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The component, carrying these bytes where docs are looked for.
pub(crate) fn with_docs(mut component: Vec<u8>, section: &[u8]) -> Vec<u8> {
    let content = [&leb128(SECTION.len()), SECTION.as_bytes(), section].concat();
    component.push(0);
    component.extend(leb128(content.len()));
    component.extend(content);
    component
}

/// The docs, one line replaced.
pub(crate) fn edited(line: &str, by: &str) -> String {
    assert_eq!(WIT.matches(line).count(), 1, "{line}");
    WIT.replace(line, by)
}
