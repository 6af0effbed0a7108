//! What does a summary look like? One page that needs nothing but itself: no script, no
//! request, light or dark as the reader has it, and of a form that mail programs show too.

use std::fmt::Write;

use super::{
    Digest, counted,
    figures::{Chat, Figures, Hour},
    text::html,
    words::{known, sums},
};

/// Pixels of the highest bar.
const HEIGHT: u64 = 96;

/// Old mail programs know neither variables nor grids, so each colour stands where it is used.
const STYLE: &str = "\
body{margin:0;background:#f3f5f6;color:#172026;font:16px/1.5 system-ui,-apple-system,'Segoe UI',\
sans-serif}
main{max-width:880px;margin:0 auto;padding:28px 16px 40px}
h1{font-size:28px;line-height:1.2;margin:0}
h2{font-size:17px;margin:0 0 12px}
p{margin:4px 0 0}
.quiet{color:#5a6872;font-size:14px}
.card{background:#fff;border-radius:14px;padding:18px 20px;margin-top:14px}
.figures{margin:20px -6px 0;display:flex;flex-wrap:wrap}
.figure{display:inline-block;vertical-align:top;width:25%;box-sizing:border-box;padding:6px}
.figure div{background:#fff;border-radius:14px;padding:16px 18px;height:100%;min-height:96px;\
box-sizing:border-box}
.figure b{display:block;font-size:34px;line-height:1.1;font-weight:650;font-variant-numeric:\
tabular-nums;overflow-wrap:anywhere}
.figure i{display:block;font-style:normal;color:#5a6872;font-size:13px;line-height:1.35;\
overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th{font-weight:400;color:#5a6872;font-size:13px;text-align:left;padding:4px 0}
td{padding:7px 0;border-top:1px solid #e3e8eb;overflow-wrap:anywhere}
td.count,th.count{text-align:right;white-space:nowrap;padding-left:14px;width:1%}
.hours{table-layout:fixed}
.hours td{border:0;padding:0 1px;vertical-align:bottom}
.hours th{text-align:left;padding:4px 0 0 1px;font-size:12px}
.in{background:#0a7c66;border-radius:3px 3px 0 0}
.out{background:#a9c9c1}
.none{background:#e3e8eb;height:2px}
.key{display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 5px 0 12px}
li{margin-top:6px;overflow-wrap:anywhere}
ul{margin:0;padding-left:20px}
.warn{background:#fff4dd}
@media(max-width:640px){.figure{width:50%}h1{font-size:24px}.figure b{font-size:28px}\
.figure div{padding:14px}}
@media(prefers-color-scheme:dark){
body{background:#0e1316;color:#e6ecef}
.card,.figure div{background:#182025}
.quiet,.figure i,th{color:#94a3ad}
td{border-color:#28333a}
.in{background:#35c6a4}
.out{background:#2f5f55}
.none{background:#28333a}
.warn{background:#33290f}
}";

/// The summary as a page.
pub(crate) fn written(digest: &Digest) -> String {
    let account = digest.account.as_deref().map(|name| html(name) + "<br>").unwrap_or_default();
    let title = html(&digest.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n<p class=\"quiet\">{account}{}</p>\n",
        html(&digest.span())
    );
    page += &figures(digest);
    if let Some(events) = &digest.events {
        page += &hours(&events.messages.by_hour);
        page += &chats(&events.busiest_chats);
    }
    page += &list("Missing", &digest.missing, "card warn");
    page += &list("Not read or not handed on", &digest.kept_back(), "card warn");
    page += &list("To be known", &digest.warnings, "card warn");
    page += &besides(digest);
    page + "</main>\n</body>\n</html>\n"
}

fn besides(digest: &Digest) -> String {
    let rows = digest.besides().into_iter().map(|(name, value)| {
        let (name, value) = (html(name), html(&value));
        format!("<tr><td>{name}</td><td class=\"count\">{value}</td></tr>\n")
    });
    let rows = rows.collect::<String>();
    if rows.is_empty() { rows } else { card("Besides", &format!("<table>{rows}</table>")) }
}

fn card(title: &str, content: &str) -> String {
    format!("<section class=\"card\"><h2>{title}</h2>\n{content}</section>\n")
}

fn figures(digest: &Digest) -> String {
    let mut all = Vec::new();
    if let Some(Figures { conversations, messages, orders, calls, .. }) = &digest.events {
        let some = |count: u64, what: &str| match count {
            0 => String::new(),
            count => format!("{count} {what}"),
        };
        let mut add = |count: Option<u64>, name, more: String| {
            all.extend(count.map(|count| (count.to_string(), name, more)));
        };
        let chats = messages.chats.map(|count| format!("in {}", counted(count, "chat", "chats")));
        add(messages.incoming, "messages in", chats.unwrap_or_default());
        add(messages.outgoing, "messages out", String::new());
        if let Some(it) = conversations {
            add(Some(it.begun), "conversations begun", some(it.first_ever, "first ever"));
        }
        if let Some(it) = orders {
            add(Some(it.count), "orders", sums(it).trim_start_matches(": ").to_owned());
        }
        if let Some(it) = calls {
            add(Some(it.missed), "missed calls", some(it.unclear, "more unclear"));
        }
    }
    if let Some(added) = &digest.contacts {
        let names = added.names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        all.push((added.added.to_string(), "contacts added", names));
    }
    if let Some(credits) = &digest.credits {
        let used = credits.used.map(|used| format!("{used} used")).unwrap_or_default();
        all.push((credits.left_in_words(), "credits left", used));
    }
    let mut text = "<div class=\"figures\">".to_owned();
    for (count, name, more) in all {
        let (count, more) = (html(&count), html(&more));
        // Without white space between them, which would take room.
        let _ = write!(
            text,
            "<div class=\"figure\"><div><b>{count}</b>{name}<i>{more}</i></div></div>"
        );
    }
    text + "</div>\n"
}

fn hours(hours: &[Hour]) -> String {
    let most = hours.iter().map(|it| it.messages()).max().unwrap_or_default();
    if most == 0 {
        return String::new();
    }
    let bar = |class: &str, count: u64| match count * HEIGHT / most {
        0 if count == 0 => String::new(),
        height => format!("<div class=\"{class}\" style=\"height:{}px\"></div>", height.max(2)),
    };
    let (mut bars, mut names) = (String::new(), String::new());
    for (hour, it) in hours.iter().enumerate() {
        let none = if it.messages() == 0 { "<div class=\"none\"></div>" } else { "" };
        let told = [(it.incoming, "in"), (it.outgoing, "out")];
        let told = told.map(|(count, way)| count.map(|count| format!(", {count} {way}")));
        let _ = write!(
            bars,
            "<td title=\"{hour:02}:00{}\">{}{}{none}</td>",
            told.into_iter().flatten().collect::<String>(),
            bar("in", it.incoming.unwrap_or_default()),
            bar("out", it.outgoing.unwrap_or_default())
        );
        if hour % 6 == 0 {
            let _ = write!(names, "<th colspan=\"6\">{hour:02}:00</th>");
        }
    }
    let key = "<p class=\"quiet\" style=\"margin-left:-12px\"><span class=\"key in\"></span>in\
               <span class=\"key out\"></span>out</p>";
    let table = format!("<table class=\"hours\"><tr>{bars}</tr>\n<tr>{names}</tr></table>{key}\n");
    card("Messages by the hour", &table)
}

fn chats(chats: &[Chat]) -> String {
    if chats.is_empty() {
        return String::new();
    }
    let mut table = "<table><tr><th>Who</th><th class=\"count\">In</th><th class=\"count\">Out\
                     </th></tr>\n"
        .to_owned();
    for chat in chats {
        let number = chat.number.as_deref();
        let name = Some(chat.who()).filter(|who| !who.is_empty()).or(number).unwrap_or_default();
        let number = number.filter(|number| *number != name);
        let number = number.map(|it| format!(" <span class=\"quiet\">{}</span>", html(it)));
        let _ = writeln!(
            table,
            "<tr><td><bdi>{}</bdi>{}</td><td class=\"count\">{}</td><td class=\"count\">{}</td></tr>",
            html(name),
            number.unwrap_or_default(),
            known(chat.incoming),
            known(chat.outgoing)
        );
    }
    card("Busiest chats", &(table + "</table>"))
}

fn list(title: &str, sentences: &[String], class: &str) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let items = sentences.iter().map(|it| format!("<li>{}</li>\n", html(it)));
    let items = items.collect::<String>();
    format!("<section class=\"{class}\"><h2>{title}</h2>\n<ul>{items}</ul></section>\n")
}
