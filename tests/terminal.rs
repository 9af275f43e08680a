//! What somebody sees who sits at a terminal, and what a pipe gets of it.

#![allow(clippy::unwrap_used)]

mod harness;

use harness::terminal::Terminal;
use harness::{Giaoban, session};

#[test]
fn what_is_missing_is_asked_for_in_both_languages_and_a_wrong_answer_is_told_at_once() {
    for (lang, unit, unknown, day, body, field, done) in [
        (
            "vi",
            "(mã đơn vị, ví dụ 00004)",
            "mã đơn vị không có trong danh mục",
            "(năm-tháng-ngày",
            "chủ thể giám sát",
            "lĩnh vực",
            "Đã nhận",
        ),
        (
            "en",
            "(a unit's code, such as 00004)",
            "the unit's code is not in the units' table",
            "(year-month-day",
            "body",
            "field",
            "Took ",
        ),
    ] {
        let giaoban = Giaoban::new();
        let mut terminal = Terminal::run(&giaoban.command(&["record", "supervision", "--lang", lang]));
        terminal.sees(unit);
        terminal.types("99999\r");
        terminal.sees(unknown);
        assert!(!terminal.screen().contains(day), "{}", terminal.screen());
        terminal.types("00004\r");
        terminal.sees(day);
        terminal.types("2020-03-04\r");
        terminal.sees("fatherland_front");
        terminal.types("\r");
        terminal.sees("budget_finance");
        terminal.types("\r");
        let (code, screen) = terminal.ends();
        assert_eq!(code, Some(0), "{screen}");
        assert!(screen.contains(done) && !screen.contains("(string)"), "{screen}");
        assert!(screen.to_lowercase().contains(body) && screen.to_lowercase().contains(field), "{screen}");
        giaoban.settle();
        assert_eq!(giaoban.figure("2020-Q1", "00004", "supervision_sessions"), 1);
    }
}

#[test]
fn of_a_form_each_total_is_asked_for_and_may_be_left_empty() {
    let giaoban = Giaoban::new();
    let given = ["record", "formtotal", "--unit", "00004", "--form", "community_investment_board"];
    let mut terminal = Terminal::run(&giaoban.command(&given));
    terminal.sees("(a quarter, such as 2020-Q4)");
    terminal.types("2020\r");
    terminal.sees("a form's totals are of one quarter");
    terminal.types("2020-Q4\r");
    for (total, answer) in [
        ("supervision sessions", "6"),
        ("participants", ""),
        ("cases with signs of violation", "0"),
        ("cases recommended for handling", ""),
        ("cases resolved", ""),
        ("money recovered (VND)", "1500000"),
        ("other money handling (VND)", ""),
        ("settlement reduction (VND)", ""),
        ("land recovered (m²)", "12.5"),
        ("other land handling (m²)", ""),
    ] {
        terminal.sees(&format!("total of {total}"));
        terminal.types(&format!("{answer}\r"));
    }
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("leave it empty if there is none") && screen.contains("Took TH-"), "{screen}");
    giaoban.settle();
    assert_eq!(giaoban.figure("2020-Q4", "00004", "supervision_sessions"), 6);
    assert_eq!(giaoban.figure("2020-Q4", "00004", "land_recovered_m2"), "12.50");
}

#[test]
fn who_gives_up_in_a_list_has_the_cursor_back() {
    let giaoban = Giaoban::new();
    let given = ["record", "supervision", "--unit", "00004", "--held-on", "2020-03-04"];
    let mut terminal = Terminal::run(&giaoban.command(&given));
    terminal.sees("fatherland_front");
    terminal.types("\x03");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(130), "{screen:?}");
    let (hidden, shown) = (screen.rfind("\x1b[?25l"), screen.rfind("\x1b[?25h"));
    assert!(hidden.is_some() && shown > hidden, "{screen:?}");
    assert!(giaoban.settle().contains("Read 0 records"));
}

#[test]
fn a_bar_shows_bytes_on_a_terminal_and_nothing_in_a_pipe() {
    let giaoban = Giaoban::new();
    let lines: String = (0..60_000).map(|number| session("00004", number, 1, "2020-03-04", 1) + "\n").collect();
    giaoban.write("a.ndjson", lines);
    let (code, screen) = Terminal::run(&giaoban.command(&["publish", "a.ndjson"])).ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("MB/s") && screen.contains("60000 taken"), "{screen:?}");
    // The same events once more.
    let ended = giaoban.run(&["publish", "a.ndjson"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let (code, screen) = Terminal::run(&giaoban.command(&["worker", "--until-caught-up"])).ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("settling") && !screen.contains("MB/s"), "{screen:?}");
}
