//! Files that commands write: none takes the place of another, none is anybody else's to read, none is half.

#![allow(clippy::unwrap_used)]

mod harness;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use harness::{Giaoban, session, until, wait};

/// A good line and a bad one.
fn lines() -> String {
    format!("{}\n{}\n", session("00004", 1, 1, "2020-03-04", 1), session("00004", 2, 1, "2020-02-30", 1))
}

#[test]
fn a_receipt_never_destroys_what_is_published() {
    let giaoban = Giaoban::new();
    let at = |name: &str| giaoban.dir().join(name);
    giaoban.write("a.ndjson", lines());
    fs::hard_link(at("a.ndjson"), at("hard.ndjson")).unwrap();
    symlink("a.ndjson", at("soft.ndjson")).unwrap();
    for receipt in ["a.ndjson", "./a.ndjson", "hard.ndjson", "soft.ndjson"] {
        let said = giaoban.fails(2, &["publish", "a.ndjson", "--receipt", receipt]);
        assert!(said.contains("is the very file that is published") && said.contains("another name"), "{said}");
        assert_eq!(giaoban.read("a.ndjson"), lines(), "{receipt}");
    }
    assert!(giaoban.settle().contains("Read 0 records"), "nothing was sent");
}

#[test]
fn a_receipt_that_would_be_no_file_is_refused_before_anything_is_sent() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", lines());
    fs::create_dir(giaoban.dir().join("folder")).unwrap();
    symlink("/dev/null", giaoban.dir().join("link")).unwrap();
    for receipt in ["-", "/dev/null", "/dev/stdout", "/dev/stderr", "folder", "link"] {
        let said = giaoban.fails(2, &["publish", "a.ndjson", "--receipt", receipt]);
        assert!(
            said.contains(&format!("--receipt {receipt} is no file")) && said.contains("nothing was sent"),
            "{said}"
        );
    }
    assert!(!giaoban.dir().join("-").exists() && !Path::new("/dev/null-2").exists());
    assert!(giaoban.settle().contains("Read 0 records"), "nothing was sent");
}

#[test]
fn a_receipt_takes_the_place_of_no_file_and_follows_no_link() {
    let giaoban = Giaoban::new();
    let at = |name: &str| giaoban.dir().join(name);
    giaoban.write("a.ndjson", lines());
    giaoban.write("victim", "whole");
    symlink("victim", at("r.ndjson")).unwrap();
    symlink("nowhere", at("r-2.ndjson")).unwrap();
    giaoban.write("r-3.ndjson", "an earlier receipt");
    let ended = giaoban.run(&["publish", "a.ndjson", "--receipt", "r.ndjson"]);
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.out.contains("giaoban publish r-4.ndjson"), "{}", ended.out);
    assert!(giaoban.read("r-4.ndjson").contains("# line 2: date.invalid"));
    assert_eq!((giaoban.read("victim"), giaoban.read("r-3.ndjson")), ("whole".into(), "an earlier receipt".into()));
    assert!(!at("nowhere").exists());
    // Its usual place likewise.
    symlink("victim", at("a.rejected.ndjson")).unwrap();
    giaoban.fails(4, &["publish", "a.ndjson"]);
    giaoban.fails(4, &["publish", "a.ndjson"]);
    assert!(giaoban.read("a.rejected-2.ndjson") == giaoban.read("a.rejected-3.ndjson"));
    assert_eq!(giaoban.read("victim"), "whole");
}

#[test]
fn a_receipt_that_cannot_be_written_does_not_stop_the_sending() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", [lines(), session("00004", 3, 1, "2020-03-04", 1)].concat());
    let ended = giaoban.run(&["publish", "a.ndjson", "--receipt", "nowhere/r.ndjson"]);
    assert_eq!(ended.code, Some(13), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("2 taken, 1 refused"), "{}", ended.out);
    for told in
        ["receipt nowhere/r.ndjson cannot be written", "the 1 that were refused", "Publish the whole file again"]
    {
        assert!(ended.err.contains(told), "no {told:?} in {}", ended.err);
    }
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 2);
}

#[test]
fn a_kill_leaves_what_was_decided_and_no_half_receipt() {
    let giaoban = Giaoban::new();
    let mut child = giaoban.command(&["publish", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let many = format!("{}\n", session("00004", 2, 1, "2020-02-30", 1)).repeat(5_000);
    std::io::Write::write_all(&mut stdin, many.as_bytes()).unwrap();
    let partial = giaoban.dir().join(format!("stdin.rejected.ndjson.{}.partial", child.id()));
    until("a line is decided", Duration::from_secs(20), || fs::metadata(&partial).is_ok_and(|meta| meta.len() > 0));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::read_to_string(&partial).unwrap().starts_with("# line 1: date.invalid"));
    assert!(!giaoban.dir().join("stdin.rejected.ndjson").exists(), "half a receipt has no name");
    giaoban.write("a.ndjson", many);
    let said = giaoban.run(&["publish", "a.ndjson"]).out;
    assert!(said.contains("0 taken, 5000 refused"), "{said}");
    assert_eq!(giaoban.read("a.rejected.ndjson").matches("# line ").count(), 5_000);
}

#[test]
fn an_export_takes_the_place_of_no_file_and_is_never_half() {
    let giaoban = Giaoban::new();
    giaoban.write("victim", "whole");
    symlink("victim", giaoban.dir().join("link")).unwrap();
    symlink("nowhere", giaoban.dir().join("dangling")).unwrap();
    giaoban.write("a.ndjson", lines());
    giaoban.fails(4, &["publish", "a.ndjson"]);
    for name in ["victim", "link", "dangling"] {
        let said = giaoban.fails(13, &["dlq", "export", name]);
        assert!(said.contains("choose another name"), "{said}");
    }
    assert_eq!(giaoban.read("victim"), "whole");
    assert!(!giaoban.dir().join("nowhere").exists());
}

/// Every file and folder below, with its permissions.
fn permissions(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        found.push((path.clone(), meta.permissions().mode() & 0o777));
        if meta.is_dir() {
            permissions(&path, found);
        }
    }
}

#[test]
fn nobody_else_reads_what_is_written_whatever_the_umask() {
    let giaoban = Giaoban::new();
    giaoban.write("a.ndjson", lines());
    giaoban.write("b.csv", "type,subject,unit,held_on,body,field\nsupervision,GS-9,00004,2020-02-30,other,other\n");
    let open = |arguments: &[&str]| {
        let of = giaoban.command(arguments);
        let mut command = Command::new("sh");
        command.args(["-c", "umask 000; exec \"$@\"", "sh"]).arg(of.get_program()).args(of.get_args());
        command.current_dir(giaoban.dir()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0").spawn().unwrap()
    };
    let run = |code: i32, arguments: &[&str]| {
        let ended = wait(open(arguments), &format!("{arguments:?}"));
        assert_eq!(ended.code, Some(code), "{arguments:?} {}{}", ended.out, ended.err);
    };
    run(4, &["publish", "a.ndjson"]);
    run(5, &["publish", "b.csv"]);
    run(0, &["worker", "--until-caught-up"]);
    run(0, &["report", "--period", "2020-Q1", "--out", "reports/march"]);
    run(0, &["dlq", "export", "fix.ndjson"]);
    run(0, &["backup", "backups/one"]);
    run(0, &["restore", "backups/one", "--data", "restored"]);
    run(0, &["restore", "backups/one", "--data", "restored", "--replace"]);
    run(0, &["replay", "--switch"]);
    run(0, &["verify"]);
    // What SQLite keeps beside its files while they are in use, too.
    let mut worker = open(&["worker"]);
    until("a worker is at it", Duration::from_secs(20), || {
        ["store-2.db-wal", "log.db-wal"].iter().all(|name| giaoban.data().join(name).exists())
    });
    let mut found = Vec::new();
    permissions(giaoban.dir(), &mut found);
    worker.kill().unwrap();
    worker.wait().unwrap();
    found.retain(|(path, _)| !["a.ndjson", "b.csv"].iter().any(|input| path.ends_with(input)));
    for suffix in ["log.db", "log.db-wal", "store-1.db", "store-2.db-shm", "CURRENT", "writer.lock", "verify.json"] {
        assert!(found.iter().any(|(path, _)| path.ends_with(suffix)), "no {suffix} in {found:?}");
    }
    assert!(found.iter().filter(|(path, _)| path.ends_with("store-1.db")).count() > 2, "{found:?}");
    let loose: Vec<_> = found.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(loose.is_empty(), "others may read {loose:?}");
}
