//! The state of the pipeline at a terminal: drawn anew as it changes, moved by the
//! arrows, ended by q; or one frame of it as text. The same rows at any width from
//! 80 columns on, with a sign beside each colour.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Sparkline, SparklineBar, Table, Widget};
use ratatui::{DefaultTerminal, Frame};
use unicode_width::UnicodeWidthStr as _;

use crate::failure::{Failure, FailureKind};
use crate::report::operations::{Fact, Operations, Question, Standing};
use crate::report::timeline::Timeline;
use crate::text::safe::visible;
use crate::text::{Lang, Text, operations as say};

/// How often keys are asked for.
const KEYS: Duration = Duration::from_millis(100);
/// The narrowest that is drawn; less of a terminal is cut off.
const NARROWEST: u16 = 80;
/// How wide what is printed is.
const PRINTED: u16 = 100;

/// What is shown.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The state.
    pub operations: Operations,
    /// The last while, as far as it was seen.
    pub courses: Vec<Timeline>,
    /// What is to be said of where it is from.
    pub note: Option<Text>,
}

/// Shows what comes until somebody ends it, or nothing comes any more.
///
/// # Errors
/// If the terminal cannot be used.
pub fn watch(seen: &Receiver<Seen>, lang: Lang) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::new(FailureKind::Request, say::terminal_failed(error), say::use_once());
    let mut terminal = ratatui::try_init().map_err(failed)?;
    let ended = show(&mut terminal, seen, lang);
    ratatui::restore();
    ended.map_err(failed)
}

fn show(terminal: &mut DefaultTerminal, seen: &Receiver<Seen>, lang: Lang) -> std::io::Result<()> {
    let (mut last, mut from, mut drawn) = (None, 0_u16, false);
    loop {
        match seen.try_recv() {
            Ok(now) => (last, drawn) = (Some(now), false),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(()),
        }
        if !drawn {
            terminal.draw(|frame| from = draw(frame, last.as_ref(), from, lang))?;
            drawn = true;
        }
        if !event::poll(KEYS)? {
            continue;
        }
        drawn = false;
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        from = match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(()),
            KeyCode::Up => from.saturating_sub(1),
            KeyCode::Down => from.saturating_add(1),
            KeyCode::PageUp => from.saturating_sub(10),
            KeyCode::PageDown => from.saturating_add(10),
            KeyCode::Home => 0,
            KeyCode::End => u16::MAX,
            _ => from,
        };
    }
}

/// Draws the rows from that one on, or from the last that still fills the screen, with the keys below; returns which.
pub fn draw(frame: &mut Frame<'_>, seen: Option<&Seen>, from: u16, lang: Lang) -> u16 {
    let area = frame.area();
    let all = seen.map_or_else(|| Buffer::empty(Rect::new(0, 0, area.width, 0)), |seen| whole(seen, area.width, lang));
    let room = area.height.saturating_sub(1);
    let from = from.min(all.area.height.saturating_sub(room));
    let buffer = frame.buffer_mut();
    for y in 0..room.min(all.area.height) {
        for x in 0..area.width.min(all.area.width) {
            if let (Some(to), Some(cell)) = (buffer.cell_mut((x, y)), all.cell((x, from + y))) {
                *to = cell.clone();
            }
        }
    }
    let keys = Line::styled(said(&say::keys(), lang), Style::new().add_modifier(Modifier::REVERSED));
    keys.render(Rect::new(0, room, area.width, area.height.min(1)), buffer);
    from
}

/// One frame as text, for a pipe.
pub fn printed(seen: &Seen, lang: Lang) -> String {
    let all = whole(seen, PRINTED, lang);
    let mut text = String::new();
    for y in 0..all.area.height {
        let mut row = String::new();
        let mut covered = 0;
        for x in 0..all.area.width {
            let symbol = all.cell((x, y)).map_or(" ", |cell| cell.symbol());
            if covered == 0 {
                row.push_str(symbol);
                covered = symbol.width().max(1);
            }
            covered -= 1;
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// All rows, however many there are.
fn whole(seen: &Seen, width: u16, lang: Lang) -> Buffer {
    let mut sheet = Sheet { buffer: Buffer::empty(Rect::new(0, 0, width.max(NARROWEST), 0)), lang };
    let Seen { operations, courses, note } = seen;
    let head = format!("giaoban · {} · {}", say::title().get(lang), operations.when.get(lang));
    sheet.line(Line::styled(visible(&head).into_owned(), Style::new().add_modifier(Modifier::BOLD)));
    let style = colour(operations.standing).add_modifier(Modifier::BOLD);
    let summary = format!("{} {}", operations.standing.sign(), operations.summary.get(lang));
    sheet.line(Line::styled(summary, style));
    if let Some(note) = note {
        sheet.line(Line::raw(said(note, lang)));
    }
    let [right, current, refused, holds] = &operations.questions;
    sheet.questions(right, current);
    sheet.questions(refused, holds);
    sheet.table(
        &[say::process(), say::version(), say::partitions(), say::state()],
        [Constraint::Fill(1), Constraint::Length(10), Constraint::Length(10), Constraint::Fill(2)],
        operations.processes.iter().map(|line| {
            let texts = [said(&line.at, lang), visible(&line.version).into_owned(), line.partitions.clone()];
            (texts.to_vec(), line.standing, said(&line.state, lang))
        }),
    );
    sheet.table(
        &[say::partition(), say::reader(), say::records_behind(), say::time_behind(), say::state()],
        [
            Constraint::Length(10),
            Constraint::Fill(2),
            Constraint::Length(10),
            Constraint::Length(16),
            Constraint::Fill(3),
        ],
        operations.partitions.iter().map(|line| {
            let [reader, records, time] = [&line.reader, &line.records, &line.time].map(|text| said(text, lang));
            (vec![line.partition.clone(), reader, records, time], line.standing, said(&line.state, lang))
        }),
    );
    sheet.reasons(operations);
    for course in courses {
        sheet.course(course);
    }
    sheet.buffer
}

/// Rows below one another.
struct Sheet {
    buffer: Buffer,
    lang: Lang,
}

impl Sheet {
    /// So many more rows.
    fn more(&mut self, rows: u16) -> Rect {
        let area = self.buffer.area;
        self.buffer.resize(Rect { height: area.height.saturating_add(rows), ..area });
        Rect { y: area.height, height: self.buffer.area.height - area.height, ..area }
    }

    fn line(&mut self, line: Line<'_>) {
        let area = self.more(1);
        line.render(area, &mut self.buffer);
    }

    /// Two questions side by side.
    fn questions(&mut self, left: &Question, right: &Question) {
        let rows = left.facts.len().max(right.facts.len()) + 1;
        let area = self.more(rows as u16);
        let half = (area.width - 2) / 2;
        for (question, x) in [(left, 0), (right, area.width - half)] {
            let at = |row: u16| Rect { x, y: area.y + row, width: half, height: 1 };
            self.heading(&question.title, at(0));
            for (row, fact) in question.facts.iter().enumerate() {
                self.fact(fact, at(row as u16 + 1));
            }
        }
    }

    fn heading(&mut self, text: &Text, area: Rect) {
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        Line::styled(said(text, self.lang), style).render(area, &mut self.buffer);
    }

    fn fact(&mut self, fact: &Fact, area: Rect) {
        let (name, value) = (said(&fact.name, self.lang), said(&fact.value, self.lang));
        let room = usize::from(area.width).saturating_sub(value.width() + 3);
        let name = shortened(&name, room);
        let gap = " ".repeat(room.saturating_sub(name.width()) + 1);
        let style = colour(fact.standing);
        let spans =
            [Span::styled(fact.standing.sign(), style), Span::raw(format!(" {name}{gap}")), Span::styled(value, style)];
        Line::from_iter(spans).render(area, &mut self.buffer);
    }

    /// A table whose last column says how each row stands.
    fn table<const N: usize>(
        &mut self,
        heads: &[Text; N],
        widths: [Constraint; N],
        rows: impl ExactSizeIterator<Item = (Vec<String>, Standing, String)>,
    ) {
        if rows.len() == 0 {
            return;
        }
        let area = self.more(u16::try_from(rows.len() + 1).unwrap_or(u16::MAX));
        let heads = Row::new(heads.each_ref().map(|head| said(head, self.lang)));
        let row = |(texts, standing, state): (Vec<String>, Standing, String)| {
            let state = Span::styled(format!("{} {state}", standing.sign()), colour(standing));
            Row::new(texts.into_iter().map(Cell::from).chain([Cell::from(state)]))
        };
        let table = Table::new(rows.map(row), widths)
            .header(heads.style(Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)));
        Widget::render(table, area, &mut self.buffer);
    }

    fn reasons(&mut self, operations: &Operations) {
        let area = self.more(1);
        if operations.reasons.is_empty() {
            return self.heading(&say::no_refusals(), area);
        }
        self.heading(&say::reasons(), area);
        for line in &operations.reasons {
            let text =
                format!("{:>8}  {}: {}", line.count.get(self.lang), visible(&line.code), line.meaning.get(self.lang));
            let width = usize::from(self.buffer.area.width);
            self.line(Line::raw(shortened(&text, width)));
        }
    }

    fn course(&mut self, course: &Timeline) {
        let words = format!("{}. {}", course.title, course.description);
        let words = shortened(&words, usize::from(self.buffer.area.width));
        self.line(Line::raw(words));
        let area = self.more(2);
        let bar = |value: Option<f64>| match value {
            Some(value) => SparklineBar::from(Some((value * 1000.0) as u64)),
            None => SparklineBar::from(None),
        };
        let columns = course.columns.iter().skip(course.before).map(|value| bar(*value));
        let known: Vec<SparklineBar> = columns.collect();
        let before = course.before.min(usize::from(area.width)) as u16;
        let area = Rect { x: area.x + before, width: area.width - before, ..area };
        Sparkline::default()
            .data(known)
            .absent_value_symbol(symbols::shade::LIGHT)
            .style(Style::new().fg(Color::Cyan))
            .render(area, &mut self.buffer);
    }
}

fn colour(standing: Standing) -> Style {
    match standing {
        Standing::Plain => Style::new(),
        Standing::Well => Style::new().fg(Color::Green),
        Standing::Watch => Style::new().fg(Color::Yellow),
        Standing::Wrong => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

/// A text, whoever sent what is in it.
fn said(text: &Text, lang: Lang) -> String {
    visible(text.get(lang)).into_owned()
}

/// As much of a text as there is room for.
fn shortened(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if short.width() + 2 > room {
            break;
        }
        short.push(letter);
    }
    short + "…"
}

#[cfg(test)]
mod tests;
