//! How a secret is kept and read, and what is said where it cannot be.

use std::{fs, os::unix::fs::PermissionsExt, time::Instant};

use super::*;

const CANARY: &str = "canary-2c9d7e";

fn age() -> Source {
    Source::Age(Age { age: "work.age".into(), identity: "identity.txt".into() })
}

/// A program of the system, by its whole path.
fn command(words: &[&str]) -> Source {
    let mut command: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let places = ["/bin", "/usr/bin"].map(|folder| format!("{folder}/{}", command[0]));
    if let Some(place) = places.into_iter().find(|place| Path::new(place).exists()) {
        command[0] = place;
    }
    Source::Command(Program { command })
}

/// What the secret is, if there is one.
async fn shown(source: &Source, folder: &Path) -> Result<String, String> {
    let read = source.read(folder).await;
    assert!(!format!("{read:?} {source}").contains("canary"));
    // A text in which the secret is hidden has the mask in its place.
    read.map(|secret| secret.hide_in(CANARY))
}

async fn fails(source: &Source, folder: &Path, expected: &str) {
    let why = shown(source, folder).await.unwrap_err();
    assert!(why.contains(expected), "{why}\nexpected {expected}");
}

#[tokio::test]
async fn what_is_kept_with_age_is_read_again_and_unreadable_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fails(&age(), folder, "identity.txt cannot be read").await;
    age().store(folder, CANARY).unwrap();
    assert_eq!(shown(&age(), folder).await.unwrap(), "[key]");
    for file in ["work.age", "identity.txt"] {
        let file = folder.join(file);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!String::from_utf8_lossy(&fs::read(file).unwrap()).contains("canary"));
    }
    let identity = fs::read(folder.join("identity.txt")).unwrap();
    age().store(folder, "another-key").unwrap();
    assert_eq!(shown(&age(), folder).await.unwrap(), CANARY, "the old key is still read");
    assert_eq!(fs::read(folder.join("identity.txt")).unwrap(), identity);
}

#[tokio::test]
async fn a_vault_that_cannot_be_opened_says_what_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (vault, identity) = (folder.join("work.age"), folder.join("identity.txt"));
    age().store(folder, CANARY).unwrap();
    let sealed = fs::read(&vault).unwrap();

    fs::write(&vault, &sealed[..sealed.len() - 1]).unwrap();
    fails(&age(), folder, "work.age cannot be opened with").await;
    fs::write(&vault, CANARY).unwrap();
    fails(&age(), folder, "it is broken, or no age file").await;
    fs::write(&vault, vec![0; 1 << 20]).unwrap();
    fails(&age(), folder, "it is larger than 65536 bytes").await;
    fs::remove_file(&vault).unwrap();
    fails(&age(), folder, "work.age cannot be read: No such file").await;
    fs::write(&vault, &sealed).unwrap();

    fs::set_permissions(&identity, fs::Permissions::from_mode(0o640)).unwrap();
    fails(&age(), folder, "can be read or written by others: `chmod 600` it").await;
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(&identity).unwrap();
    let other = Source::Age(Age { age: "other.age".into(), identity: "identity.txt".into() });
    other.store(folder, "another").unwrap();
    fails(&age(), folder, "it was encrypted for another identity").await;
    fs::write(&identity, "# nothing\n").unwrap();
    fails(&age(), folder, "identity.txt holds no key of age").await;
}

#[tokio::test]
async fn a_command_gives_its_first_line_without_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let printed = format!("{CANARY}\nuser: somebody\n");
    fs::write(folder.join("key"), printed).unwrap();
    assert_eq!(shown(&command(&["cat", "key"]), folder).await.unwrap(), "[key]");
    // No shell reads this: `$(…)` and `;` are letters of an argument.
    let literal = command(&["printf", "%s", "$(cat key); cat key"]);
    assert_eq!(shown(&literal, folder).await.unwrap(), CANARY);

    fails(
        &command(&["/no/such/program"]),
        folder,
        "/no/such/program, which keeps the key, cannot be run",
    )
    .await;
    fails(
        &command(&["false", CANARY]),
        folder,
        "false, which keeps the key, failed with exit status: 1",
    )
    .await;
    fails(&command(&["true"]), folder, "true gives no usable key: the key is empty").await;
    fails(&command(&["printf", "\\377"]), folder, "printed no text").await;
    fails(&command(&["printf", "a\\tb"]), folder, "gives no usable key: the key holds characters")
        .await;
    let begun = Instant::now();
    fails(&command(&["yes", CANARY]), folder, "which keeps the key, printed more than 65536 bytes")
        .await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn any_of_several_identities_opens_it_and_remarks_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    age().store(folder, CANARY).unwrap();
    let identity = folder.join("identity.txt");
    let ours = fs::read_to_string(&identity).unwrap();
    let other = Identity::generate().to_string();
    let several = format!("# mine\n{}\n\n{ours}", other.expose_secret());
    fs::write(&identity, several).unwrap();
    assert_eq!(shown(&age(), folder).await.unwrap(), "[key]");
}

#[tokio::test]
async fn keys_that_are_stored_at_the_same_time_can_all_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let sources: Vec<_> = (0..8).map(|n| Source::beside(&format!("c{n}"))).collect();
    std::thread::scope(|scope| {
        for source in &sources {
            scope.spawn(|| source.store(folder.path(), CANARY).unwrap());
        }
    });
    for source in &sources {
        assert_eq!(shown(source, folder.path()).await.unwrap(), "[key]");
        assert!(source.is_taken(folder.path()));
    }
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    age().store(folder, CANARY).unwrap();
    for name in ["work.age", "identity.txt"] {
        let (file, kept) = (folder.join(name), folder.join("kept"));
        fs::rename(&file, &kept).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        fails(&age(), folder, &format!("{name} cannot be read: it is not a file")).await;
        fs::rename(&kept, &file).unwrap();
    }
}

#[tokio::test]
async fn what_a_command_leaves_running_or_says_aside_is_nothing_to_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("key.sh");
    let leaving = format!("#!/bin/sh\nsleep 5 &\necho {CANARY}\necho more\n");
    fs::write(&script, leaving).unwrap();
    let begun = Instant::now();
    let source = command(&["sh", "key.sh"]);
    assert_eq!(shown(&source, folder.path()).await.unwrap(), "[key]");
    assert!(begun.elapsed() < Duration::from_secs(1));
    // It has nothing to read, and is ended when it takes too long.
    assert!(shown(&command(&["cat"]), folder.path()).await.unwrap_err().contains("key is empty"));
    fs::write(&script, "echo $$ > pid; exec sleep 1000").unwrap();
    fails(&source, folder.path(), "took longer than 1s").await;
    let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
    let begun = Instant::now();
    while Path::new("/proc").join(pid.trim()).exists() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it goes on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_program_without_its_whole_path_is_not_looked_for() {
    for name in ["sh", "./sh", "bin/sh", "no-such-program"] {
        let source = Source::Command(Program { command: vec![name.to_owned()] });
        let why = source.check().unwrap_err();
        assert!(why.starts_with(&format!("`{name}` is no whole path")), "{why}");
        assert_eq!(why.contains("such as \"/"), name == "sh", "{why}");
        fails(&source, Path::new("/"), "is no whole path").await;
    }
}

#[tokio::test]
async fn a_program_that_others_could_have_put_there_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let (bin, link) = (folder.path().join("bin"), folder.path().join("link"));
    let script = bin.join("key.sh");
    fs::create_dir(&bin).unwrap();
    fs::write(&script, format!("#!/bin/sh\necho {CANARY}\n")).unwrap();
    std::os::unix::fs::symlink(&bin, &link).unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&script, 0o755);
    for way in [&script, &link.join("key.sh")] {
        let source = command(&[way.to_str().unwrap()]);
        assert_eq!(shown(&source, folder.path()).await.unwrap(), "[key]");
        mode(&script, 0o775);
        fails(&source, folder.path(), "can be written by others: `chmod go-w /").await;
        mode(&script, 0o755);
        mode(&bin, 0o777);
        fails(&source, folder.path(), &format!("chmod go-w {}`", bin.display())).await;
        mode(&bin, 0o755);
    }
}

#[tokio::test]
async fn a_program_finds_little_of_the_environment() {
    let given = Source::Command(Program {
        command: ["/bin/sh", "-c", "env | cut -d= -f1 | sort | tr '\\n' ' '"]
            .map(str::to_owned)
            .into(),
    });
    let Source::Command(program) = &given else { panic!() };
    let names = ask(program, Path::new("/")).await.unwrap();
    // The shell itself adds the last three.
    let known = ["PATH", "HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "PWD", "SHLVL", "_"];
    assert!(names.contains("PATH") && names.contains("HOME"), "{}", *names);
    assert!(names.split_whitespace().all(|name| known.contains(&name)), "{}", *names);
}

#[tokio::test]
async fn what_a_command_started_ends_with_it_when_it_takes_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let script = "(sleep 1000 & echo $! > child; wait) & wait";
    fails(&command(&["sh", "-c", script]), folder.path(), "took longer than 1s").await;
    let pid = fs::read_to_string(folder.path().join("child")).unwrap();
    let begun = Instant::now();
    let status = Path::new("/proc").join(pid.trim()).join("status");
    // One that nobody has asked for its end yet has ended as well.
    while fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ")) {
        assert!(begun.elapsed() < Duration::from_secs(5), "it goes on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_command_that_does_not_end_is_ended() {
    fails(&command(&["sleep", "1000"]), Path::new("/"), "took longer than 1s").await;
}

#[tokio::test]
async fn a_variable_that_is_not_there_is_named_and_only_age_is_written_to() {
    let source = Source::Env(Env { env: "NO_SUCH_VARIABLE_HERE".to_owned() });
    fails(&source, Path::new("/"), "the environment variable NO_SUCH_VARIABLE_HERE is not set")
        .await;
    for source in [source, command(&["cat", "key"])] {
        let why = source.store(Path::new("/"), CANARY).unwrap_err();
        assert!(why.ends_with("put it there yourself") && !why.contains("canary"), "{why}");
    }
}
