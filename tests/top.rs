//! `giaoban top`: the state of a pipeline as somebody sees it who sits at a terminal, and as a pipe gets it.

#![allow(clippy::unwrap_used)]

mod harness;

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::time::Duration;

use harness::broker::free_port;
use harness::running::Running;
use harness::terminal::Terminal;
use harness::{Giaoban, session, until};

fn serving() -> Giaoban {
    Giaoban::new().with("GIAOBAN__HTTP__LISTEN", "127.0.0.1:0")
}

#[test]
fn a_worker_is_asked_by_its_address_and_says_all_that_an_operator_asks_in_both_languages() {
    let giaoban = serving();
    giaoban.publish_sessions(0..300);
    giaoban.write("b.ndjson", session("00004", 900, 1, "2020-03-04", 1).replace("/units/00004", "https://dvc.example"));
    let mut foreign = giaoban.command(&["publish", "b.ndjson"]);
    foreign.env("GIAOBAN__SOURCES__ALLOWED", "[\"https://dvc.example 00004\"]");
    assert!(foreign.status().unwrap().success());
    let worker = Running::worker(&giaoban);
    until("all records", Duration::from_secs(60), || worker.metric("giaoban_worker_records_read_total") == Some(301.0));
    giaoban.ok(&["verify"]);
    let address = format!("http://{}", worker.address());
    // Ends and dead letters are asked for now and then.
    let mut shown = String::new();
    until("dead letters undecided", Duration::from_secs(60), || {
        shown = giaoban.ok(&["top", "--once", "--at", &address]);
        shown.lines().any(|line| line.contains("Dead letters undecided") && line.contains(" 1  "))
    });
    for words in ["Workers ready", "1/1", "agreed, ", "source.not_allowed: ", "Reported, 2020-Q1", "1/609"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(
        shown.lines().filter(|line| line.contains(worker.address()) && line.contains("✓ read")).count() >= 1,
        "{shown}"
    );
    let vietnamese = giaoban.ok(&["top", "--once", "--at", &address, "--lang", "vi"]);
    for words in ["Worker sẵn sàng", "khớp, ", "source.not_allowed: ", "Đã báo cáo, 2020-Q1", "Thư chết chờ quyết định"]
    {
        assert!(vietnamese.contains(words), "{words}: {vietnamese}");
    }
    let nobody = "http://127.0.0.1:1";
    let both = giaoban.ok(&["top", "--once", "--at", &address, "--at", nobody]);
    assert!(both.contains("✗ no answer: ") && both.contains("1/1"), "{both}");
    worker.stop();
    let alone = giaoban.ok(&["top", "--once", "--at", &address]);
    assert!(alone.contains("No process answers"), "{alone}");
}

#[test]
fn where_no_worker_answers_the_store_and_its_log_say_how_things_stand() {
    let giaoban = serving();
    giaoban.publish_sessions(0..40);
    giaoban.settle();
    giaoban.write(
        "b.ndjson",
        (100..107).map(|number| session("00004", number, 1, "2020-03-04", 1) + "\n").collect::<String>(),
    );
    giaoban.ok(&["publish", "b.ndjson"]);
    let shown = giaoban.ok(&["top", "--once"]);
    assert!(shown.contains("read from store and log") && shown.contains("store-1.db"), "{shown}");
    assert!(shown.contains("no worker was asked") && !shown.contains("All is well"), "{shown}");
    let waiting = shown.lines().find(|line| line.contains("Records not in the figures")).unwrap();
    assert!(waiting.trim_end().ends_with(" 7"), "{shown}");
    assert!(shown.contains("Reported, 2020-Q1"), "{shown}");
    assert_eq!(giaoban.sessions(), Some(40), "it only looks");
}

#[test]
fn the_settings_say_where_metrics_and_figures_are_asked() {
    let at = |port: u16| format!("127.0.0.1:{port}");
    let (pages, metrics) = (at(free_port()), at(free_port()));
    let giaoban = Giaoban::new().with("GIAOBAN__HTTP__LISTEN", &pages).with("GIAOBAN__HTTP__METRICS_LISTEN", &metrics);
    giaoban.publish_sessions(0..40);
    giaoban.settle();
    let worker = Running::worker(&giaoban);
    let shown = giaoban.ok(&["top", "--once"]);
    for words in [metrics.as_str(), "1/1", "Reported, 2020-Q1", "1/609"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let examined = giaoban.ok(&["doctor"]);
    for address in [&pages, &metrics] {
        assert!(examined.contains(address.as_str()), "{address}: {examined}");
    }
    worker.stop();
}

#[test]
fn what_is_no_address_is_told_with_one_that_is() {
    let giaoban = serving();
    for given in ["worker-1", "https://worker-1:9464", "http://worker-1:9464/metrics"] {
        let said = giaoban.fails(2, &["top", "--once", "--at", given]);
        assert!(said.contains(given) && harness::has_remedy(&said) && said.contains("http://127.0.0.1:9464"), "{said}");
    }
}

#[test]
fn another_programs_metrics_are_not_taken_for_a_pipeline_that_is_well() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nup 1\n");
        }
    });
    let shown = serving().ok(&["top", "--once", "--at", &address]);
    assert!(shown.contains("No process answers") && shown.contains("no giaoban"), "{shown}");
}

#[test]
fn at_a_terminal_it_goes_on_until_q_and_leaves_the_screen_as_it_was() {
    let giaoban = serving();
    giaoban.publish_sessions(0..20);
    let worker = Running::worker(&giaoban);
    worker.until_ready();
    let address = format!("http://{}", worker.address());
    let top = giaoban.command(&["top", "--at", &address]);
    // What makes the terminal says nothing of its size.
    let mut sized = Command::new("sh");
    sized.args(["-c", "stty rows 24 cols 80; exec \"$@\"", "sh"]).arg(top.get_program()).args(top.get_args());
    sized.current_dir(giaoban.dir());
    for (name, value) in top.get_envs() {
        match value {
            Some(value) => sized.env(name, value),
            None => sized.env_remove(name),
        };
    }
    let mut terminal = Terminal::run(&sized);
    terminal.sees("Are the figures right?");
    terminal.sees("q: quit");
    let before = terminal.screen().len();
    terminal.types("\x1b[F");
    // The rows have moved up, and this one is drawn again.
    until("the end of it", Duration::from_secs(60), || terminal.screen()[before..].contains("Nothing was refused."));
    terminal.types("q");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen:?}");
    let (entered, left) = (screen.find("\x1b[?1049h"), screen.rfind("\x1b[?1049l"));
    assert!(entered.is_some() && left > entered, "{screen:?}");
    assert!(screen.rfind("\x1b[?25h") > screen.rfind("\x1b[?25l"), "the cursor is back: {screen:?}");
    worker.stop();
}
