//! A chart drawn as SVG: exact numbers beside the bars, and a unit that has not
//! reported looks different from one that reports 0.

use std::fmt::Write as _;

use super::document::Chart;
use super::numbers;
use crate::text::Lang;
use crate::text::safe::markup;

/// All sizes in units of the view box, which are CSS pixels at full size.
const WIDTH: i128 = 660;
const LABELS: i128 = 168;
const BARS: i128 = 410;
const ROW: i128 = 27;
const TOP: i128 = 30;

/// Colours on white paper, each at least 4.5 : 1 against it; a page may set
/// others by the class names.
pub(super) const FIRST: &str = "#1d4e79";
const SECOND: &str = "#a8470a";
pub(super) const INK: &str = "#1b1b1b";
pub(super) const FAINT: &str = "#5a5a5a";

/// The head of a chart of that class, whose parts are named by that id, with what it is for those who do not see it.
pub(super) fn begun(
    (class, id): (&str, &str),
    (width, height): (i128, i128),
    title: &str,
    description: &str,
) -> String {
    format!(
        "<svg class=\"{class}\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-size=\"12\">\n<title id=\"{id}-title\">{}</title>\n\
         <desc id=\"{id}-desc\">{}</desc>\n<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\" \
         patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"chart-hatch\" d=\"M0 0V6\" \
         stroke=\"{FAINT}\" stroke-width=\"2\"/></pattern></defs>\n",
        markup(title),
        markup(description)
    )
}

/// The chart, as an `svg` element to stand in a page.
pub fn drawn(chart: &Chart, lang: Lang) -> String {
    let bars = &chart.bars;
    let max = bars.iter().filter_map(|bar| bar.values).flatten().max().unwrap_or(0).max(1);
    let height = TOP + ROW * bars.len() as i128 + 6;
    let mut svg = begun(("chart", "chart"), (WIDTH, height), &chart.title, &chart.description);
    legend(&mut svg, chart);
    let _ = writeln!(svg, "<path class=\"chart-axis\" d=\"M{LABELS} {}V{}\" stroke=\"{FAINT}\"/>", TOP - 2, height - 4);
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * index as i128;
        let _ = writeln!(
            svg,
            "<text class=\"chart-ink\" x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"{INK}\">{}</text>",
            LABELS - 8,
            y + 15,
            markup(&bar.label)
        );
        match bar.values {
            Some(values) => {
                strip(&mut svg, ("chart-first", FIRST), (y + 2, 10), values[0], max, lang);
                strip(&mut svg, ("chart-second", SECOND), (y + 15, 6), values[1], max, lang);
            }
            None => {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{}\" y=\"{}\" width=\"60\" height=\"14\" fill=\"url(#chart-hatch)\"/>\
                     <text class=\"chart-faint\" x=\"{}\" y=\"{}\" fill=\"{FAINT}\">{}</text>",
                    LABELS + 1,
                    y + 5,
                    LABELS + 68,
                    y + 16,
                    markup(&chart.missing)
                );
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, chart: &Chart) {
    let entries = [("chart-first", FIRST, 10, 6), ("chart-second", SECOND, 6, 9)];
    for (index, (class, colour, height, y)) in entries.into_iter().enumerate() {
        let x = LABELS + 1 + 190 * index as i128;
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"22\" height=\"{height}\" fill=\"{colour}\"/>\
             <text class=\"chart-ink\" x=\"{}\" y=\"16\" fill=\"{INK}\">{}</text>",
            x + 28,
            markup(&chart.series[index])
        );
    }
}

/// A bar with its number; of 0 the number alone.
fn strip(
    svg: &mut String,
    (class, colour): (&str, &str),
    (y, height): (i128, i128),
    value: i128,
    max: i128,
    lang: Lang,
) {
    let tenths = value.max(0) * BARS * 10 / max;
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{y}\" width=\"{}.{}\" height=\"{height}\" fill=\"{colour}\"/>\
         <text class=\"chart-ink\" x=\"{}\" y=\"{}\" font-size=\"10\" fill=\"{INK}\">{}</text>",
        tenths / 10,
        tenths % 10,
        LABELS + tenths / 10 + 5,
        y + height - (height - 7) / 2,
        numbers::grouped(value, lang)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Bar;

    fn chart(bars: &[Bar]) -> String {
        let chart = Chart {
            caption: String::new(),
            title: "Giám sát & vụ việc".into(),
            description: "Ba đơn vị.".into(),
            series: ["Cuộc giám sát".into(), "Vụ có dấu hiệu vi phạm".into()],
            bars: bars.to_vec(),
            missing: "chưa báo cáo".into(),
            note: String::new(),
        };
        drawn(&chart, Lang::Vi)
    }

    #[test]
    fn a_unit_that_reports_zero_and_one_that_does_not_report_look_different() {
        let bar = |label: &str, values| Bar { label: label.into(), values };
        let svg = chart(&[
            bar("Huyện Chương Mỹ", Some([1_234, 7])),
            bar("Thị xã Sơn Tây", Some([0, 0])),
            bar("Phường Bưởi <ưỡ ẵ ỷ>", None),
        ]);
        insta::assert_snapshot!(svg);
    }

    #[test]
    fn the_longest_bar_fills_the_width_whatever_the_numbers() {
        let svg = chart(&[Bar { label: "A".into(), values: Some([i64::MAX.into(), 1]) }]);
        assert!(svg.contains(&format!("width=\"{BARS}.0\"")), "{svg}");
    }

    #[test]
    fn every_colour_stands_out_from_white_paper() {
        // Relative luminance and contrast as WCAG 2 defines them.
        let luminance = |colour: &str| {
            let part = |at: usize| {
                let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        for colour in [FIRST, SECOND, INK, FAINT] {
            assert!(1.05 / (luminance(colour) + 0.05) >= 4.5, "{colour}");
        }
    }
}
