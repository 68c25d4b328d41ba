//! Tables without lines between columns: a heading, a rule, and cells that break into lines where the width ends.
//!
//! Our own: `comfy-table` takes colours only together with a whole terminal library, and the cells here need no more
//! than a width each.

use unicode_width::UnicodeWidthStr;

use super::text::{Paint, Role, wrap};

const GAP: usize = 2;

/// A table; rows have as many cells as there are columns.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    /// Empty in all columns: the table has no heading.
    pub(super) title: &'static str,
    pub(super) align: Align,
    /// Whether its cells may break into several lines when room is short.
    pub(super) wraps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

pub(super) type Row = Vec<Cell>;

/// Text (`\n` begins a new line) and what it is.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) role: Role,
}

impl Table {
    /// Writes the table in lines of at most `width` columns.
    pub(super) fn write(&self, paint: Paint, width: usize, out: &mut String) {
        let widths = self.widths(width);
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let titles = self.columns.iter();
            let titles = titles.map(|column| Cell { text: column.title.to_owned(), role: Role::Title });
            self.write_row(&titles.collect(), &widths, paint, out);
            let rule = "─".repeat(widths.iter().sum::<usize>() + GAP * (widths.len() - 1));
            out.push_str(&paint.in_role(Role::Quiet, &rule));
            out.push('\n');
        }
        for row in &self.rows {
            self.write_row(row, &widths, paint, out);
        }
    }

    fn write_row(&self, row: &Row, widths: &[usize], paint: Paint, out: &mut String) {
        let cells = row.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, *width)).collect::<Vec<_>>();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for index in 0..height {
            // Blanks are owed until a letter follows, so that no line ends with them.
            let mut owed = 0;
            for (((lines, width), cell), column) in cells.iter().zip(widths).zip(row).zip(&self.columns) {
                let text = lines.get(index).map_or("", String::as_str);
                let spare = width.saturating_sub(text.width());
                let (before, behind) = if column.align == Align::Right { (spare, 0) } else { (0, spare) };
                owed += before;
                if !text.is_empty() {
                    out.extend(std::iter::repeat_n(' ', owed));
                    out.push_str(&paint.in_role(cell.role, text));
                    owed = 0;
                }
                owed += behind + GAP;
            }
            out.push('\n');
        }
    }

    /// Columns take what their widest line needs; where that is too much, the columns that wrap share what is left.
    fn widths(&self, width: usize) -> Vec<usize> {
        let gaps = GAP * self.columns.len().saturating_sub(1);
        let room = width.saturating_sub(gaps);
        let mut widths = (0..self.columns.len()).map(|index| self.natural(index)).collect::<Vec<_>>();
        // Numbers in absurd sizes may not push the sentences out of the table.
        for (width, column) in widths.iter_mut().zip(&self.columns).filter(|(_, column)| !column.wraps) {
            *width = (*width).min(room / 5).max(column.title.width());
        }
        let mut shared = (0..widths.len()).filter(|index| self.columns[*index].wraps).collect::<Vec<_>>();
        let mut left =
            room.saturating_sub(widths.iter().enumerate().filter(|(i, _)| !shared.contains(i)).map(|(_, w)| w).sum());
        // The narrow ones first: what they leave over goes to the wider ones.
        shared.sort_by_key(|index| widths[*index]);
        for (place, index) in shared.iter().enumerate() {
            let share = left / (shared.len() - place);
            widths[*index] = widths[*index].min(share);
            left -= widths[*index];
        }
        widths
    }

    fn natural(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let lines = cells.flat_map(|cell| cell.text.lines());
        lines.map(UnicodeWidthStr::width).fold(self.columns[column].title.width(), usize::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::terminal::Style;

    #[test]
    fn numbers_stand_right_and_sentences_wrap() {
        let columns = vec![
            Column { title: "pods", align: Align::Right, wraps: false },
            Column { title: "because", align: Align::Left, wraps: true },
        ];
        let cell = |text: &str| Cell { text: text.to_owned(), role: Role::Text };
        let rows = vec![vec![cell("8"), cell("the rate rule allows it")], vec![cell("12"), cell("held")]];
        let mut out = String::new();
        Table { columns, rows }.write(Paint(Style::Plain), 20, &mut out);
        let lines = out.lines().collect::<Vec<_>>();
        assert_eq!(
            lines,
            ["pods  because", "────────────────────", "   8  the rate rule", "      allows it", "  12  held",]
        );
    }
}
