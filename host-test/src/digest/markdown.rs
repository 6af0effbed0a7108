//! What does a summary look like as text? Markdown that reads well as it is.

use std::fmt::Write;

use super::{
    Digest, counted,
    figures::{Chat, Figures},
    text::markdown,
    words::known,
};

/// The summary as Markdown.
pub(crate) fn written(digest: &Digest) -> String {
    let mut text = format!("# {}\n\n", digest.title);
    let account = digest.account.as_deref().map(|name| markdown(name) + ", ").unwrap_or_default();
    let mut add = |part: String| text += &part;
    add(format!("{account}{}.\n\n", markdown(&digest.span())));
    for (name, value) in digest.rows().into_iter().chain(digest.besides()) {
        add(format!("- {name}: {}\n", markdown(&value)));
    }
    if let Some(figures) = &digest.events {
        add(hours(figures));
        add(chats(&figures.busiest_chats));
    }
    add(list("Not read or not handed on", &digest.kept_back()));
    add(list("Missing", &digest.missing));
    add(list("To be known", &digest.warnings));
    text
}

fn list(title: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let lines = sentences.iter().map(|it| format!("- {}\n", markdown(it)));
    format!("\n## {title}\n\n{}", lines.collect::<String>())
}

/// When most was written.
fn hours(figures: &Figures) -> String {
    let hours = figures.messages.by_hour.iter().enumerate();
    let busiest = hours.max_by_key(|(hour, it)| (it.messages(), usize::MAX - hour));
    match busiest {
        Some((hour, it)) if it.messages() > 0 => {
            let count = counted(it.messages(), "message", "messages");
            format!("- Busiest hour: {hour:02}:00, {count}\n")
        }
        _ => String::new(),
    }
}

fn chats(chats: &[Chat]) -> String {
    if chats.is_empty() {
        return String::new();
    }
    let mut text =
        "\n## Busiest chats\n\n| Who | Number | In | Out |\n| --- | --- | ---: | ---: |\n"
            .to_owned();
    for chat in chats {
        let number = chat.number.as_deref().map(markdown).unwrap_or_default();
        let name = markdown(chat.who());
        let (incoming, outgoing) = (known(chat.incoming), known(chat.outgoing));
        // A `String` takes all that is written to it.
        let _ = writeln!(text, "| {name} | {number} | {incoming} | {outgoing} |");
    }
    text
}
