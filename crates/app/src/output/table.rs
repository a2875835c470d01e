//! Tables for people.

use comfy_table::{ColumnConstraint, ContentArrangement, Table as Grid, presets};

use super::escape::escape;

#[cfg(test)]
mod tests;

/// A table without lines: a heading and rows.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Every cell is escaped.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| escape(cell.as_ref()))
                .collect(),
        );
    }

    /// Whether it has no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, each line ended. Where there is a width, what can be looked up otherwise is left out first, then long cells are folded;
    /// an id never is: it has to be copied.
    pub(super) fn render(&self, width: Option<u16>) -> String {
        let mut grid = Grid::new();
        let shown = self.columns(width);
        let pick = |row: &[String]| -> Vec<String> {
            shown
                .iter()
                .filter_map(|column| row.get(*column).cloned())
                .collect()
        };
        grid.load_style(presets::NOTHING)
            .set_header(shown.iter().filter_map(|column| self.headings.get(*column)))
            .add_rows(self.rows.iter().map(|row| pick(row)));
        match width {
            Some(width) => {
                grid.set_content_arrangement(ContentArrangement::Dynamic)
                    .set_width(width);
                let id = shown
                    .iter()
                    .position(|column| self.headings.get(*column) == Some(&"ID"));
                if let Some(column) = id.and_then(|id| grid.column_mut(id)) {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
            None => {
                grid.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        grid.lines().fold(String::new(), |mut text, line| {
            text.push_str(line.strip_prefix(" ").unwrap_or(&line).trim_end());
            text.push('\n');
            text
        })
    }

    /// The columns that are shown, by their place.
    fn columns(&self, width: Option<u16>) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.headings.len()).collect();
        let Some(width) = width.map(usize::from) else {
            return shown;
        };
        if !self.headings.contains(&"ID") {
            return shown;
        }
        for heading in ["CREATED", "INTENT"] {
            let needed: usize = shown.iter().map(|column| self.needs(*column)).sum();
            if needed <= width {
                break;
            }
            shown.retain(|column| self.headings.get(*column) != Some(&heading));
        }
        shown
    }

    /// The width that a column wants, with the blanks around it; a text that folds well is content with less.
    fn needs(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        let heading = self.headings.get(column).copied().unwrap_or_default();
        let wanted = match heading {
            "INTENT" => longest.min(24),
            _ => longest,
        };
        wanted.max(heading.len()) + 2
    }
}
