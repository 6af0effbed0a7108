//! The cache of compiled components: that it saves the compiling, and that an
//! entry is run only if nobody else can have written it.
//!
//! What was run shows in the actions: a planted entry is good machine code of
//! another component, which a careless cache would run in place of the one
//! that was asked for.

use std::{
    fs::{self, File, FileTimes, Metadata, Permissions},
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

use host::{cache::Cache, engine::Connector};
use serde_json::json;

use crate::support::{CONNECTOR, everything::HOST, hook::Hook, schemas::EVENT_TOOLS, shell};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Two components that are compiled in no time; the names are of their actions.
static ASKED: LazyLock<Vec<u8>> = LazyLock::new(|| component("asked"));
static PLANTED: LazyLock<Vec<u8>> = LazyLock::new(|| component("planted"));

fn component(action: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $code (func (export "f") (result i32) (i32.const 7)))
            (core instance $code (instantiate $code))
            (func $f (result u32) (canon lift (core func $code "f")))
            (instance $actions (export "{action}" (func $f)))
            (export "test:cache/actions" (instance $actions)))"#
    );
    wat::parse_str(text).unwrap()
}

/// A folder that holds an empty cache in `cache`.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(shell::folder(&format!("cache-{name}")))
    }

    fn folder(&self) -> PathBuf {
        self.0.join("cache")
    }

    fn load(&self, bytes: &[u8]) -> Connector {
        HOST.load_cached(bytes, &Cache::at(self.folder())).unwrap()
    }

    /// The only entry.
    fn entry(&self) -> PathBuf {
        let entries = entries(&self.folder());
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }

    /// Puts another component's code where that of the asked one is looked for.
    fn plant(&self) -> PathBuf {
        self.load(&PLANTED);
        let code = self.entry();
        let poison = fs::read(&code).unwrap();
        fs::remove_file(code).unwrap();
        self.load(&ASKED);
        let entry = self.entry();
        fs::write(&entry, poison).unwrap();
        entry
    }

    /// What is run when the asked one is wanted.
    fn found(&self) -> Vec<String> {
        names(&self.load(&ASKED))
    }
}

fn names(connector: &Connector) -> Vec<String> {
    connector.actions().iter().map(|action| action.name.clone()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries
}

/// What changes when a file is written anew.
fn state(path: &Path) -> (u64, i64, i64, u64) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.len())
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("NOT TESTED: only root can give a file to another user");
    }
    root
}

#[tokio::test]
async fn a_component_is_compiled_once_and_works_from_its_entry() {
    let place = Place::new("once");
    let started = Instant::now();
    let compiled = place.load(CONNECTOR);
    let first = started.elapsed();
    let entry = state(&place.entry());
    let later = (0..3).map(|_| {
        let started = Instant::now();
        let loaded = place.load(CONNECTOR);
        (started.elapsed(), names(&loaded))
    });
    let (later, names_later) = later.min().unwrap();
    println!("compiled in {first:?}, loaded in {later:?}");
    assert!(later * 3 < first, "compiled in {first:?}, loaded in {later:?}");
    let of_events = EVENT_TOOLS.iter().map(|tool| tool.name.clone());
    let exported: Vec<_> = crate::support::names().into_iter().chain(of_events).collect();
    assert_eq!((names(&compiled), names_later), (exported.clone(), exported));
    assert_eq!(state(&place.entry()), entry, "it was written again");

    let hook = Hook::replying(200, r#"{"success": true, "contacts": []}"#);
    let (loaded, nothing) = (place.load(CONNECTOR), json!({}));
    let called = loaded.call("list-contacts", &nothing, hook.outlet(), hook.limits);
    assert_eq!(called.await.unwrap().result.unwrap()["page-number"], 0);
}

#[test]
fn a_changed_component_has_an_entry_of_its_own() {
    let place = Place::new("changed");
    place.load(&ASKED);
    let first = place.entry();
    let changed = [&ASKED[..], b"\0\x05\x04more"].concat();
    assert_eq!(names(&place.load(&changed)), ["asked"]);
    assert_eq!(names(&place.load(&PLANTED)), ["planted"]);
    let entries = entries(&place.folder());
    assert!(entries.len() == 3 && entries.contains(&first), "{entries:?}");
}

#[test]
fn entries_and_their_folder_are_for_this_user_alone() {
    let place = Place::new("modes");
    place.load(&ASKED);
    assert_eq!(mode(&fs::metadata(place.folder()).unwrap()), 0o700);
    assert_eq!(mode(&fs::metadata(place.entry()).unwrap()), 0o600);
}

#[test]
fn a_planted_entry_would_show() {
    let place = Place::new("planted");
    place.plant();
    assert_eq!(place.found(), ["planted"]);
}

#[test]
fn an_entry_that_is_not_as_it_was_written_is_not_run_and_is_replaced() {
    let flipped = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0b1000;
    };
    type Harm<'a> = &'a dyn Fn(&mut Vec<u8>);
    let cases: [(&str, Harm); 7] = [
        ("flipped", &flipped),
        ("start", &|bytes| bytes[0] ^= 1),
        ("sum", &|bytes| *bytes.last_mut().unwrap() ^= 1),
        ("cut", &|bytes| bytes.truncate(bytes.len() - 1)),
        ("stub", &|bytes| bytes.truncate(16)),
        ("empty", &Vec::clear),
        ("longer", &|bytes| bytes.push(0)),
    ];
    for (name, harm) in cases {
        let place = Place::new(name);
        let entry = place.plant();
        let mut bytes = fs::read(&entry).unwrap();
        harm(&mut bytes);
        fs::write(&entry, bytes).unwrap();
        let harmed = state(&entry);
        assert_eq!(place.found(), ["asked"], "{name}");
        assert_ne!(state(&place.entry()), harmed, "{name}: it stays for ever");
        let replaced = state(&place.entry());
        assert_eq!(place.found(), ["asked"], "{name}");
        assert_eq!(state(&place.entry()), replaced, "{name}: it is not used");
    }
}

#[test]
fn an_entry_that_others_may_write_is_not_run_and_is_replaced() {
    for unsafe_mode in [0o666, 0o620, 0o602] {
        let place = Place::new(&format!("entry-{unsafe_mode:o}"));
        let entry = place.plant();
        set_mode(&entry, unsafe_mode);
        assert_eq!(place.found(), ["asked"], "{unsafe_mode:o}");
        assert_eq!(mode(&fs::metadata(place.entry()).unwrap()), 0o600);
    }
}

#[test]
fn a_folder_that_others_may_write_is_left_alone() {
    for unsafe_mode in [0o777, 0o720, 0o1777] {
        let place = Place::new(&format!("folder-{unsafe_mode:o}"));
        let entry = place.plant();
        set_mode(&place.folder(), unsafe_mode);
        let before = state(&entry);
        assert_eq!(place.found(), ["asked"], "{unsafe_mode:o}");
        assert_eq!(state(&place.entry()), before, "{unsafe_mode:o}: it is written to");
    }
}

#[test]
fn a_folder_that_others_could_move_away_is_left_alone() {
    for (name, open) in [("above-777", 0o777), ("above-720", 0o720)] {
        let place = Place::new(name);
        let entry = place.plant();
        let planted = state(&entry);
        set_mode(&place.0, open);
        assert_eq!((place.found(), state(&entry)), (vec!["asked".to_owned()], planted));
        set_mode(&place.0, 0o755);
        assert_eq!(place.found(), ["planted"]);
    }
}

#[test]
fn a_link_leads_to_no_entry_and_to_no_folder() {
    let place = Place::new("link");
    let entry = place.plant();
    let elsewhere = place.0.join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    symlink(&elsewhere, &entry).unwrap();
    let poison = state(&elsewhere);
    assert_eq!(place.found(), ["asked"]);
    assert!(fs::symlink_metadata(&entry).unwrap().is_file(), "the link stays for ever");
    assert_eq!(state(&elsewhere), poison, "the link was written through");

    let place = Place::new("linked-folder");
    place.plant();
    let elsewhere = place.0.join("elsewhere");
    fs::rename(place.folder(), &elsewhere).unwrap();
    symlink(&elsewhere, place.folder()).unwrap();
    let before: Vec<_> = entries(&elsewhere).iter().map(|entry| state(entry)).collect();
    assert_eq!(place.found(), ["asked"]);
    let after: Vec<_> = entries(&elsewhere).iter().map(|entry| state(entry)).collect();
    assert_eq!(after, before);
}

#[test]
fn what_belongs_to_another_user_is_not_run() {
    if !is_root() {
        return;
    }
    let place = Place::new("owner");
    let entry = place.plant();
    chown(&entry, Some(1), None).unwrap();
    assert_eq!(place.found(), ["asked"]);
    assert_eq!(fs::metadata(place.entry()).unwrap().uid(), 0, "it was not replaced");

    let place = Place::new("owner-of-folder");
    let entry = place.plant();
    chown(place.folder(), Some(1), None).unwrap();
    let before = state(&entry);
    assert_eq!(place.found(), ["asked"]);
    assert_eq!(state(&place.entry()), before);
}

#[test]
fn what_is_no_file_of_code_is_passed_over() {
    let place = Place::new("folder-as-entry");
    let entry = place.plant();
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert_eq!(place.found(), ["asked"]);

    let place = Place::new("pipe");
    let entry = place.plant();
    fs::remove_file(&entry).unwrap();
    assert!(Command::new("mkfifo").arg(&entry).status().unwrap().success());
    assert_eq!(place.found(), ["asked"]);

    let place = Place::new("endless");
    let entry = place.plant();
    File::options().write(true).open(entry).unwrap().set_len(1 << 43).unwrap();
    assert_eq!(place.found(), ["asked"]);
}

#[test]
fn without_a_folder_everything_works() {
    let place = Place::new("no-folder");
    let plain = place.0.join("plain");
    fs::write(&plain, "").unwrap();
    for folder in [plain.clone(), plain.join("cache"), "/proc/cache".into()] {
        let loaded = HOST.load_cached(&ASKED, &Cache::at(folder)).unwrap();
        assert_eq!(names(&loaded), ["asked"]);
    }
    assert_eq!(fs::read(plain).unwrap(), b"");
}

#[test]
fn what_nobody_wrote_for_a_month_is_cleared_and_only_entries_are() {
    let place = Place::new("month");
    place.load(&PLANTED);
    let folder = place.folder();
    let code = place.entry();
    let file = |name: &str, days: u32| {
        let path = folder.join(name);
        if name.starts_with("folder") {
            fs::create_dir(&path).unwrap();
        } else {
            File::create(&path).unwrap().write_all(b"code").unwrap();
        }
        let then = SystemTime::now() - days * DAY;
        File::open(&path).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
        path
    };
    let (old, young) = (file("old.cwasm", 31), file("young.cwasm", 29));
    let foreign = [file("old.txt", 31), file("cwasm", 31), file("folder.cwasm", 31)];
    place.load(&ASKED);
    assert!(!old.exists(), "an old entry stays");
    assert!(young.exists() && code.exists(), "a young entry is gone");
    assert!(foreign.iter().all(|path| path.exists()), "{:?}", entries(&folder));
    assert_eq!(entries(&folder).len(), 6, "the new entry is there: {:?}", entries(&folder));
}

/// The actions that the command finds with its cache below this folder.
fn told(base: &str) -> Vec<String> {
    let tools = shell::run(&["tools"], &[("XDG_CACHE_HOME", base)]).result();
    let names = tools["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

#[test]
fn the_command_keeps_its_component_in_the_users_cache_and_trusts_it_no_more_than_due() {
    let base = shell::folder("cache-command");
    let folder = base.join("twochat");
    let base = base.to_str().unwrap();
    assert_eq!(told(base), crate::support::names());
    let [entry] = entries(&folder).try_into().unwrap();
    assert_eq!(mode(&fs::metadata(&folder).unwrap()), 0o700);
    assert_eq!(mode(&fs::metadata(&entry).unwrap()), 0o600);
    let written = state(&entry);
    assert_eq!(
        (told(base), state(&entry)),
        (crate::support::names(), written),
        "it was written again"
    );

    let place = Place::new("command-planted");
    place.load(&PLANTED);
    let planted = place.entry();
    fs::copy(&planted, &entry).unwrap();
    assert_eq!(told(base), ["planted"], "a planted entry would show");
    set_mode(&entry, 0o666);
    assert_eq!(told(base), crate::support::names());
    assert_eq!(mode(&fs::metadata(&entry).unwrap()), 0o600);

    fs::copy(&planted, &entry).unwrap();
    set_mode(&folder, 0o777);
    assert_eq!(told(base), crate::support::names());
    for base in ["/dev/null", "/proc"] {
        assert_eq!(told(base), crate::support::names(), "{base}");
    }
}
