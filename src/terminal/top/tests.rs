//! What somebody sees of a pipeline in trouble, at a terminal of 80 × 24 and in a pipe, in both languages.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::observability::{History, Pipeline, Scrape};
use crate::report::completeness::Completeness;
use crate::report::operations::{Window, courses};

/// 2026-11-30 17:45 in Hanoi.
const NOW_MS: i64 = 1_796_035_500_000;

/// A column a sample.
const WINDOW: Window = Window { least_ms: 15 * 60_000, most_ms: 15 * 60_000, columns: 15 };

/// What a worker says of itself, with a sixth of the lag for each minute before now.
fn worker(first: u8, minutes_ago: i64) -> Scrape {
    let read = 120_000 - minutes_ago * 600;
    let waits = (6 - minutes_ago).max(0) * 120;
    let [one, two] = [first, first + 1];
    Scrape::read(&format!(
        "giaoban_build_info{{installation=\"ha-noi\",version=\"0.2.0\"}} 1\n\
         giaoban_worker_ready {ready}\ngiaoban_worker_store_connected {ready}\ngiaoban_worker_log_connected 1\n\
         giaoban_worker_assigned_partitions 2\ngiaoban_topic_partitions 5\n\
         giaoban_worker_partition_held{{partition=\"{one}\"}} {first}\n\
         giaoban_worker_partition_held{{partition=\"{two}\"}} 0\n\
         giaoban_topic_lag_records{{partition=\"{one}\"}} {waits}\n\
         giaoban_topic_lag_seconds{{partition=\"{one}\"}} {waits}.5\n\
         giaoban_topic_lag_records{{partition=\"{two}\"}} 0\ngiaoban_topic_lag_seconds{{partition=\"{two}\"}} 0\n\
         giaoban_store_records{{outcome=\"read\"}} {read}\ngiaoban_store_records{{outcome=\"dead_lettered\"}} 24\n\
         giaoban_store_records{{outcome=\"applied\"}} {applied}\n\
         giaoban_worker_records_dead_lettered_total{{reason=\"unit.unknown\"}} 21\n\
         giaoban_worker_records_dead_lettered_total{{reason=\"json.syntax\"}} 3\n\
         giaoban_worker_reconciliation_difference_records 0\ngiaoban_store_accepted_gap_records 0\n\
         giaoban_overlaps 2\ngiaoban_dead_letters_undecided_records 24\ngiaoban_silence_working_days 0\n\
         giaoban_store_size_bytes 1234567890\ngiaoban_data_free_bytes 4100000000\n\
         giaoban_verify_last_run_timestamp_seconds {verified}\ngiaoban_verify_outcome{{outcome=\"agreed\"}} 1\n",
        applied = read - 24,
        ready = 1 - first / 2,
        verified = NOW_MS / 1000 - 7_500,
    ))
}

/// Two workers, one of them without a store, a third that does not answer, a partition that is held and one that nobody
/// reads.
fn seen(lang: Lang) -> Seen {
    let mut history = History::new(100);
    let mut pipeline = Pipeline::default();
    for minutes_ago in (0..10).rev().filter(|minutes_ago| *minutes_ago != 4) {
        let said = [
            ("worker-1:9464", Ok(worker(0, minutes_ago))),
            ("worker-2:9464", Ok(worker(2, minutes_ago))),
            ("worker-3:9464", Err("Connection refused (os error 111)".to_owned())),
        ];
        pipeline = Pipeline::of(said.map(|(at, said)| (at.to_owned(), said)));
        history.note(NOW_MS - minutes_ago * 60_000, &pipeline);
    }
    let completeness = Completeness { period: "2026-Q4".parse().unwrap(), expected: 609, reported: 591 };
    Seen {
        operations: Operations::of(&pipeline, &history, Some(&completeness), NOW_MS),
        courses: courses(&history, WINDOW, NOW_MS, lang).into(),
        note: None,
    }
}

#[test]
fn a_terminal_of_eighty_columns_shows_what_is_wrong_first_and_moves_down_to_its_end() {
    for (lang, name) in [(Lang::Vi, "vi"), (Lang::En, "en")] {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let mut from = 0;
        let seen = seen(lang);
        terminal.draw(|frame| from = draw(frame, Some(&seen), 0, lang)).unwrap();
        assert_eq!(from, 0);
        insta::assert_snapshot!(format!("top_{name}"), terminal.backend());
        terminal.draw(|frame| from = draw(frame, Some(&seen), u16::MAX, lang)).unwrap();
        assert!(from > 0, "there is more than fits");
        insta::assert_snapshot!(format!("top_end_{name}"), terminal.backend());
    }
}

#[test]
fn a_frame_in_a_pipe_has_every_row_and_nothing_that_steers_a_terminal() {
    let text = printed(&seen(Lang::En), Lang::En);
    insta::assert_snapshot!("printed", text);
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn what_a_process_says_of_itself_neither_steers_a_terminal_nor_moves_what_stands_beside_it() {
    let hostile = "giaoban_build_info{version=\"\u{1b}[2J\u{202e}\u{200b}9\",installation=\"\u{7}ữ\"} 1\n\
                   giaoban_worker_records_dead_lettered_total{reason=\"\u{9b}31m\"} 4";
    let pipeline = Pipeline::of([("a\u{1b}]0;x".to_owned(), Ok(Scrape::read(hostile)))]);
    let seen = Seen {
        operations: Operations::of(&pipeline, &History::new(1), None, NOW_MS),
        courses: Vec::new(),
        note: Some(Text::same("\u{1b}[31m")),
    };
    let mut terminal = Terminal::new(TestBackend::new(80, 60)).unwrap();
    terminal
        .draw(|frame| {
            draw(frame, Some(&seen), 0, Lang::En);
        })
        .unwrap();
    let shown = terminal.backend().to_string() + &printed(&seen, Lang::En);
    let raw = shown.chars().find(|c| (c.is_control() && *c != '\n') || ['\u{202e}', '\u{200b}'].contains(c));
    assert_eq!(raw, None, "{shown:?}");
    assert!(shown.contains("\\u{1b}[2J"), "{shown}");
}

#[test]
fn a_terminal_that_is_too_small_is_cut_off_and_nothing_else() {
    let seen = seen(Lang::Vi);
    for (width, height) in [(1, 1), (10, 2), (80, 1), (200, 3)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| {
                draw(frame, Some(&seen), u16::MAX, Lang::Vi);
            })
            .unwrap();
        terminal
            .draw(|frame| {
                draw(frame, None, 5, Lang::Vi);
            })
            .unwrap();
    }
}
