//! What strangers write into their names does nothing but be read.

use crate::support::told::told;

#[test]
fn a_hostile_name_is_text_in_markdown_and_breaks_no_table() {
    let run = told(&["--no-api"], &[]);
    let text = run.output();
    assert!(text.contains(r"\[x\](http\://evil\.example)\<script\>"), "{text}");
    let mut bare = text.to_owned();
    while let Some(place) = bare.find('\\') {
        bare.replace_range(place..place + 2, "");
    }
    for sign in ["[", "]", "<", "`", "://", "www.", "\u{202E}"] {
        assert!(!bare.contains(sign), "{sign}: {text}");
    }
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 5, "{text}");
    for row in rows {
        assert_eq!(row.replace(r"\|", "").matches('|').count(), 5, "{row}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("# ")).count(), 1, "{text}");
}

#[test]
fn a_hostile_name_is_text_in_a_page_that_needs_nothing_but_itself() {
    let run = told(&["--no-api", "--output", "html"], &[]);
    let page = run.output();
    assert!(
        page.contains("[x](http://evil.example)&lt;script&gt;alert(1)&lt;/script&gt;"),
        "{page}"
    );
    for word in ["<script", "src=", "href=", "url(", "@import", "javascript:", "\u{202E}"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    let opened = page.matches("<section").count();
    assert!(opened >= 4 && opened == page.matches("</section>").count(), "{page}");
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme:dark"));
}
