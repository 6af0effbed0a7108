//! How far is it, how fast, and what is waited for? One line that changes, on a
//! terminal; elsewhere only long waits are told, a line each.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde_json::Value;

use crate::{digest::counted, paint::visible, terminal};

/// How often the line is drawn anew, so that a wait counts down.
const TICK: Duration = Duration::from_millis(200);
/// Whoever sees nothing for longer wants to know why.
const LONG: Duration = Duration::from_secs(10);

/// The line of some work.
pub(crate) struct Progress {
    line: ProgressBar,
    doing: Arc<Mutex<Doing>>,
}

/// What the line tells.
#[derive(Default)]
struct Doing {
    /// Rows so far, those of an earlier part, and since when others came.
    rows: Option<(u64, u64, Instant)>,
    /// How many of them there are going to be, where each is a call.
    total: Option<u64>,
    /// The page that is asked for, and since when.
    page: Option<(u64, Instant)>,
    /// What is waited for, and until when.
    wait: Option<(String, Instant)>,
}

impl Progress {
    /// That of a call, which is shown while it waits.
    pub(crate) fn of_call() -> Self {
        Self::telling(Doing::default())
    }

    /// That of many pages, after the rows of an earlier part.
    pub(crate) fn of_rows(before: u64) -> Self {
        let rows = Some((before, before, Instant::now()));
        let progress = Self::telling(Doing { rows, ..Doing::default() });
        progress.show();
        progress
    }

    /// That of so many calls, one for each row.
    pub(crate) fn of_calls(total: u64) -> Self {
        let rows = Some((0, 0, Instant::now()));
        let progress = Self::telling(Doing { rows, total: Some(total), ..Doing::default() });
        progress.show();
        progress
    }

    fn telling(doing: Doing) -> Self {
        let doing = Arc::new(Mutex::new(doing));
        let line = ProgressBar::hidden();
        let known = Arc::clone(&doing);
        let tell = move |_: &ProgressState, line: &mut dyn Write| {
            // It is drawn again soon.
            let _ = line.write_str(&known.lock().unwrap_or_else(PoisonError::into_inner).line());
        };
        if let Ok(style) = ProgressStyle::with_template("{doing}") {
            line.set_style(style.with_key("doing", tell));
        }
        Self { line, doing }
    }

    fn show(&self) {
        if self.line.is_hidden() && terminal::is_heard() {
            self.line.set_draw_target(terminal::drawing());
            self.line.enable_steady_tick(TICK);
        }
    }

    /// So many rows there are, and this page is asked for, or the row of this line sent.
    pub(crate) fn asks_for(&self, rows: u64, page: u64) {
        self.change(|doing| {
            if let Some((now, ..)) = &mut doing.rows {
                *now = rows;
            }
            (doing.page, doing.wait) = (Some((page, Instant::now())), None);
        });
    }

    /// The error allows another try after this wait.
    pub(crate) fn waits(&self, error: &Value, wait: Duration) {
        let kind = error.get("kind").and_then(Value::as_str).unwrap_or("an error");
        let wait = (visible(kind), Instant::now() + wait);
        self.change(|doing| doing.wait = Some(wait));
        self.show();
        let doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wait) = doing.long_wait(Instant::now()).filter(|_| !terminal::is_heard()) {
            terminal::say(&format!("twochat: {wait}"));
        }
    }

    /// Lets others write where the line stands.
    pub(crate) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.line.suspend(write)
    }

    fn change(&self, change: impl FnOnce(&mut Doing)) {
        change(&mut self.doing.lock().unwrap_or_else(PoisonError::into_inner));
        self.line.tick();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

impl Doing {
    fn line(&self) -> String {
        let now = Instant::now();
        let wait = self.wait.as_ref().filter(|(_, until)| *until > now).map(|(kind, until)| {
            format!("{kind}: waiting {} s", until.duration_since(now).as_secs_f64().ceil())
        });
        let Some((rows, before, since)) = self.rows else { return wait.unwrap_or_default() };
        #[expect(clippy::cast_precision_loss, reason = "it is shown to no more places")]
        let rate = (rows - before) as f64 / now.duration_since(since).as_secs_f64().max(0.001);
        let page = self.page.map(|(page, _)| page).unwrap_or_default();
        if let Some(total) = self.total {
            let sending = self.page.map(|(line, _)| format!("sending line {line}"));
            let doing = wait.or(sending).map(|doing| format!(", {doing}")).unwrap_or_default();
            return format!("{rows} of {total}, {:.0} a minute{doing}", rate * 60.0);
        }
        let doing = wait.unwrap_or_else(|| format!("reading page {page}"));
        format!("{}, {rate:.0} rows/s, {doing}", counted(rows, "row", "rows"))
    }

    /// The wait for a page, where nothing came for long when it is over.
    fn long_wait(&self, now: Instant) -> Option<String> {
        let ((page, since), (kind, until)) = (self.page?, self.wait.as_ref()?);
        let seconds = until.saturating_duration_since(now).as_secs_f64().ceil();
        let is_long = until.saturating_duration_since(since) >= LONG;
        let what = if self.total.is_some() { "line" } else { "page" };
        is_long.then(|| format!("{what} {page}: {kind}: waiting {seconds} s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_count_rate_and_a_wait_that_goes_down() {
        let since = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        let mut doing =
            Doing { rows: Some((300, 100, since)), page: Some((3, since)), ..Doing::default() };
        assert_eq!(doing.line(), "300 rows, 20 rows/s, reading page 3");
        let until = Instant::now() + Duration::from_millis(6500);
        doing.wait = Some(("rate-limited".to_owned(), until));
        assert_eq!(doing.line(), "300 rows, 20 rows/s, rate-limited: waiting 7 s");
        doing.wait = Some(("rate-limited".to_owned(), Instant::now()));
        assert!(doing.line().ends_with("reading page 3"));
        (doing.total, doing.page) = (Some(7), None);
        assert!(doing.line().ends_with(" a minute"), "{}", doing.line());
        doing.page = Some((2, Instant::now()));
        assert!(doing.line().ends_with(" a minute, sending line 2"), "{}", doing.line());
    }

    #[test]
    fn a_wait_is_long_with_those_before_it() {
        let now = Instant::now();
        let told = |since: u64, wait: u64| {
            let page = Some((3, now.checked_sub(Duration::from_secs(since)).unwrap()));
            let wait = Some(("busy".to_owned(), now + Duration::from_secs(wait)));
            Doing { page, wait, ..Doing::default() }.long_wait(now)
        };
        assert_eq!((told(0, 9), told(7, 2)), (None, None));
        let expected = "page 3: busy: waiting 4 s";
        assert_eq!(told(6, 4).as_deref(), Some(expected));
        assert!(told(0, 10).is_some() && Doing::default().long_wait(now).is_none());
    }
}
