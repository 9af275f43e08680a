//! A small chart of the last hours: what it was highest in words beside it, and
//! what is not known looks different from 0.

use std::fmt::Write as _;

use super::svg::{FAINT, FIRST, INK, begun};
use crate::text::safe::markup;

/// All sizes in units of the view box, which are CSS pixels at full size.
const WIDTH: usize = 340;
const TOP: usize = 8;
const HEIGHT: usize = 64;
const BOTTOM: usize = TOP + HEIGHT;

/// A course of time in columns of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What it is called among those of a page.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// What one who does not see it should know.
    pub description: String,
    /// The times at its two ends.
    pub ends: [String; 2],
    /// Each column; `None` of what is not known.
    pub columns: Vec<Option<f64>>,
    /// How many columns at its beginning lie before anything was known.
    pub before: usize,
}

/// The chart, as an `svg` element to stand in a page.
pub fn drawn(chart: &Timeline) -> String {
    let id = chart.id;
    let max = chart.columns.iter().flatten().copied().fold(0.0, f64::max);
    let size = (WIDTH as i128, (BOTTOM + 18) as i128);
    let mut svg = begun(("timeline", id), size, &chart.title, &chart.description);
    let count = chart.columns.len().max(1);
    let edge = |index: usize| index * WIDTH / count;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut bars = String::new();
    for (index, column) in chart.columns.iter().enumerate().skip(chart.before) {
        match column {
            Some(value) if max > 0.0 && *value > 0.0 => {
                let height = ((value / max * HEIGHT as f64).round() as usize).clamp(1, HEIGHT);
                let (x, width) = (edge(index), (edge(index + 1) - edge(index)).max(1));
                let _ = write!(bars, "M{x} {BOTTOM}v-{height}h{width}v{height}z");
            }
            Some(_) => {}
            None => match runs.last_mut() {
                Some((_, end)) if *end == index => *end = index + 1,
                _ => runs.push((index, index + 1)),
            },
        }
    }
    if !bars.is_empty() {
        let _ = writeln!(svg, "<path class=\"chart-first\" d=\"{bars}\" fill=\"{FIRST}\"/>");
    }
    for (from, to) in runs {
        let (x, width) = (edge(from), edge(to) - edge(from));
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{TOP}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"url(#{id}-hatch)\"/>"
        );
    }
    let _ = writeln!(svg, "<path class=\"chart-axis\" d=\"M0 {BOTTOM}H{WIDTH}\" stroke=\"{FAINT}\"/>");
    for (end, x, anchor) in [(&chart.ends[0], 0, "start"), (&chart.ends[1], WIDTH, "end")] {
        let _ = writeln!(
            svg,
            "<text class=\"chart-ink\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"{INK}\">{}</text>",
            BOTTOM + 14,
            markup(end)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_hatched_zero_is_empty_and_before_it_began_there_is_nothing() {
        let drawn = drawn(&Timeline {
            id: "lag",
            title: "Chậm <so với> nhật ký".into(),
            description: "Từ 14:00 đến 20:00.".into(),
            ends: ["14:00".into(), "20:00".into()],
            columns: vec![None, None, Some(0.0), Some(1.0), None, None, Some(2.0), None],
            before: 2,
        });
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn nothing_at_all_is_no_division_by_zero() {
        let drawn = drawn(&Timeline {
            id: "lag",
            title: String::new(),
            description: String::new(),
            ends: Default::default(),
            columns: vec![Some(0.0), None],
            before: 0,
        });
        assert!(!drawn.contains("NaN") && !drawn.contains("chart-first"), "{drawn}");
    }
}
