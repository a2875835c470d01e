//! Tables for people.

use comfy_table::{ContentArrangement, Table as Grid, presets};

use super::escape::escape;

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

    /// The text, each line ended. Long cells are folded to the width, where there is one.
    pub(super) fn render(&self, width: Option<u16>) -> String {
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING)
            .set_header(self.headings.clone())
            .add_rows(self.rows.clone());
        match width {
            Some(width) => {
                grid.set_content_arrangement(ContentArrangement::Dynamic)
                    .set_width(width);
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
}
