//! Two plots over one time axis: load, and pods as steps, with a mark under every scaling.
//!
//! A line is what was wanted (requests offered, pods wanted), the grey area below it what was there (requests served,
//! pods ready): a white gap between both is trouble, and needs no colour to be seen.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Color;
use ratatui_core::symbols::Marker;
use ratatui_core::widgets::Widget;
use ratatui_widgets::canvas::{Canvas, Context, Points};
use unicode_width::UnicodeWidthStr;

use super::text::{Paint, Role};
use crate::report::axis::{self, Axis};
use crate::report::number::{clock, tick};
use crate::report::words::Words;
use crate::simulate::run::{Run, Sample};

/// Columns left of the axis, for its labels.
const LABELS: usize = 8;

/// Writes both plots and their time axis.
pub(super) fn plots(run: &Run, paint: Paint, width: usize, out: &mut String) {
    let field = Field { columns: width - LABELS - 1, span: axis::span(run) };
    let offered = |sample: &Sample| sample.offered;
    let served = |sample: &Sample| sample.served;
    let load = run.samples.iter().flat_map(|sample| [sample.offered, sample.served]);
    let words = Words::of(run);
    let load_title = format!("load, {} per second", words.requests);
    field.heading(&load_title, [("offered", Role::Offered), ("served", Role::Served)], paint, out);
    field.plot(&run.samples, Axis::over(load, 5), (offered, Role::Offered), (served, Role::Served), paint, out);
    field.ground(None, out);
    out.push('\n');
    let wanted = |sample: &Sample| f64::from(sample.wanted);
    let ready = |sample: &Sample| f64::from(sample.ready);
    let pods = run.samples.iter().flat_map(|sample| [sample.wanted, sample.ready]).map(f64::from);
    field.heading(words.replicas, [(words.wanted, Role::Wanted), ("ready", Role::Ready)], paint, out);
    field.plot(&run.samples, Axis::over_counts(pods, 5), (wanted, Role::Wanted), (ready, Role::Ready), paint, out);
    field.ground(Some(run), out);
    field.times(paint, out);
}

/// The room of a plot right of its axis.
struct Field {
    columns: usize,
    span: u32,
}

type Series = (fn(&Sample) -> f64, Role);

impl Field {
    fn heading(&self, title: &str, [line, area]: [(&str, Role); 2], paint: Paint, out: &mut String) {
        let legend_width = "⠒⠒ ".width() + line.0.width() + 3 + "⢕⢕ ".width() + area.0.width();
        let spare = (self.columns + LABELS + 1).saturating_sub(title.width() + legend_width);
        out.push_str(&paint.in_role(Role::Title, title));
        out.extend(std::iter::repeat_n(' ', spare));
        out.push_str(&paint.in_role(line.1, "⠒⠒"));
        out.push_str(&format!(" {}   ", line.0));
        out.push_str(&paint.in_role(area.1, "⢕⢕"));
        out.push_str(&format!(" {}\n", area.0));
    }

    fn plot(&self, samples: &[Sample], axis: Axis, line: Series, area: Series, paint: Paint, out: &mut String) {
        // Two rows to a step (four where steps are few): labels stand at equal distances.
        let steps = axis.steps() as usize;
        let rows = steps * if steps < 3 { 4 } else { 2 } + 1;
        let dots = Dots { columns: self.columns * 2, rows: rows * 4 };
        let areas = self.extents(samples, area.0, dots.columns);
        let lines = self.extents(samples, line.0, dots.columns);
        let area_dots = dots.shaded(&areas, axis);
        let line_dots = dots.drawn(&lines, axis);
        let bounds = Rect::new(0, 0, self.columns as u16, rows as u16);
        let mut buffer = Buffer::empty(bounds);
        let draw = |context: &mut Context| {
            context.draw(&Points { coords: &area_dots, color: AREA });
            context.draw(&Points { coords: &line_dots, color: LINE });
        };
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds([0.0, (dots.columns - 1) as f64])
            .y_bounds([0.0, (dots.rows - 1) as f64])
            .paint(draw)
            .render(bounds, &mut buffer);
        let mut labels = vec![String::new(); rows];
        for value in axis.ticks() {
            let dot = axis.share(value).map_or(0, |share| dots.height(share));
            labels[rows - 1 - dot / 4] = tick(value);
        }
        for (row, label) in labels.iter().enumerate() {
            let spare = (LABELS - 1).saturating_sub(label.width());
            out.extend(std::iter::repeat_n(' ', spare));
            out.push_str(label);
            out.push_str(if label.is_empty() { " │" } else { " ┤" });
            self.write_row(&buffer, row, line.1, area.1, paint, out);
        }
    }

    /// One row of the canvas, cells of one colour painted together.
    fn write_row(&self, buffer: &Buffer, row: usize, line: Role, area: Role, paint: Paint, out: &mut String) {
        let cells = (0..self.columns).map(|column| {
            let cell = &buffer[(column as u16, row as u16)];
            let role = match cell.fg {
                LINE => line,
                AREA => area,
                _ => Role::Text,
            };
            // An empty pattern is no letter: a line must not end with it.
            (role, if cell.symbol() == "\u{2800}" { " " } else { cell.symbol() })
        });
        let cells = cells.collect::<Vec<_>>();
        let drawn = cells.iter().rposition(|(_, symbol)| *symbol != " ").map_or(0, |last| last + 1);
        for group in cells[..drawn].chunk_by(|left, right| left.0 == right.0) {
            let text = group.iter().map(|(_, symbol)| *symbol).collect::<String>();
            out.push_str(&paint.in_role(group[0].0, &text));
        }
        out.push('\n');
    }

    /// The axis below: ticks of time, and ▲ ▼ where the number of pods changed.
    fn ground(&self, marks: Option<&Run>, out: &mut String) {
        let mut ground = vec!['─'; self.columns];
        for at in self.ticks() {
            ground[self.column(at, self.columns)] = '┬';
        }
        for sync in marks.iter().flat_map(|run| &run.syncs).filter(|sync| sync.from != sync.to) {
            let place = &mut ground[self.column(sync.at_s, self.columns)];
            let mark = if sync.to > sync.from { '▲' } else { '▼' };
            // Up and down in one column: both.
            *place = if matches!(*place, '─' | '┬') || *place == mark { mark } else { '◆' };
        }
        out.extend(std::iter::repeat_n(' ', LABELS));
        out.push('└');
        out.extend(ground);
        out.push('\n');
    }

    fn times(&self, paint: Paint, out: &mut String) {
        let mut text = String::new();
        let mut columns = 0;
        for at in self.ticks() {
            let label = clock(at);
            let centred = (LABELS + 1 + self.column(at, self.columns)).saturating_sub(label.width() / 2);
            let start = centred.min((LABELS + 1 + self.columns).saturating_sub(label.width()));
            if start < columns + usize::from(columns > 0) {
                continue;
            }
            text.extend(std::iter::repeat_n(' ', start - columns));
            text.push_str(&label);
            columns = start + label.width();
        }
        out.push_str(&paint.in_role(Role::Quiet, &text));
        out.push('\n');
    }

    fn ticks(&self) -> impl Iterator<Item = u32> {
        axis::times(self.span, (self.columns / 11).max(1) as u32)
    }

    /// In which of so many columns a second stands.
    fn column(&self, at_s: u32, columns: usize) -> usize {
        let share = f64::from(at_s) / f64::from(self.span);
        ((share * (columns - 1) as f64).round() as usize).min(columns - 1)
    }

    /// The lowest and highest value in every column of dots; a value holds until the next sample.
    fn extents(&self, samples: &[Sample], value: fn(&Sample) -> f64, columns: usize) -> Vec<Option<(f64, f64)>> {
        let mut extents = vec![None; columns];
        let mut held: Option<(usize, f64)> = None;
        for sample in samples {
            let column = self.column(sample.at_s, columns);
            if let Some((from, value)) = held {
                // The value before also stands in this column: the line is connected.
                for extent in extents.iter_mut().take(column + 1).skip(from) {
                    widen(extent, value);
                }
            }
            let value = value(sample);
            held = value.is_finite().then_some((column, value));
            if let Some((column, value)) = held {
                widen(&mut extents[column], value);
            }
        }
        extents
    }
}

// The canvas knows colours only; these two stand for the roles.
const LINE: Color = Color::Yellow;
const AREA: Color = Color::Blue;

/// The grid of braille dots: two across and four up in every letter.
struct Dots {
    columns: usize,
    rows: usize,
}

impl Dots {
    fn height(&self, share: f64) -> usize {
        (share * (self.rows - 1) as f64).round() as usize
    }

    /// Every dot between the lowest and the highest value of a column.
    fn drawn(&self, extents: &[Option<(f64, f64)>], axis: Axis) -> Vec<(f64, f64)> {
        let mut dots = Vec::new();
        for (column, extent) in extents.iter().enumerate() {
            let Some((low, high)) = extent.and_then(|(low, high)| axis.share(low).zip(axis.share(high))) else {
                continue;
            };
            dots.extend((self.height(low)..=self.height(high)).map(|row| (column as f64, row as f64)));
        }
        dots
    }

    /// Every other dot below the lowest value: grey, so that a line on it is seen.
    fn shaded(&self, extents: &[Option<(f64, f64)>], axis: Axis) -> Vec<(f64, f64)> {
        let mut dots = Vec::new();
        for (column, extent) in extents.iter().enumerate() {
            let Some(low) = extent.and_then(|(low, _)| axis.share(low)) else {
                continue;
            };
            let rows = (0..=self.height(low)).filter(|row| (row + column) % 2 == 0);
            dots.extend(rows.map(|row| (column as f64, row as f64)));
        }
        dots
    }
}

fn widen(extent: &mut Option<(f64, f64)>, value: f64) {
    let (low, high) = extent.unwrap_or((value, value));
    *extent = Some((low.min(value), high.max(value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_dip_and_a_short_peak_are_both_seen() {
        let sample = |at_s, offered| Sample { at_s, offered, ..Sample::default() };
        let samples = [sample(0, 5.0), sample(500, 1.0), sample(501, 9.0), sample(502, 5.0), sample(1_000, 5.0)];
        let field = Field { columns: 10, span: 1_000 };
        let extents = field.extents(&samples, |sample| sample.offered, 20);
        assert_eq!(extents.iter().filter(|extent| **extent == Some((5.0, 5.0))).count(), 19);
        assert!(extents.contains(&Some((1.0, 9.0))));
    }

    #[test]
    fn what_is_no_number_leaves_a_gap() {
        let sample = |at_s, offered| Sample { at_s, offered, ..Sample::default() };
        let samples = [sample(0, 5.0), sample(250, f64::NAN), sample(750, 5.0)];
        let field = Field { columns: 10, span: 1_000 };
        let extents = field.extents(&samples, |sample| sample.offered, 20);
        assert!(extents[6..13].iter().all(Option::is_none), "{extents:?}");
        assert!(extents[0].is_some() && extents[14].is_some());
    }
}
