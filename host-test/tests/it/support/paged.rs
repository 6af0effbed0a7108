//! A component whose pages are fixed when it is made: it reaches out to nothing, and
//! gives whatever a vendor could.

use std::{fmt::Write, path::PathBuf};

use super::shell::file;

/// A page, as the component gives it.
#[derive(Clone, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<String>,
    pub(crate) next: Option<u32>,
    pub(crate) count: Option<u64>,
    pub(crate) skipped: Vec<&'static str>,
}

/// A page of the rows with these numbers.
pub(crate) fn page(rows: std::ops::Range<u32>, next: Option<u32>) -> Page {
    let rows = rows.map(|number| format!("ROW{number:03}")).collect();
    Page { rows, next, ..Page::default() }
}

/// Bytes of a page's record.
const SIZE: usize = 48;
/// Where they begin.
const BASE: usize = 4096;

/// The file of a component that gives these pages; a page beyond them is the last.
pub(crate) fn component(name: &str, pages: &[Page]) -> PathBuf {
    let mut memory = vec![0; pages.len() * SIZE];
    let text = |memory: &mut Vec<u8>, text: &str| {
        let at = BASE + memory.len();
        memory.extend(text.as_bytes());
        pair(at, text.len())
    };
    for (number, page) in pages.iter().enumerate() {
        let lists =
            [page.rows.iter().map(String::as_str).collect::<Vec<_>>(), page.skipped.clone()];
        let [rows, places] = lists.map(|texts| {
            let pairs: Vec<_> = texts.iter().map(|one| text(&mut memory, one)).collect();
            while !memory.len().is_multiple_of(8) {
                memory.push(0);
            }
            let at = BASE + memory.len();
            memory.extend(pairs.concat());
            pair(at, texts.len())
        });
        let record = &mut memory[number * SIZE..][..SIZE];
        record[..8].copy_from_slice(&rows);
        record[8] = u8::from(page.next.is_some());
        record[12..16].copy_from_slice(&page.next.unwrap_or_default().to_le_bytes());
        record[16] = u8::from(page.count.is_some());
        record[24..32].copy_from_slice(&page.count.unwrap_or_default().to_le_bytes());
        record[32..36].copy_from_slice(&u32::try_from(page.skipped.len()).unwrap().to_le_bytes());
        record[36..44].copy_from_slice(&places);
    }
    let mut data = String::new();
    memory.iter().for_each(|byte| write!(data, "\\{byte:02x}").unwrap());
    let last = pages.len() - 1;
    let text = format!(
        r#"(component
        (type $row' (record (field "uuid" string)))
        (export $row "row" (type $row'))
        (type $skipped' (record (field "count" u32) (field "places" (list string))))
        (export $skipped "skipped" (type $skipped'))
        (type $page' (record (field "rows" (list $row)) (field "next-page" (option u32))
            (field "reported-count" (option u64)) (field "skipped" $skipped)))
        (export $page "page" (type $page'))
        (core module $code
            (memory (export "memory") 4)
            (data (i32.const {BASE}) "{data}")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
            (func (export "list") (param $page i32) (result i32)
                (i32.add (i32.const {BASE}) (i32.mul (i32.const {SIZE})
                    (select (local.get $page) (i32.const {last})
                        (i32.lt_u (local.get $page) (i32.const {last})))))))
        (core instance $code (instantiate $code))
        (alias core export $code "memory" (core memory $memory))
        (alias core export $code "realloc" (core func $realloc))
        (func $list (param "page-number" u32) (result $page)
            (canon lift (core func $code "list") (memory $memory) (realloc (func $realloc))))
        (instance $actions (export "list" (func $list)))
        (export "test:paged/actions" (instance $actions)))"#
    );
    file(name, &wat::parse_str(text).unwrap())
}

/// Where a text or a list is, and how long.
fn pair(at: usize, length: usize) -> Vec<u8> {
    [at, length].map(|number| u32::try_from(number).unwrap().to_le_bytes()).concat()
}
