//! By which rules are events handed on, while their policy is changed? By those that stand
//! in the file now, as a whole or not at all.
//!
//! Where the file cannot be followed, what comes is stored and not read: which rules it is
//! for will be known when the file is right. What waits for rules waits until then too.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use host::engine::Connector;
use tokio::{
    sync::{Notify, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    handing_on::{HandingOn, Target, UnderWay},
    hearing,
    reading::{Reading, Would},
    targets::Makings,
    writer::Writer,
};
use crate::{exit::CommandError, terminal};

/// So often is looked whether the file has changed. One that is just being written is left
/// until it stays as it is for so long.
const LOOK: Duration = Duration::from_secs(1);
/// What else rules need, such as a secret, may be right again without a change of the file:
/// so often that is looked for.
const LOOKS: u32 = 30;
/// So long what is under way may take to end, when all is to.
const LAST: Duration = Duration::from_secs(10);

/// Who reads and hands on.
pub(crate) struct Following {
    pub(crate) connector: Connector,
    pub(crate) writer: Writer,
    /// The id of the store.
    pub(crate) store: String,
    /// What flags name, which does not change.
    pub(crate) flags: Vec<Arc<Target>>,
    /// What the policy's rules are made of, if there is a policy.
    pub(crate) makings: Option<Makings>,
    /// Hears that something is stored.
    pub(crate) stored: Arc<Notify>,
    /// So many tries are made of one thing.
    pub(crate) tries: u32,
    /// Whether rules are only told of.
    pub(crate) is_dry: bool,
}

/// The targets of rules, or why they cannot be followed.
type Rules = Result<Vec<Arc<Target>>, String>;

/// What tells a file from itself after a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp(Option<(u64, u64, i64, i64)>);

impl Stamp {
    /// That of no file.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn of(file: &Path) -> Self {
        let told = |it: fs::Metadata| (it.ino(), it.size(), it.ctime(), it.ctime_nsec());
        Self(fs::metadata(file).ok().map(told))
    }
}

/// The policy's file, as it was when its rules were read.
#[derive(Clone)]
pub(crate) struct AsRead(Option<(PathBuf, Stamp)>);

impl AsRead {
    /// Whether it is so still, so that they are those of the file.
    pub(crate) fn is_still(&self) -> bool {
        self.0.as_ref().is_none_or(|(file, stamp)| Stamp::of(file) == *stamp)
    }
}

impl Following {
    /// Goes on from these rules, which were read when the file was so, until it is told to
    /// end.
    pub(crate) async fn go_on(
        self,
        rules: Vec<Arc<Target>>,
        mut stamp: Stamp,
        mut end: oneshot::Receiver<()>,
    ) {
        let (mut rules, mut work) = (Rules::Ok(rules), JoinSet::new());
        let under_way = Arc::<UnderWay>::default();
        let dry = self.is_dry.then(Arc::<Would>::default);
        loop {
            let file = self.makings.as_ref().map(|makings| (makings.file.clone(), stamp));
            let policy = AsRead(file);
            let targets = rules.as_ref().map_or(&[][..], Vec::as_slice);
            let targets = Arc::new([&self.flags[..], targets].concat());
            let (waits, is_ending) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
            let reading = rules.is_ok().then(|| {
                let reading = Reading {
                    connector: self.connector.clone(),
                    writer: self.writer.clone(),
                    targets: Arc::clone(&targets),
                    policy: policy.clone(),
                    stored: Arc::clone(&self.stored),
                    waits: Arc::clone(&waits),
                    dry: dry.clone(),
                    is_ending: Arc::clone(&is_ending),
                };
                tokio::spawn(reading.go_on())
            });
            let handing_on = Arc::new(HandingOn {
                writer: self.writer.clone(),
                store: self.store.clone(),
                targets,
                policy,
                waits: Arc::clone(&waits),
                tries: self.tries,
                under_way: Arc::clone(&under_way),
                is_ending: Arc::clone(&is_ending),
            });
            if !self.is_dry {
                handing_on.begin(&mut work);
            }
            let changed = tokio::select! {
                _ = &mut end => None,
                changed = self.changed(&mut stamp, &rules) => Some(changed),
            };
            is_ending.store(true, Relaxed);
            waits.notify_waiters();
            let Some(changed) = changed else {
                reading.inspect(|reading| reading.abort());
                break;
            };
            self.stored.notify_waiters();
            if let Some(reading) = reading {
                // What it has read is written down for the rules that it was read by.
                let _ = reading.await;
            }
            while work.try_join_next().is_some() {}
            rules = changed;
            self.tell(&rules).await;
        }
        if let Some(told) = under_way.told() {
            terminal::say(&format!(
                "twochat: waiting up to {} s for what is under way: {told}; another Ctrl-C ends it \
                 at once",
                LAST.as_secs()
            ));
        }
        let _ = timeout(LAST, async { while work.join_next().await.is_some() {} }).await;
    }

    /// The rules once they are others, or can or cannot be followed any more.
    async fn changed(&self, stamp: &mut Stamp, rules: &Rules) -> Rules {
        let Some(makings) = &self.makings else { return std::future::pending().await };
        let (mut last, mut looks) = (*stamp, 0);
        loop {
            sleep(LOOK).await;
            let now = Stamp::of(&makings.file);
            let is_settled = now == last;
            last = now;
            looks += 1;
            let is_again = rules.is_err() && looks >= LOOKS;
            if !is_settled || (now == *stamp && !is_again) {
                continue;
            }
            (*stamp, looks) = (now, 0);
            match (made(makings).await, rules) {
                (Err(why), Err(known)) if why == *known => {}
                (new, _) => return new,
            }
        }
    }

    async fn tell(&self, rules: &Rules) {
        let targets = match rules {
            Ok(targets) => targets,
            Err(why) => {
                terminal::say(&format!(
                    "twochat: {why}\ntwochat: until the policy can be followed, what comes is \
                     stored and waits, also for --run and --forward, and so does what is to be \
                     handed on by its rules"
                ));
                return;
            }
        };
        let all: Vec<_> = self.flags.iter().chain(targets).map(|it| it.name.clone()).collect();
        match hearing::settled(&self.writer, all).await {
            Ok(to) => {
                terminal::say(&format!("twochat: the policy was read again; handed on to {to}"));
            }
            Err(why) => terminal::say(&format!("twochat: the policy was read again; {why}")),
        }
        if let Some(makings) = &self.makings {
            makings.warn_of(targets);
        }
    }
}

async fn made(makings: &Makings) -> Rules {
    let made = makings.targets().await.map_err(|error: CommandError| error.to_string())?;
    Ok(made.into_iter().map(Arc::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_replaced_or_is_gone_is_told_from_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        let none = Stamp::of(&file);
        fs::write(&file, "a").unwrap();
        let first = Stamp::of(&file);
        assert!(first != none && first == Stamp::of(&file));
        let beside = folder.path().join("new");
        fs::write(&beside, "b").unwrap();
        fs::rename(&beside, &file).unwrap();
        let second = Stamp::of(&file);
        assert_ne!(first, second);
        fs::write(&file, "ab").unwrap();
        assert_ne!(second, Stamp::of(&file));
    }
}
